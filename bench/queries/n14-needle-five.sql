-- A rare string in any of five columns
SELECT _time, event_type, agent_hostname, action_process_command_line
FROM xdr_data
WHERE (ci_contains(action_process_command_line, 'zx_needle_9f31')
       OR ci_contains(actor_process_command_line, 'zx_needle_9f31')
       OR ci_contains(action_file_path, 'zx_needle_9f31')
       OR ci_contains(action_http_request_uri, 'zx_needle_9f31')
       OR ci_contains(action_http_request_body, 'zx_needle_9f31'))
ORDER BY _time DESC
