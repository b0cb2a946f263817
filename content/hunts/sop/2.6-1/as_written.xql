# MITRE ATLAS: ATLAS-ML-01 - Training Data Poisoning
# Tactic: Initial Access / Impact
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path like "%/data/%"
| filter action_file_path like "%/datasets/%"
| filter action_file_path like "%/training/%"
| filter action_file_operation = "FILE_WRITE"
| filter action_file_path regex "(?i)(\.csv|\.json|\.parquet|\.tfrecord)"
| comp count() by actor_primary_user_sid, action_file_path as dataset_modifications
| filter dataset_modifications > 10
| fields event_time_ts, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, dataset_modifications
| sort dataset_modifications desc
