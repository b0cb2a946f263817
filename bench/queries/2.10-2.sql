-- Docker container manipulation
SELECT _time, action_process_image_name, action_process_command_line, actor_primary_user_sid, action_process_image_path
FROM xdr_data
WHERE event_type = 'PROCESS'
  AND (lower(action_process_image_name) IN ('docker.exe', 'docker'))
  AND re(action_process_command_line, '(?i)(run|exec|build|push)')
  AND re(action_process_command_line, '(?i)(--privileged|--cap-add|--security-opt)')
ORDER BY _time DESC
