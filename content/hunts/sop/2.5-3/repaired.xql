// MITRE ATLAS: AML.T0010.005, AML.T0053 - MCP Tool Registration Abuse
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "python", "python3*")
| filter action_process_command_line ~= "(?i)(mcp.*register|register.*tool)"
| filter action_process_command_line ~= "(?i)(@tool|@function)"
| bin _time span = 1h
| comp count() as tool_registrations,
        values(action_process_image_name) as action_process_image_name,
        values(action_process_command_line) as action_process_command_line
        by actor_primary_user_sid, _time
| filter tool_registrations > 5
| fields _time, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, tool_registrations
| sort desc tool_registrations
