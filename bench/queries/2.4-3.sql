-- Import path manipulation
SELECT _time, action_file_path, action_file_operation, actor_process_image_name, actor_primary_user_sid
FROM xdr_data
WHERE event_type = 'FILE'
  AND ci_ends(action_file_path, '/__init__.py')
  AND action_file_operation = 'FILE_WRITE'
  AND ci_contains(action_file_path, '/tools/')
ORDER BY _time DESC
