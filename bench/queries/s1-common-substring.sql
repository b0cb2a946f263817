-- A common substring, counted
SELECT count(*) AS hits FROM xdr_data WHERE ci_contains(action_process_command_line, 'python')
