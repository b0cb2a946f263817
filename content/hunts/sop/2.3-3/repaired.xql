// MITRE ATLAS: AML.T0053 - Tool Confusion (Name Spoofing)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "python", "python3*")
| filter action_process_command_line ~= "(?i)(tool.*name|function.*name)"
| filter action_process_command_line ~= "(?i)(spoof|impersonate|mimic)"
| filter action_process_command_line ~= "(?i)(os\.|subprocess\.|eval\(|exec\()"
| fields _time, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort desc _time
