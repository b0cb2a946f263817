// Detect unusual patterns in ML pipeline execution
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "jupyter.exe", "kubectl.exe", "python", "python3*", "jupyter", "kubectl")
| bin _time span = 1h
| comp count() as activity_count by actor_primary_user_sid, action_process_image_name, _time
| windowcomp avg(activity_count) by actor_primary_user_sid as avg_activity
| alter deviation = subtract(activity_count, avg_activity)
| filter deviation > 20
| fields _time, actor_primary_user_sid, action_process_image_name,
        activity_count, avg_activity, deviation
| sort desc deviation
