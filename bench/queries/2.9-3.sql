-- Unauthorized model exports
SELECT _time, action_process_image_name, action_process_command_line, actor_primary_user_sid, action_process_image_path
FROM xdr_data
WHERE event_type = 'PROCESS'
  AND (lower(action_process_image_name) IN ('python.exe', 'python') OR ci_starts(action_process_image_name, 'python3'))
  AND re(action_process_command_line, '(?i)(export|save|dump|serialize)')
  AND re(action_process_command_line, '(?i)(\.pkl|\.h5|\.pb|\.onnx|\.pt)')
  AND re(action_process_command_line, '(?i)(model|weights|checkpoint)')
ORDER BY _time DESC
