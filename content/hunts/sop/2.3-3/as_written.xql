# MITRE ATLAS: ATLAS-LLM-03 - Tool Confusion (Name Spoofing)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name = "python.exe"
| filter action_process_command_line regex "(?i)(tool.*name|function.*name)"
| filter action_process_command_line regex "(?i)(spoof|impersonate|mimic)"
| filter action_process_command_line regex "(?i)(os\.|subprocess\.|eval\(|exec\()"
| fields event_time_ts, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort event_time_ts desc
