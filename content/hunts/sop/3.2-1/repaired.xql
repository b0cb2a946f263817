// Correlate prompt injection with tool execution
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.openai.com", "*.openai.azure.com")
| filter action_http_request_body ~= "(?i)(tool|function|execute)"
| alter first_time = _time
| join type = inner (
    dataset = xdr_data
    | filter event_type = PROCESS
    | filter action_process_image_name in ("python.exe", "python", "python3*")
    | filter action_process_command_line ~= "(?i)(exec|eval|subprocess)"
    | fields _time, actor_primary_user_sid, action_process_image_name, action_process_command_line
  ) as joined joined.actor_primary_user_sid = actor_primary_user_sid
| alter seconds_between = timestamp_diff(_time, first_time, "SECOND")
| filter seconds_between >= 0 and seconds_between <= 3600
| fields _time, action_remote_hostname, action_process_image_name,
        action_process_command_line, actor_primary_user_sid
| sort desc _time
