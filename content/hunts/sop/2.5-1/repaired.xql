// MITRE ATLAS: AML.T0010.005, AML.T0053 - MCP Protocol Manipulation
// Tactic: Initial Access / Lateral Movement
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_port in (8000, 8080, 3000, 5000)
| filter action_network_protocol = ENUM.TCP
| filter action_http_user_agent ~= "(?i)(mcp|model.*context)"
| bin _time span = 1h
| comp count() as mcp_connections,
        values(action_remote_port) as action_remote_port,
        values(actor_process_image_name) as actor_process_image_name
        by action_remote_ip, action_local_ip, _time
| filter mcp_connections > 10
| fields _time, action_remote_ip, action_local_ip, action_remote_port,
        actor_process_image_name, mcp_connections
| sort desc mcp_connections
