-- Tool function modification: an agent writes a tool file that runs code
SELECT _time, tool_name, tool_server, tool_arguments, actor_process_image_name, actor_primary_user_sid
FROM xdr_data
WHERE event_class = 'TOOL_CALL'
  AND re(tool_name, '(?i)(write|edit|create|patch)')
  AND re(tool_arguments, '(?i)tool[^, ]*\.py')
  AND ci_contains(tool_arguments, 'def ')
  AND re(tool_arguments, '(exec\(|eval\(|subprocess)')
ORDER BY _time DESC
