-- Base64 encoded prompt injection: more than 3 an hour per user and image
SELECT bucket(_time) AS hour_start,
       actor_primary_user_sid,
       action_process_image_name,
       count(*) AS injection_count,
       vals(action_process_command_line) AS command_lines
FROM xdr_data
WHERE event_type = 'PROCESS'
  AND (lower(action_process_image_name) IN ('python.exe', 'python') OR ci_starts(action_process_image_name, 'python3'))
  AND re(action_process_command_line, '(?i)(base64|b64|encode)')
  AND re(action_process_command_line, '(?i)(openai|anthropic|claude|gpt)')
GROUP BY hour_start, actor_primary_user_sid, action_process_image_name
HAVING injection_count > 3
ORDER BY hour_start DESC
