# MITRE ATLAS: ATLAS-LLM-01 - Prompt Injection
# Tactic: Initial Access / Execution
# Description: Adversaries inject malicious prompts to manipulate AI behavior
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.openai.com"
| filter action_http_request_body contains "ignore previous"
| fields event_time_ts, action_remote_hostname, action_http_request_body,
        actor_process_image_name, actor_primary_user_sid
| sort event_time_ts desc
