-- The newest thousand events
SELECT _time, event_id, event_type, agent_hostname, actor_primary_user_sid
FROM xdr_data
ORDER BY _time DESC
LIMIT 1000
