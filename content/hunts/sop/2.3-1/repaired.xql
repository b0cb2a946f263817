// MITRE ATLAS: AML.T0053 - Tool Confusion
// Tactic: Execution
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "node.exe", "bash.exe", "python", "python3*", "node", "bash")
| filter action_process_command_line ~= "(?i)(tool.*call|function.*invoke)"
| bin _time span = 1h
| comp count() as tool_calls,
        count_distinct(action_process_command_line) as unique_tools,
        values(action_process_command_line) as action_process_command_line
        by action_process_image_name, actor_primary_user_sid, _time
| filter tool_calls > 50
| filter unique_tools > 20
| fields _time, action_process_image_name, actor_primary_user_sid,
        tool_calls, unique_tools, action_process_command_line
| sort desc tool_calls
