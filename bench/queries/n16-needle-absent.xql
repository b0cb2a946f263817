dataset = xdr_data
| filter action_process_command_line contains "zx_absent_5d1e"
| fields _time, agent_hostname, action_process_command_line
| sort desc _time
