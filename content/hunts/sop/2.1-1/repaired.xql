// MITRE ATLAS: AML.T0051 - Prompt Injection
// Tactic: Execution
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.openai.com", "*.anthropic.com", "*.googleapis.com", "*.openai.azure.com", "bedrock-runtime.*.amazonaws.com")
| filter action_network_protocol = "HTTPS"
| filter action_http_request_body contains "ignore previous"
// reviewed: one role marker is enough beside the override phrase; "#" alone is in every Markdown prompt
| filter action_http_request_body contains "system:" or action_http_request_body contains "#"
| fields _time, action_remote_hostname, action_http_request_body,
        actor_process_image_name, actor_primary_user_sid, action_local_ip
| sort desc _time
| limit 500
