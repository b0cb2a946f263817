# MITRE ATLAS: ATLAS-ML-04 - Model Theft (Access Patterns)
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path regex "(?i)(\.pkl|\.h5|\.pb|\.onnx|\.pt|\.pth)"
| filter action_file_operation = "FILE_READ"
| comp count() by actor_primary_user_sid, action_file_path as model_accesses
| filter model_accesses > 5
| fields event_time_ts, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, model_accesses
| sort model_accesses desc
