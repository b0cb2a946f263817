# MITRE ATLAS: ATLAS-ML-05 - MLOps Infrastructure Attack (Docker)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name = "docker.exe"
| filter action_process_command_line regex "(?i)(run|exec|build|push)"
| filter action_process_command_line regex "(?i)(--privileged|--cap-add|--security-opt)"
| fields event_time_ts, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort event_time_ts desc
