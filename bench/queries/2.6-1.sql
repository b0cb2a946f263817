-- Unauthorized dataset modifications: more than 10 an hour per user and file
SELECT bucket(_time) AS hour_start,
       actor_primary_user_sid,
       action_file_path,
       count(*) AS dataset_modifications,
       vals(action_file_operation) AS operations,
       vals(actor_process_image_name) AS actors
FROM xdr_data
WHERE event_type = 'FILE'
  AND (ci_contains(action_file_path, '/data/') OR ci_contains(action_file_path, '/datasets/') OR ci_contains(action_file_path, '/training/'))
  AND action_file_operation = 'FILE_WRITE'
  AND re(action_file_path, '(?i)(\.csv|\.json|\.parquet|\.tfrecord)$')
GROUP BY hour_start, actor_primary_user_sid, action_file_path
HAVING dataset_modifications > 10
ORDER BY dataset_modifications DESC
