# MITRE ATLAS: ATLAS-ML-03 - Adversarial Input
# Tactic: Execution / Impact
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.openai.com"
| filter action_http_request_body regex "(?i)(adversarial|perturb|noise|epsilon)"
| filter action_http_request_body regex "(?i)(fgsm|pgd|carlini|deepfool)"
| fields event_time_ts, action_remote_hostname, action_http_request_body,
        actor_process_image_name, actor_primary_user_sid
| sort event_time_ts desc
