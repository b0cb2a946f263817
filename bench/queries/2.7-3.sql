-- Model registry anomalies: more than 5 changes an hour per user
SELECT bucket(_time) AS hour_start,
       actor_primary_user_sid,
       count(*) AS registry_operations,
       vals(action_remote_hostname) AS hosts,
       vals(action_http_request_uri) AS uris
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND (ci_ends(action_remote_hostname, '.mlflow.org')
       OR ci_ends(action_remote_hostname, '.wandb.ai')
       OR ci_ends(action_remote_hostname, '.neptune.ai')
       OR ci_starts(action_remote_hostname, 'mlflow.')
       OR ci_contains(action_remote_hostname, '.mlflow.'))
  AND action_http_request_method = 'POST'
  AND re(action_http_request_uri, '(?i)(register|upload|create)')
GROUP BY hour_start, actor_primary_user_sid
HAVING registry_operations > 5
ORDER BY registry_operations DESC
