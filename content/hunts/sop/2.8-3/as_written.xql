# MITRE ATLAS: ATLAS-ML-03 - Adversarial Input (Manipulation Tools)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name = "python.exe"
| filter action_process_command_line regex "(?i)(adversarial|foolbox|cleverhans|art)"
| filter action_process_command_line regex "(?i)(attack|perturb|adversary)"
| fields event_time_ts, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort event_time_ts desc
