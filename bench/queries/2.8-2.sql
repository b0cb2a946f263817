-- Rapid inference requests: more than 100 an hour of 10 KB on average
SELECT bucket(_time) AS hour_start,
       action_local_ip,
       actor_primary_user_sid,
       count(*) AS inference_requests,
       avg(action_network_bytes_out) AS avg_request_size
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND (ci_ends(action_remote_hostname, '.openai.com')
       OR ci_ends(action_remote_hostname, '.openai.azure.com'))
  AND action_remote_port = 443
GROUP BY hour_start, action_local_ip, actor_primary_user_sid
HAVING inference_requests > 100 AND avg_request_size > 10240
ORDER BY inference_requests DESC
