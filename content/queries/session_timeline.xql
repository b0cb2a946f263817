// Everything that one session did, oldest first.
// call "session_timeline" session = "s-17"
dataset = xdr_data
| filter session_id = $session
| fields _time, event_type, event_sub_type, actor_primary_user_sid, ai_agent_name, tool_name, llm_model, action_remote_hostname, action_file_path, event_outcome
| sort asc _time
