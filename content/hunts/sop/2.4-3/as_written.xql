# MITRE ATLAS: ATLAS-LLM-04 - Tool Shadowing (Import Manipulation)
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path like "%/__init__.py"
| filter action_file_operation = "FILE_WRITE"
| filter action_file_path like "%/tools/%"
| fields event_time_ts, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid
| sort event_time_ts desc
