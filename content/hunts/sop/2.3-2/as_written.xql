# MITRE ATLAS: ATLAS-LLM-03 - Tool Confusion (Rapid Switching)
dataset = xdr_data
| filter event_type = NETWORK
| filter action_remote_hostname like "%.openai.com"
| filter action_http_request_body regex "(?i)(tool_choice|function_call)"
| comp count() by action_local_ip, actor_primary_user_sid as tool_switches
| filter tool_switches > 30
| fields event_time_ts, action_local_ip, actor_primary_user_sid,
        tool_switches, action_remote_hostname
| sort tool_switches desc
