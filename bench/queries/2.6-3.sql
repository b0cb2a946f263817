-- Model training job anomalies: more than 5 jobs and an hour of CPU time an hour
SELECT bucket(_time) AS hour_start,
       actor_primary_user_sid,
       action_process_image_name,
       count(*) AS training_jobs,
       sum(action_process_cpu_time) AS total_cpu,
       vals(action_process_command_line) AS command_lines
FROM xdr_data
WHERE event_type = 'PROCESS'
  AND (lower(action_process_image_name) IN ('python.exe', 'python3.exe', 'python') OR ci_starts(action_process_image_name, 'python3'))
  AND re(action_process_command_line, '(?i)(train|fit|epoch)')
  AND re(action_process_command_line, '(?i)(tensorflow|pytorch|keras|sklearn)')
GROUP BY hour_start, actor_primary_user_sid, action_process_image_name
HAVING training_jobs > 5 AND total_cpu > 3600
ORDER BY training_jobs DESC
