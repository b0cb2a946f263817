# MITRE ATLAS: ATLAS-LLM-02 - Tool Poisoning
# Tactic: Persistence / Defense Evasion
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path like "%/tools/%"
| filter action_file_path like "%/functions/%"
| filter action_file_path like "%.py"
| filter action_file_operation = "FILE_WRITE"
| filter action_file_path not like "%/venv/%"
| filter action_file_path not like "%/node_modules/%"
| fields event_time_ts, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, action_file_hash
| sort event_time_ts desc
