// MITRE ATLAS: AML.T0110.000, AML.T0074 - Tool Shadowing
// Tactic: Persistence / Defense Evasion
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path contains "/tools/"
| filter action_file_path = "*.py"
// reviewed: a duplicate is one file name in several folders; counting per path counts edits of one file
| filter action_file_name != "__init__.py"
| bin _time span = 1h
| comp count_distinct(action_file_path) as file_count,
        values(action_file_path) as action_file_path,
        values(action_file_operation) as action_file_operation,
        values(actor_process_image_name) as actor_process_image_name,
        values(actor_primary_user_sid) as actor_primary_user_sid
        by action_file_name, _time
| filter file_count > 1
| fields _time, action_file_name, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, file_count
| sort desc file_count
