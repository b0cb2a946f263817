-- Rapid tool switching: more than 30 an hour per address and user
SELECT bucket(_time) AS hour_start,
       action_local_ip,
       actor_primary_user_sid,
       count(*) AS tool_switches,
       vals(action_remote_hostname) AS hosts
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND (ci_ends(action_remote_hostname, '.openai.com')
       OR ci_ends(action_remote_hostname, '.openai.azure.com'))
  AND re(action_http_request_body, '(?i)(tool_choice|function_call)')
GROUP BY hour_start, action_local_ip, actor_primary_user_sid
HAVING tool_switches > 30
ORDER BY tool_switches DESC
