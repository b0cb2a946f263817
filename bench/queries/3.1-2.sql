-- Training and inference at night: more than 5 an hour per user
SELECT bucket(_time) AS hour_start, actor_primary_user_sid, hour_of_day(_time) AS hour_utc,
       count(*) AS off_hours_activity, vals(action_process_command_line) AS command_lines
FROM xdr_data
WHERE event_type = 'PROCESS'
  AND (lower(action_process_image_name) IN ('python.exe', 'jupyter.exe', 'python', 'jupyter') OR ci_starts(action_process_image_name, 'python3'))
  AND re(action_process_command_line, '(?i)(train|fit|inference|predict)')
  AND (hour_of_day(_time) < 6 OR hour_of_day(_time) > 22)
GROUP BY hour_start, actor_primary_user_sid, hour_utc
HAVING off_hours_activity > 5
ORDER BY off_hours_activity DESC
