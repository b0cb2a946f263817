// MITRE ATLAS: AML.T0110.000, AML.T0074 - Tool Shadowing (Name Variations)
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path contains "tool"
| filter action_file_path = "*.py"
| filter action_file_path ~= "(?i)(tool[_-]?[0-9]|tool[_-]?copy|tool[_-]?backup)"
| filter action_file_operation = "FILE_WRITE"
| fields _time, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid
| sort desc _time
