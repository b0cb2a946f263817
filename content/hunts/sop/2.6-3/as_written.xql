# MITRE ATLAS: ATLAS-ML-01 - Training Data Poisoning (Training Anomalies)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "python3.exe")
| filter action_process_command_line regex "(?i)(train|fit|epoch)"
| filter action_process_command_line regex "(?i)(tensorflow|pytorch|keras|sklearn)"
| comp count() by actor_primary_user_sid, action_process_image_name as training_jobs
| filter training_jobs > 5
| comp sum(action_process_cpu_time) by actor_primary_user_sid as total_cpu
| filter total_cpu > 3600  # 1 hour
| fields event_time_ts, action_process_image_name, actor_primary_user_sid,
        training_jobs, total_cpu, action_process_command_line
| sort training_jobs desc
