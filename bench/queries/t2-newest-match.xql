dataset = xdr_data
| filter event_type = FILE
| filter action_file_path ~= "(?i)\.(py|ipynb)$"
| fields _time, action_file_path, actor_primary_user_sid
| sort desc _time
| limit 1000
