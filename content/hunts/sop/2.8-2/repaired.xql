// MITRE ATLAS: AML.T0043, AML.T0015 - Adversarial Input (Rapid Requests)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.openai.com", "*.openai.azure.com")
| filter action_remote_port = 443
| bin _time span = 1h
| comp count() as inference_requests,
        avg(action_network_bytes_out) as avg_request_size
        by action_local_ip, actor_primary_user_sid, _time
| filter inference_requests > 100
| filter avg_request_size > 10240  // 10 KB
| fields _time, action_local_ip, actor_primary_user_sid,
        inference_requests, avg_request_size
| sort desc inference_requests
