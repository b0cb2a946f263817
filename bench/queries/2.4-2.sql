-- Tool name variations
SELECT _time, action_file_path, action_file_operation, actor_process_image_name, actor_primary_user_sid
FROM xdr_data
WHERE event_type = 'FILE'
  AND ci_contains(action_file_path, 'tool')
  AND ci_ends(action_file_path, '.py')
  AND re(action_file_path, '(?i)(tool[_-]?[0-9]|tool[_-]?copy|tool[_-]?backup)')
  AND action_file_operation = 'FILE_WRITE'
ORDER BY _time DESC
