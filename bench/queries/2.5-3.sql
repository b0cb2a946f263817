-- MCP tool registration abuse: more than 5 an hour per user
SELECT bucket(_time) AS hour_start,
       actor_primary_user_sid,
       count(*) AS tool_registrations,
       vals(action_process_image_name) AS images,
       vals(action_process_command_line) AS command_lines
FROM xdr_data
WHERE event_type = 'PROCESS'
  AND (lower(action_process_image_name) IN ('python.exe', 'python') OR ci_starts(action_process_image_name, 'python3'))
  AND re(action_process_command_line, '(?i)(mcp.*register|register.*tool)')
  AND re(action_process_command_line, '(?i)(@tool|@function)')
GROUP BY hour_start, actor_primary_user_sid
HAVING tool_registrations > 5
ORDER BY tool_registrations DESC
