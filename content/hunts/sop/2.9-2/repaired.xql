// MITRE ATLAS: AML.T0024.002, AML.T0025, AML.T0035 - Model Theft (Access Patterns)
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path ~= "(?i)(\.pkl|\.h5|\.pb|\.onnx|\.pt|\.pth)$"
| filter action_file_operation = "FILE_READ"
| bin _time span = 1h
| comp count() as model_accesses,
        values(action_file_operation) as action_file_operation,
        values(actor_process_image_name) as actor_process_image_name
        by actor_primary_user_sid, action_file_path, _time
| filter model_accesses > 5
| fields _time, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, model_accesses
| sort desc model_accesses
