dataset = xdr_data
| filter action_http_request_body contains "zx_dropzone_77c2"
| fields _time, actor_primary_user_sid, action_http_request_body
| sort desc _time
