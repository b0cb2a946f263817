// MITRE ATLAS: AML.T0049, AML.T0012, AML.T0122 - MLOps Infrastructure Attack
// Tactic: Initial Access
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("kubectl.exe", "kubectl")
| filter action_process_command_line ~= "(?i)(exec|run|create|apply)"
| filter action_process_command_line ~= "(?i)(pod|deployment|job)"
| bin _time span = 1h
| comp count() as k8s_operations,
        values(action_process_image_name) as action_process_image_name,
        values(action_process_command_line) as action_process_command_line
        by actor_primary_user_sid, _time
| filter k8s_operations > 10
| fields _time, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, k8s_operations
| sort desc k8s_operations
