// MITRE ATLAS: AML.T0024.002, AML.T0025, AML.T0035 - Model Theft (Exports)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "python", "python3*")
| filter action_process_command_line ~= "(?i)(export|save|dump|serialize)"
| filter action_process_command_line ~= "(?i)(\.pkl|\.h5|\.pb|\.onnx|\.pt)"
| filter action_process_command_line ~= "(?i)(model|weights|checkpoint)"
| fields _time, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort desc _time
