-- Suspicious data injection patterns: more than 20 an hour per user
SELECT bucket(_time) AS hour_start,
       actor_primary_user_sid,
       count(*) AS data_operations,
       vals(action_process_image_name) AS images,
       vals(action_process_command_line) AS command_lines
FROM xdr_data
WHERE event_type = 'PROCESS'
  AND (lower(action_process_image_name) IN ('python.exe', 'jupyter.exe', 'python', 'jupyter') OR ci_starts(action_process_image_name, 'python3'))
  AND re(action_process_command_line, '(?i)(pandas|numpy|tensorflow|pytorch)')
  AND re(action_process_command_line, '(?i)(append|concat|merge|insert)')
  AND re(action_process_command_line, '(?i)(\.csv|\.json|dataset)')
GROUP BY hour_start, actor_primary_user_sid
HAVING data_operations > 20
ORDER BY data_operations DESC
