// MITRE ATLAS: AML.T0010.005, AML.T0053 - MCP Context Injection
dataset = xdr_data
| filter event_type = NETWORK
| filter action_http_request_body ~= "(?i)(mcp.*context|context.*update)"
| filter action_http_request_body ~= "(?i)(<script|javascript:|eval\(|exec\()"
| filter action_http_request_body ~= "(?i)(system|shell|command)"
| fields _time, action_remote_hostname, action_http_request_body,
        actor_process_image_name, actor_primary_user_sid
| sort desc _time
