# MITRE ATLAS: ATLAS-ML-05 - MLOps Infrastructure Attack
# Tactic: Initial Access / Execution
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name = "kubectl.exe"
| filter action_process_command_line regex "(?i)(exec|run|create|apply)"
| filter action_process_command_line regex "(?i)(pod|deployment|job)"
| comp count() by actor_primary_user_sid as k8s_operations
| filter k8s_operations > 10
| fields event_time_ts, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, k8s_operations
| sort k8s_operations desc
