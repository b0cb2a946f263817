-- Multi-stage attack chain: a tool prompt, then code execution by the same user within an hour
SELECT p._time AS event_time, n.action_remote_hostname, p.action_process_image_name, p.action_process_command_line, n.actor_primary_user_sid
FROM (
    SELECT _time, action_remote_hostname, actor_primary_user_sid
    FROM xdr_data
    WHERE event_type = 'NETWORK'
      AND (ci_ends(action_remote_hostname, '.openai.com')
       OR ci_ends(action_remote_hostname, '.openai.azure.com'))
      AND re(action_http_request_body, '(?i)(tool|function|execute)')
) AS n
INNER JOIN (
    SELECT _time, action_process_image_name, action_process_command_line, actor_primary_user_sid
    FROM xdr_data
    WHERE event_type = 'PROCESS'
      AND (lower(action_process_image_name) IN ('python.exe', 'python') OR ci_starts(action_process_image_name, 'python3'))
      AND re(action_process_command_line, '(?i)(exec|eval|subprocess)')
) AS p ON n.actor_primary_user_sid = p.actor_primary_user_sid
WHERE within_hour(n._time, p._time)
ORDER BY event_time DESC
