dataset = xdr_data
| filter action_process_command_line contains "python"
| comp count() as hits
