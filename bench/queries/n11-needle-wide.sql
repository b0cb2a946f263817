-- A rare string in command lines, all columns
SELECT *
FROM xdr_data
WHERE ci_contains(action_process_command_line, 'zx_needle_9f31')
ORDER BY _time DESC
