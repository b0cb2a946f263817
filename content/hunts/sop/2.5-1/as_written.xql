# MITRE ATLAS: ATLAS-LLM-05 - MCP Protocol Manipulation
# Tactic: Initial Access / Lateral Movement
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_port in (8000, 8080, 3000, 5000)
| filter action_network_protocol = "TCP"
| filter action_http_user_agent regex "(?i)(mcp|model.*context)"
| comp count() by action_remote_ip, action_local_ip as mcp_connections
| filter mcp_connections > 10
| fields event_time_ts, action_remote_ip, action_local_ip, action_remote_port,
        actor_process_image_name, mcp_connections
| sort mcp_connections desc
