# MITRE ATLAS: ATLAS-ML-02 - Model Poisoning (Registry Anomalies)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.mlflow.org"
| filter action_remote_hostname like "%.wandb.ai"
| filter action_remote_hostname like "%.neptune.ai"
| filter action_http_request_method = "POST"
| filter action_http_request_uri regex "(?i)(register|upload|create)"
| comp count() by actor_primary_user_sid as registry_operations
| filter registry_operations > 5
| fields event_time_ts, action_remote_hostname, action_http_request_uri,
        actor_primary_user_sid, registry_operations
| sort registry_operations desc
