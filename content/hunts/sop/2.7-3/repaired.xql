// MITRE ATLAS: AML.T0018 - Model Poisoning (Registry Anomalies)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.mlflow.org", "*.wandb.ai", "*.neptune.ai", "mlflow.*", "*.mlflow.*")
| filter action_http_request_method = "POST"
| filter action_http_request_uri ~= "(?i)(register|upload|create)"
| bin _time span = 1h
| comp count() as registry_operations,
        values(action_remote_hostname) as action_remote_hostname,
        values(action_http_request_uri) as action_http_request_uri
        by actor_primary_user_sid, _time
| filter registry_operations > 5
| fields _time, action_remote_hostname, action_http_request_uri,
        actor_primary_user_sid, registry_operations
| sort desc registry_operations
