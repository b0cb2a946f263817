dataset = xdr_data
| filter action_process_command_line ~= "(?i)(export|save|dump|serialize)"
| comp count() as hits
