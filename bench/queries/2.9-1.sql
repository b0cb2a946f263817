-- Large uploads to public addresses: more than 100 MB an hour
SELECT bucket(_time) AS hour_start,
       action_local_ip,
       actor_primary_user_sid,
       sum(action_network_bytes_out) AS total_upload,
       vals(action_remote_ip) AS remote_ips,
       vals(action_remote_port) AS ports,
       vals(actor_process_image_name) AS actors
FROM xdr_data
WHERE event_type = 'NETWORK'
  AND action_network_bytes_out > 52428800
  AND public_ip(action_remote_ip)
GROUP BY hour_start, action_local_ip, actor_primary_user_sid
HAVING total_upload > 104857600
ORDER BY total_upload DESC
