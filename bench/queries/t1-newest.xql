dataset = xdr_data
| fields _time, event_id, event_type, agent_hostname, actor_primary_user_sid
| sort desc _time
| limit 1000
