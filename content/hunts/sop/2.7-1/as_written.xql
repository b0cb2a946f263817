# MITRE ATLAS: ATLAS-ML-02 - Model Poisoning
# Tactic: Persistence / Impact
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path regex "(?i)(\.pkl|\.h5|\.pb|\.onnx|\.pt|\.pth|\.ckpt)"
| filter action_file_operation = "FILE_WRITE"
| filter action_file_path like "%/models/%"
| filter action_file_path like "%/checkpoints/%"
| comp count() by actor_primary_user_sid, action_file_path as model_modifications
| filter model_modifications > 3
| fields event_time_ts, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, action_file_hash
| sort event_time_ts desc
