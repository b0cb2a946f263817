// MITRE ATLAS: AML.T0049, AML.T0012, AML.T0122 - MLOps Infrastructure Attack (API Abuse)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.sagemaker.*", "*.vertexai.*", "*.azureml.*", "*-aiplatform.googleapis.com", "*.inference.ml.azure.com")
| bin _time span = 1h
| comp count() as api_calls,
        sum(action_network_bytes_out) as total_bytes,
        values(action_remote_hostname) as action_remote_hostname
        by action_local_ip, actor_primary_user_sid, _time
| filter api_calls > 1000
| filter total_bytes > 104857600  // 100 MB
| fields _time, action_local_ip, action_remote_hostname,
        api_calls, total_bytes, actor_primary_user_sid
| sort desc api_calls
