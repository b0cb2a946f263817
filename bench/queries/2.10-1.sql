-- Kubernetes pod anomalies: more than 10 operations an hour per user
SELECT bucket(_time) AS hour_start,
       actor_primary_user_sid,
       count(*) AS k8s_operations,
       vals(action_process_image_name) AS images,
       vals(action_process_command_line) AS command_lines
FROM xdr_data
WHERE event_type = 'PROCESS'
  AND (lower(action_process_image_name) IN ('kubectl.exe', 'kubectl'))
  AND re(action_process_command_line, '(?i)(exec|run|create|apply)')
  AND re(action_process_command_line, '(?i)(pod|deployment|job)')
GROUP BY hour_start, actor_primary_user_sid
HAVING k8s_operations > 10
ORDER BY k8s_operations DESC
