// MITRE ATLAS: AML.T0051 - Prompt Injection (Encoded)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "python", "python3*")
| filter action_process_command_line ~= "(?i)(base64|b64|encode)"
| filter action_process_command_line ~= "(?i)(openai|anthropic|claude|gpt)"
| bin _time span = 1h
| comp count() as injection_count,
        values(action_process_command_line) as action_process_command_line
        by actor_primary_user_sid, action_process_image_name, _time
| filter injection_count > 3
| fields _time, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, injection_count
| sort desc _time
