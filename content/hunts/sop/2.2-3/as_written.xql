# MITRE ATLAS: ATLAS-LLM-02 - Tool Poisoning (MCP Registry)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name = "python.exe"
| filter action_process_command_line regex "(?i)(mcp|model.*context.*protocol)"
| filter action_process_command_line regex "(?i)(register.*tool|add.*function)"
| filter action_process_command_line regex "(?i)(tool.*poison|malicious)"
| fields event_time_ts, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort event_time_ts desc
