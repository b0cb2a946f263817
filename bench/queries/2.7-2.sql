-- Unauthorized model uploads: PUT of more than 10 MB to an object store
SELECT _time, action_remote_hostname, action_http_request_uri, action_network_bytes_out,
       actor_process_image_name, actor_primary_user_sid
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND (ci_ends(action_remote_hostname, '.s3.amazonaws.com')
       OR ci_ends(action_remote_hostname, '.blob.core.windows.net')
       OR ci_ends(action_remote_hostname, '.storage.googleapis.com')
       OR ci_like(action_remote_hostname, '%.s3.%.amazonaws.com')
       OR ci_like(action_remote_hostname, 's3.%.amazonaws.com')
       OR lower(action_remote_hostname) = 'storage.googleapis.com')
  AND action_http_request_method = 'PUT'
  AND re(action_http_request_uri, '(?i)(model|checkpoint|weights)')
  AND action_network_bytes_out > 10485760
ORDER BY action_network_bytes_out DESC
