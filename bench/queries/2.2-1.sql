-- Unauthorized tool registration: Python files written under tools or functions
SELECT _time, action_file_path, action_file_operation, actor_process_image_name, actor_primary_user_sid, action_file_hash
FROM xdr_data
WHERE event_type = 'FILE'
  AND (ci_contains(action_file_path, '/tools/') OR ci_contains(action_file_path, '/functions/'))
  AND ci_ends(action_file_path, '.py')
  AND action_file_operation = 'FILE_WRITE'
  AND NOT ci_contains(action_file_path, '/venv/')
  AND NOT ci_contains(action_file_path, '/node_modules/')
ORDER BY _time DESC
