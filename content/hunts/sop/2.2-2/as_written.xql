# MITRE ATLAS: ATLAS-LLM-02 - Tool Poisoning (Function Modification)
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path like "%tool%"
| filter action_file_path like "%.py"
| filter action_file_operation = "FILE_WRITE"
| filter action_file_path like "%def %"
| filter action_file_path like "%exec(%"
| filter action_file_path like "%eval(%"
| filter action_file_path like "%subprocess%"
| fields event_time_ts, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid
| sort event_time_ts desc
