# MITRE ATLAS: ATLAS-LLM-01 - Prompt Injection
# Tactic: Initial Access / Execution
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.openai.com"
| filter action_remote_hostname like "%.anthropic.com"
| filter action_remote_hostname like "%.googleapis.com"
| filter action_network_protocol = "HTTPS"
| filter action_http_request_body contains "ignore previous"
| filter action_http_request_body contains "system:"
| filter action_http_request_body contains "#"
| fields event_time_ts, action_remote_hostname, action_http_request_body,
        actor_process_image_name, actor_primary_user_sid, action_local_ip
| sort event_time_ts desc
| limit 500
