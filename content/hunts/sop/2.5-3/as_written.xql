# MITRE ATLAS: ATLAS-LLM-05 - MCP Tool Registration Abuse
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name = "python.exe"
| filter action_process_command_line regex "(?i)(mcp.*register|register.*tool)"
| filter action_process_command_line regex "(?i)(@tool|@function)"
| comp count() by actor_primary_user_sid as tool_registrations
| filter tool_registrations > 5
| fields event_time_ts, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, tool_registrations
| sort tool_registrations desc
