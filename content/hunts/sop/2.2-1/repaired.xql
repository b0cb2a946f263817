// MITRE ATLAS: AML.T0110 - Tool Poisoning
// Tactic: Persistence
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path in ("*/tools/*", "*/functions/*")
| filter action_file_path = "*.py"
| filter action_file_operation = "FILE_WRITE"
| filter action_file_path not contains "/venv/"
| filter action_file_path not contains "/node_modules/"
| fields _time, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, action_file_hash
| sort desc _time
