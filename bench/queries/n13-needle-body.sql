-- A rare string in request bodies
SELECT _time, actor_primary_user_sid, action_http_request_body
FROM xdr_data
WHERE ci_contains(action_http_request_body, 'zx_dropzone_77c2')
ORDER BY _time DESC
