-- Rapid API calls: more than 100 calls and 10 MB an hour per address and user
SELECT bucket(_time) AS hour_start,
       action_local_ip,
       actor_primary_user_sid,
       count(*) AS api_call_count,
       sum(action_network_bytes_out) AS total_bytes,
       vals(action_remote_hostname) AS hosts
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND (ci_ends(action_remote_hostname, '.openai.com')
       OR ci_ends(action_remote_hostname, '.openai.azure.com'))
  AND action_remote_port = 443
GROUP BY hour_start, action_local_ip, actor_primary_user_sid
HAVING api_call_count > 100 AND total_bytes > 10485760
ORDER BY api_call_count DESC
