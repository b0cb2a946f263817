dataset = xdr_data
| filter action_process_command_line contains "zx_needle_9f31"
    or actor_process_command_line contains "zx_needle_9f31"
    or action_file_path contains "zx_needle_9f31"
    or action_http_request_uri contains "zx_needle_9f31"
    or action_http_request_body contains "zx_needle_9f31"
| fields _time, event_type, agent_hostname, action_process_command_line
| sort desc _time
