-- Model file access patterns: more than 5 reads an hour per user and file
SELECT bucket(_time) AS hour_start,
       actor_primary_user_sid,
       action_file_path,
       count(*) AS model_accesses,
       vals(action_file_operation) AS operations,
       vals(actor_process_image_name) AS actors
FROM xdr_data
WHERE event_type = 'FILE'
  AND re(action_file_path, '(?i)(\.pkl|\.h5|\.pb|\.onnx|\.pt|\.pth)$')
  AND action_file_operation = 'FILE_READ'
GROUP BY hour_start, actor_primary_user_sid, action_file_path
HAVING model_accesses > 5
ORDER BY model_accesses DESC
