# MITRE ATLAS: ATLAS-ML-03 - Adversarial Input (Rapid Requests)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.openai.com"
| filter action_remote_port = 443
| comp count() by action_local_ip, actor_primary_user_sid as inference_requests
| filter inference_requests > 100
| comp avg(action_network_bytes_out) by action_local_ip as avg_request_size
| filter avg_request_size > 10240  # 10 KB
| fields event_time_ts, action_local_ip, actor_primary_user_sid,
        inference_requests, avg_request_size
| sort inference_requests desc
