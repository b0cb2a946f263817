// MITRE ATLAS: AML.T0020 - Training Data Poisoning
// Tactic: Persistence
dataset = xdr_data
| filter event_type = FILE
| filter action_file_path in ("*/data/*", "*/datasets/*", "*/training/*")
| filter action_file_operation = "FILE_WRITE"
| filter action_file_path ~= "(?i)(\.csv|\.json|\.parquet|\.tfrecord)$"
| bin _time span = 1h
| comp count() as dataset_modifications,
        values(action_file_operation) as action_file_operation,
        values(actor_process_image_name) as actor_process_image_name
        by actor_primary_user_sid, action_file_path, _time
| filter dataset_modifications > 10
| fields _time, action_file_path, action_file_operation,
        actor_process_image_name, actor_primary_user_sid, dataset_modifications
| sort desc dataset_modifications
