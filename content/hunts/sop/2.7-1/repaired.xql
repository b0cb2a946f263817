// MITRE ATLAS: AML.T0018 - Model Poisoning
// Tactic: Persistence
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path ~= "(?i)(\.pkl|\.h5|\.pb|\.onnx|\.pt|\.pth|\.ckpt)$"
| filter action_file_operation = "FILE_WRITE"
| filter action_file_path in ("*/models/*", "*/checkpoints/*")
| bin _time span = 1h
| comp count() as model_modifications,
        values(action_file_operation) as action_file_operation,
        values(actor_process_image_name) as actor_process_image_name,
        values(action_file_hash) as action_file_hash
        by actor_primary_user_sid, action_file_path, _time
| filter model_modifications > 3
| fields _time, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, action_file_hash
| sort desc _time
