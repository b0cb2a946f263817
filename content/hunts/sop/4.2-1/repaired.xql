// MITRE ATLAS: AML.T0051 - Prompt Injection
// Tactic: Execution
// Description: Adversaries inject malicious prompts to manipulate AI behavior
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.openai.com", "*.openai.azure.com")
| filter action_http_request_body contains "ignore previous"
| fields _time, action_remote_hostname, action_http_request_body,
        actor_process_image_name, actor_primary_user_sid
| sort desc _time
