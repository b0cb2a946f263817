# MITRE ATLAS: ATLAS-ML-02 - Model Poisoning (Unauthorized Uploads)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.s3.amazonaws.com"
| filter action_remote_hostname like "%.blob.core.windows.net"
| filter action_remote_hostname like "%.storage.googleapis.com"
| filter action_http_request_method = "PUT"
| filter action_http_request_uri regex "(?i)(model|checkpoint|weights)"
| filter action_network_bytes_out > 10485760  # 10 MB
| fields event_time_ts, action_remote_hostname, action_http_request_uri,
        action_network_bytes_out, actor_process_image_name, actor_primary_user_sid
| sort action_network_bytes_out desc
