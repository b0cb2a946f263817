# Correlate prompt injection with tool execution
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.openai.com"
| filter action_http_request_body regex "(?i)(tool|function|execute)"
| join type=left xdr_data on actor_primary_user_sid = actor_primary_user_sid
| filter event_type = PROCESS
| filter action_process_image_name = "python.exe"
| filter action_process_command_line regex "(?i)(exec|eval|subprocess)"
| fields event_time_ts, action_remote_hostname, action_process_image_name,
        action_process_command_line, actor_primary_user_sid
| sort event_time_ts desc
