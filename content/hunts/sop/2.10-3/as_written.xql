# MITRE ATLAS: ATLAS-ML-05 - MLOps Infrastructure Attack (API Abuse)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.sagemaker.%"
| filter action_remote_hostname like "%.vertexai.%"
| filter action_remote_hostname like "%.azureml.%"
| comp count() by action_local_ip, actor_primary_user_sid as api_calls
| filter api_calls > 1000
| comp sum(action_network_bytes_out) by action_local_ip as total_bytes
| filter total_bytes > 104857600  # 100 MB
| fields event_time_ts, action_local_ip, action_remote_hostname,
        api_calls, total_bytes, actor_primary_user_sid
| sort api_calls desc
