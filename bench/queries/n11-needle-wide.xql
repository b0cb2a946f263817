dataset = xdr_data
| filter action_process_command_line contains "zx_needle_9f31"
| sort desc _time
