-- Unusual ML pipeline activity: an hour with 20 events more than the user's mean
SELECT * FROM (
    SELECT hour_start, actor_primary_user_sid, action_process_image_name, activity_count,
           avg(activity_count) OVER (PARTITION BY actor_primary_user_sid) AS avg_activity,
           activity_count - avg(activity_count) OVER (PARTITION BY actor_primary_user_sid) AS deviation
    FROM (
        SELECT bucket(_time) AS hour_start, actor_primary_user_sid, action_process_image_name, count(*) AS activity_count
        FROM xdr_data
        WHERE event_type = 'PROCESS'
          AND (lower(action_process_image_name) IN ('python.exe', 'jupyter.exe', 'kubectl.exe', 'python', 'jupyter', 'kubectl') OR ci_starts(action_process_image_name, 'python3'))
        GROUP BY hour_start, actor_primary_user_sid, action_process_image_name
    ) AS hourly
) AS deviations
WHERE deviation > 20
ORDER BY deviation DESC
