// MITRE ATLAS: AML.T0110 - Tool Poisoning (MCP Registry)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "python", "python3*")
| filter action_process_command_line ~= "(?i)(mcp|model.*context.*protocol)"
| filter action_process_command_line ~= "(?i)(register.*tool|add.*function)"
| filter action_process_command_line ~= "(?i)(tool.*poison|malicious)"
| fields _time, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort desc _time
