-- Duplicate tool names: one file name in several folders within an hour
SELECT bucket(_time) AS hour_start,
       action_file_name,
       count(DISTINCT action_file_path) AS file_count,
       vals(action_file_path) AS paths,
       vals(action_file_operation) AS operations,
       vals(actor_process_image_name) AS actors,
       vals(actor_primary_user_sid) AS users
FROM xdr_data
WHERE event_type = 'FILE'
  AND ci_contains(action_file_path, '/tools/')
  AND ci_ends(action_file_path, '.py')
  AND (action_file_name IS NULL OR lower(action_file_name) <> '__init__.py')
GROUP BY hour_start, action_file_name
HAVING file_count > 1
ORDER BY file_count DESC
