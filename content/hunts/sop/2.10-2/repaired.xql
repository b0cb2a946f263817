// MITRE ATLAS: AML.T0049, AML.T0012, AML.T0122 - MLOps Infrastructure Attack (Docker)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("docker.exe", "docker")
| filter action_process_command_line ~= "(?i)(run|exec|build|push)"
| filter action_process_command_line ~= "(?i)(--privileged|--cap-add|--security-opt)"
| fields _time, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort desc _time
