-- The newest thousand writes of Python files
SELECT _time, action_file_path, actor_primary_user_sid
FROM xdr_data
WHERE event_type = 'FILE'
  AND re(action_file_path, '(?i)\.(py|ipynb)$')
ORDER BY _time DESC
LIMIT 1000
