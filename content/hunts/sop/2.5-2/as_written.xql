# MITRE ATLAS: ATLAS-LLM-05 - MCP Context Injection
dataset = xdr_data
| filter event_type = NETWORK
| filter action_http_request_body regex "(?i)(mcp.*context|context.*update)"
| filter action_http_request_body regex "(?i)(<script|javascript:|eval\(|exec\()"
| filter action_http_request_body regex "(?i)(system|shell|command)"
| fields event_time_ts, action_remote_hostname, action_http_request_body,
        actor_process_image_name, actor_primary_user_sid
| sort event_time_ts desc
