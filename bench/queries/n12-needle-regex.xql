dataset = xdr_data
| filter action_process_command_line ~= "(?i)zx_needle_[0-9a-f]+[.]dll"
| fields _time, agent_hostname, action_process_command_line
| sort desc _time
