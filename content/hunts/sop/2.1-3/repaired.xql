// MITRE ATLAS: AML.T0051 - Prompt Injection (Rate-based)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.openai.com", "*.openai.azure.com")
| filter action_remote_port = 443
| bin _time span = 1h
| comp count() as api_call_count,
        sum(action_network_bytes_out) as total_bytes,
        values(action_remote_hostname) as action_remote_hostname
        by action_local_ip, actor_primary_user_sid, _time
| filter api_call_count > 100
| filter total_bytes > 10485760  // 10 MB
| fields _time, action_local_ip, actor_primary_user_sid,
        api_call_count, total_bytes, action_remote_hostname
| sort desc api_call_count
