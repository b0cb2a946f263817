-- Unauthorized MCP server connections: more than 10 an hour per pair of addresses
SELECT bucket(_time) AS hour_start,
       action_remote_ip,
       action_local_ip,
       count(*) AS mcp_connections,
       vals(action_remote_port) AS ports,
       vals(actor_process_image_name) AS actors
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND action_remote_port IN (8000, 8080, 3000, 5000)
  AND action_network_protocol = 'TCP'
  AND re(action_http_user_agent, '(?i)(mcp|model.*context)')
GROUP BY hour_start, action_remote_ip, action_local_ip
HAVING mcp_connections > 10
ORDER BY mcp_connections DESC
