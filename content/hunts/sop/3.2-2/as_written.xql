# Correlate dataset modifications with model deployments
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path like "%/data/%"
| filter action_file_operation = "FILE_WRITE"
| join type=left xdr_data on actor_primary_user_sid = actor_primary_user_sid
| filter event_type = NETWORK
| filter action_remote_hostname like "%.mlflow.%"
| filter action_http_request_method = "POST"
| fields event_time_ts, action_file_path, action_remote_hostname,
        actor_primary_user_sid, action_http_request_uri
| sort event_time_ts desc
