// MITRE ATLAS: AML.T0024.002, AML.T0025, AML.T0035 - Model Theft
// Tactic: Collection / Exfiltration
dataset = xdr_data
| filter event_type = NETWORK
| filter action_network_bytes_out > 52428800  // 50 MB
| filter action_remote_ip not incidr "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"
| bin _time span = 1h
| comp sum(action_network_bytes_out) as total_upload,
        values(action_remote_ip) as action_remote_ip,
        values(action_remote_port) as action_remote_port,
        values(actor_process_image_name) as actor_process_image_name
        by action_local_ip, actor_primary_user_sid, _time
| filter total_upload > 104857600  // 100 MB
| fields _time, action_local_ip, action_remote_ip, action_remote_port,
        total_upload, actor_process_image_name, actor_primary_user_sid
| sort desc total_upload
