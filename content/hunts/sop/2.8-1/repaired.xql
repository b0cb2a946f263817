// MITRE ATLAS: AML.T0043, AML.T0015 - Adversarial Input
// Tactic: Impact
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.openai.com", "*.openai.azure.com")
| filter action_http_request_body ~= "(?i)(adversarial|perturb|noise|epsilon)"
| filter action_http_request_body ~= "(?i)(fgsm|pgd|carlini|deepfool)"
| fields _time, action_remote_hostname, action_http_request_body,
        actor_process_image_name, actor_primary_user_sid
| sort desc _time
