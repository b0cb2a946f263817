// Correlate dataset modifications with model deployments
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path contains "/data/"
| filter action_file_operation = "FILE_WRITE"
| alter first_time = _time
| join type = inner (
    dataset = xdr_data
    | filter event_type = NETWORK
    | filter action_remote_hostname in ("*.mlflow.*", "mlflow.*")
    | filter action_http_request_method = "POST"
    | fields _time, actor_primary_user_sid, action_remote_hostname, action_http_request_uri
  ) as joined joined.actor_primary_user_sid = actor_primary_user_sid
| alter seconds_between = timestamp_diff(_time, first_time, "SECOND")
| filter seconds_between >= 0 and seconds_between <= 3600
| fields _time, action_file_path, action_remote_hostname,
        actor_primary_user_sid, action_http_request_uri
| sort desc _time
