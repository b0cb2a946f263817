# Detect unusual patterns in ML pipeline execution
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "jupyter.exe", "kubectl.exe")
| comp count() by actor_primary_user_sid, action_process_image_name as activity_count
| comp avg(activity_count) by actor_primary_user_sid as avg_activity
| eval deviation = activity_count - avg_activity
| filter deviation > 20
| fields event_time_ts, actor_primary_user_sid, action_process_image_name,
        activity_count, avg_activity, deviation
| sort deviation desc
