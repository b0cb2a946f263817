-- A string that never occurs
SELECT _time, agent_hostname, action_process_command_line
FROM xdr_data
WHERE ci_contains(action_process_command_line, 'zx_absent_5d1e')
ORDER BY _time DESC
