// MITRE ATLAS: AML.T0110.000, AML.T0074 - Tool Shadowing (Import Manipulation)
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path = "*/__init__.py"
| filter action_file_operation = "FILE_WRITE"
| filter action_file_path contains "/tools/"
| fields _time, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid
| sort desc _time
