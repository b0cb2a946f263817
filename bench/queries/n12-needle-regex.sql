-- A rare regex in command lines, three columns
SELECT _time, agent_hostname, action_process_command_line
FROM xdr_data
WHERE re(action_process_command_line, '(?i)zx_needle_[0-9a-f]+[.]dll')
ORDER BY _time DESC
