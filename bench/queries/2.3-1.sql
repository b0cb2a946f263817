-- Unusual tool execution: more than 50 calls and 20 command lines an hour
SELECT bucket(_time) AS hour_start,
       action_process_image_name,
       actor_primary_user_sid,
       count(*) AS tool_calls,
       count(DISTINCT action_process_command_line) AS unique_tools,
       vals(action_process_command_line) AS command_lines
FROM xdr_data
WHERE event_type = 'PROCESS'
  AND (lower(action_process_image_name) IN ('python.exe', 'node.exe', 'bash.exe', 'python', 'node', 'bash') OR ci_starts(action_process_image_name, 'python3'))
  AND re(action_process_command_line, '(?i)(tool.*call|function.*invoke)')
GROUP BY hour_start, action_process_image_name, actor_primary_user_sid
HAVING tool_calls > 50 AND unique_tools > 20
ORDER BY tool_calls DESC
