# MITRE ATLAS: ATLAS-LLM-01 - Prompt Injection (Encoded)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name = "python.exe"
| filter action_process_command_line regex "(?i)(base64|b64|encode)"
| filter action_process_command_line regex "(?i)(openai|anthropic|claude|gpt)"
| comp count() by actor_primary_user_sid, action_process_image_name as injection_count
| filter injection_count > 3
| fields event_time_ts, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, injection_count
| sort event_time_ts desc
