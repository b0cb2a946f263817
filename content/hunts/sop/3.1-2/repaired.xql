// Detect ML activity outside normal business hours
dataset = xdr_data
| filter event_type = PROCESS
| filter action_process_image_name in ("python.exe", "jupyter.exe", "python", "python3*", "jupyter")
| filter action_process_command_line ~= "(?i)(train|fit|inference|predict)"
| alter hour = extract_time(_time, "HOUR")
| filter hour < 6 or hour > 22
| bin _time span = 1h
| comp count() as off_hours_activity,
        values(action_process_command_line) as action_process_command_line
        by actor_primary_user_sid, hour, _time
| filter off_hours_activity > 5
| fields _time, actor_primary_user_sid, hour, off_hours_activity,
        action_process_command_line
| sort desc off_hours_activity
