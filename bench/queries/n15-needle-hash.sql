-- One file hash, exact case
SELECT _time, action_file_path, action_file_operation, actor_process_image_name, actor_primary_user_sid
FROM xdr_data
WHERE action_file_hash = '6e7fa37c3b2b9d5c1f0e8a4d9276b5c4e3f2a1908d7c6b5a493827160f5e4d3c'
ORDER BY _time DESC
