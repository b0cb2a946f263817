# MITRE ATLAS: ATLAS-LLM-03 - Tool Confusion
# Tactic: Execution / Defense Evasion
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "node.exe", "bash.exe")
| filter action_process_command_line regex "(?i)(tool.*call|function.*invoke)"
| comp count() by action_process_image_name, actor_primary_user_sid as tool_calls
| filter tool_calls > 50
| comp distinct_count(action_process_command_line) by actor_primary_user_sid as unique_tools
| filter unique_tools > 20
| fields event_time_ts, action_process_image_name, actor_primary_user_sid,
        tool_calls, unique_tools, action_process_command_line
| sort tool_calls desc
