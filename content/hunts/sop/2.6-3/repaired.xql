// MITRE ATLAS: AML.T0020 - Training Data Poisoning (Training Anomalies)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "python3.exe", "python", "python3*")
| filter action_process_command_line ~= "(?i)(train|fit|epoch)"
| filter action_process_command_line ~= "(?i)(tensorflow|pytorch|keras|sklearn)"
| bin _time span = 1h
| comp count() as training_jobs,
        sum(action_process_cpu_time) as total_cpu,
        values(action_process_command_line) as action_process_command_line
        by actor_primary_user_sid, action_process_image_name, _time
| filter training_jobs > 5
| filter total_cpu > 3600  // 1 hour
| fields _time, action_process_image_name, actor_primary_user_sid,
        training_jobs, total_cpu, action_process_command_line
| sort desc training_jobs
