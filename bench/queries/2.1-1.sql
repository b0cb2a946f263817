-- Suspicious prompt patterns: any of the providers, the override phrase and a role marker
SELECT _time, action_remote_hostname, action_http_request_body, actor_process_image_name, actor_primary_user_sid, action_local_ip
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND (ci_ends(action_remote_hostname, '.openai.com')
       OR ci_ends(action_remote_hostname, '.anthropic.com')
       OR ci_ends(action_remote_hostname, '.googleapis.com')
       OR ci_ends(action_remote_hostname, '.openai.azure.com')
       OR ci_like(action_remote_hostname, 'bedrock-runtime.%.amazonaws.com'))
  AND action_network_protocol = 'HTTPS'
  AND ci_contains(action_http_request_body, 'ignore previous')
  AND (ci_contains(action_http_request_body, 'system:') OR ci_contains(action_http_request_body, '#'))
ORDER BY _time DESC
LIMIT 500
