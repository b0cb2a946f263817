-- The template of section 4.2
SELECT _time, action_remote_hostname, action_http_request_body, actor_process_image_name, actor_primary_user_sid
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND (ci_ends(action_remote_hostname, '.openai.com')
       OR ci_ends(action_remote_hostname, '.openai.azure.com'))
  AND ci_contains(action_http_request_body, 'ignore previous')
ORDER BY _time DESC
