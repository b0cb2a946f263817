# MITRE ATLAS: ATLAS-ML-04 - Model Theft
# Tactic: Collection / Exfiltration
dataset = xdr_data
| filter event_type = NETWORK
| filter action_network_bytes_in > 52428800  # 50 MB
| filter action_remote_ip not like "10.%"
| filter action_remote_ip not like "192.168.%"
| filter action_remote_ip not like "172.16.%"
| comp sum(action_network_bytes_in) by action_local_ip, actor_primary_user_sid as total_download
| filter total_download > 104857600  # 100 MB
| fields event_time_ts, action_local_ip, action_remote_ip, action_remote_port,
        total_download, actor_process_image_name, actor_primary_user_sid
| sort total_download desc
