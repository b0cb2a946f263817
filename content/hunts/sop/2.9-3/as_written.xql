# MITRE ATLAS: ATLAS-ML-04 - Model Theft (Exports)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name = "python.exe"
| filter action_process_command_line regex "(?i)(export|save|dump|serialize)"
| filter action_process_command_line regex "(?i)(\.pkl|\.h5|\.pb|\.onnx|\.pt)"
| filter action_process_command_line regex "(?i)(model|weights|checkpoint)"
| fields event_time_ts, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort event_time_ts desc
