// MITRE ATLAS: AML.T0018 - Model Poisoning (Unauthorized Uploads)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.s3.amazonaws.com", "*.blob.core.windows.net", "*.storage.googleapis.com", "*.s3.*.amazonaws.com", "s3.*.amazonaws.com", "storage.googleapis.com")
| filter action_http_request_method = "PUT"
| filter action_http_request_uri ~= "(?i)(model|checkpoint|weights)"
| filter action_network_bytes_out > 10485760  // 10 MB
| fields _time, action_remote_hostname, action_http_request_uri,
        action_network_bytes_out, actor_process_image_name, actor_primary_user_sid
| sort desc action_network_bytes_out
