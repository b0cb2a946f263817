// MITRE ATLAS: AML.T0110 - Tool Poisoning (Function Modification)
dataset = xdr_data
// reviewed: a file event carries no content; the call with which an agent writes a file holds path and code
| filter event_class = ENUM.TOOL_CALL
| filter tool_name ~= "(?i)(write|edit|create|patch)"
| filter tool_arguments ~= "(?i)tool[^, ]*\.py"
| filter tool_arguments contains "def "
| filter tool_arguments ~= "(exec\(|eval\(|subprocess)"
| fields _time, tool_name, tool_server, tool_arguments,
        actor_process_image_name, actor_primary_user_sid
| sort desc _time
