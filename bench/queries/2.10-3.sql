-- ML service API abuse: more than 1000 calls and 100 MB an hour
SELECT bucket(_time) AS hour_start,
       action_local_ip,
       actor_primary_user_sid,
       count(*) AS api_calls,
       sum(action_network_bytes_out) AS total_bytes,
       vals(action_remote_hostname) AS hosts
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND (ci_contains(action_remote_hostname, '.sagemaker.')
       OR ci_contains(action_remote_hostname, '.vertexai.')
       OR ci_contains(action_remote_hostname, '.azureml.')
       OR ci_ends(action_remote_hostname, '-aiplatform.googleapis.com')
       OR ci_ends(action_remote_hostname, '.inference.ml.azure.com'))
GROUP BY hour_start, action_local_ip, actor_primary_user_sid
HAVING api_calls > 1000 AND total_bytes > 104857600
ORDER BY api_calls DESC
