-- Model file modifications: more than 3 writes an hour per user and file
SELECT bucket(_time) AS hour_start,
       actor_primary_user_sid,
       action_file_path,
       vals(action_file_operation) AS operations,
       vals(actor_process_image_name) AS actors,
       vals(action_file_hash) AS hashes
FROM xdr_data
WHERE event_type = 'FILE'
  AND re(action_file_path, '(?i)(\.pkl|\.h5|\.pb|\.onnx|\.pt|\.pth|\.ckpt)$')
  AND action_file_operation = 'FILE_WRITE'
  AND (ci_contains(action_file_path, '/models/') OR ci_contains(action_file_path, '/checkpoints/'))
GROUP BY hour_start, actor_primary_user_sid, action_file_path
HAVING count(*) > 3
ORDER BY hour_start DESC
