-- A common regex, counted
SELECT count(*) AS hits FROM xdr_data WHERE re(action_process_command_line, '(?i)(export|save|dump|serialize)')
