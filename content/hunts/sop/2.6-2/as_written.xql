# MITRE ATLAS: ATLAS-ML-01 - Training Data Poisoning (Injection Patterns)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "jupyter.exe")
| filter action_process_command_line regex "(?i)(pandas|numpy|tensorflow|pytorch)"
| filter action_process_command_line regex "(?i)(append|concat|merge|insert)"
| filter action_process_command_line regex "(?i)(\.csv|\.json|dataset)"
| comp count() by actor_primary_user_sid as data_operations
| filter data_operations > 20
| fields event_time_ts, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, data_operations
| sort data_operations desc
