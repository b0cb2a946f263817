# Detect ML activity outside normal business hours
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "jupyter.exe")
| filter action_process_command_line regex "(?i)(train|fit|inference|predict)"
| eval hour = hour(event_time_ts)
| filter hour < 6 or hour > 22
| comp count() by actor_primary_user_sid, hour as off_hours_activity
| filter off_hours_activity > 5
| fields event_time_ts, actor_primary_user_sid, hour, off_hours_activity,
        action_process_command_line
| sort off_hours_activity desc
