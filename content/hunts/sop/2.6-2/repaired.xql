// MITRE ATLAS: AML.T0020 - Training Data Poisoning (Injection Patterns)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "jupyter.exe", "python", "python3*", "jupyter")
| filter action_process_command_line ~= "(?i)(pandas|numpy|tensorflow|pytorch)"
| filter action_process_command_line ~= "(?i)(append|concat|merge|insert)"
| filter action_process_command_line ~= "(?i)(\.csv|\.json|dataset)"
| bin _time span = 1h
| comp count() as data_operations,
        values(action_process_image_name) as action_process_image_name,
        values(action_process_command_line) as action_process_command_line
        by actor_primary_user_sid, _time
| filter data_operations > 20
| fields _time, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, data_operations
| sort desc data_operations
