// MITRE ATLAS: AML.T0043, AML.T0015 - Adversarial Input (Manipulation Tools)
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "python", "python3*")
// reviewed: "art" alone is in start, partition and artifact
| filter action_process_command_line ~= "(?i)(adversarial|foolbox|cleverhans|\bart\b)"
| filter action_process_command_line ~= "(?i)(attack|perturb|adversary)"
| fields _time, action_process_image_name, action_process_command_line,
        actor_primary_user_sid, action_process_image_path
| sort desc _time
