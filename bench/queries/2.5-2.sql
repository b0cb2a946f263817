-- MCP context injection
SELECT _time, action_remote_hostname, action_http_request_body, actor_process_image_name, actor_primary_user_sid
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND re(action_http_request_body, '(?i)(mcp.*context|context.*update)')
  AND re(action_http_request_body, '(?i)(<script|javascript:|eval\(|exec\()')
  AND re(action_http_request_body, '(?i)(system|shell|command)')
ORDER BY _time DESC
