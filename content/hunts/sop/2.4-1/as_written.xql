# MITRE ATLAS: ATLAS-LLM-04 - Tool Shadowing
# Tactic: Persistence / Defense Evasion
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path like "%/tools/%"
| filter action_file_path like "%.py"
| comp count() by action_file_path as file_count
| filter file_count > 1
| fields event_time_ts, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, file_count
| sort file_count desc
