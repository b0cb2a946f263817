# MITRE ATLAS: ATLAS-LLM-01 - Prompt Injection (Rate-based)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.openai.com"
| filter action_remote_port = 443
| comp count() by action_local_ip, actor_primary_user_sid as api_call_count
| filter api_call_count > 100
| comp sum(action_network_bytes_out) by action_local_ip as total_bytes
| filter total_bytes > 10485760  # 10 MB
| fields event_time_ts, action_local_ip, actor_primary_user_sid,
        api_call_count, total_bytes, action_remote_hostname
| sort api_call_count desc
