// MITRE ATLAS: AML.T0053 - Tool Confusion (Rapid Switching)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname in ("*.openai.com", "*.openai.azure.com")
| filter action_http_request_body ~= "(?i)(tool_choice|function_call)"
| bin _time span = 1h
| comp count() as tool_switches,
        values(action_remote_hostname) as action_remote_hostname
        by action_local_ip, actor_primary_user_sid, _time
| filter tool_switches > 30
| fields _time, action_local_ip, actor_primary_user_sid,
        tool_switches, action_remote_hostname
| sort desc tool_switches
