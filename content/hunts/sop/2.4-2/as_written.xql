# MITRE ATLAS: ATLAS-LLM-04 - Tool Shadowing (Name Variations)
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path like "%tool%"
| filter action_file_path like "%.py"
| filter action_file_path regex "(?i)(tool[_-]?[0-9]|tool[_-]?copy|tool[_-]?backup)"
| filter action_file_operation = "FILE_WRITE"
| fields event_time_ts, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid
| sort event_time_ts desc
