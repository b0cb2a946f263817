-- Data poisoning to deployment: a write under data, then a registry call by the same user within an hour
SELECT n._time AS event_time, f.action_file_path, n.action_remote_hostname, f.actor_primary_user_sid, n.action_http_request_uri
FROM (
    SELECT _time, action_file_path, actor_primary_user_sid
    FROM xdr_data
    WHERE event_type = 'FILE'
      AND ci_contains(action_file_path, '/data/')
      AND action_file_operation = 'FILE_WRITE'
) AS f
INNER JOIN (
    SELECT _time, action_remote_hostname, action_http_request_uri, actor_primary_user_sid
    FROM xdr_data
    WHERE event_type = 'NETWORK'
      AND (ci_contains(action_remote_hostname, '.mlflow.')
       OR ci_starts(action_remote_hostname, 'mlflow.'))
      AND action_http_request_method = 'POST'
) AS n ON f.actor_primary_user_sid = n.actor_primary_user_sid
WHERE within_hour(f._time, n._time)
ORDER BY event_time DESC
