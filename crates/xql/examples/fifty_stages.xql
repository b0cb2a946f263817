dataset = xdr_data
| filter action_process_image_name in ("python.exe", "node.exe", "tool0*") and action_remote_port != 440
| alter folded0 = lowercase(action_process_command_line), size0 = len(action_process_command_line)
| filter folded0 ~= "(base64|b64|encode0).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools0/"
| alter kind0 = if(size0 > 000, "long", folded0 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool1*") and action_remote_port != 441
| alter folded1 = lowercase(action_process_command_line), size1 = len(action_process_command_line)
| filter folded1 ~= "(base64|b64|encode1).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools1/"
| alter kind1 = if(size1 > 100, "long", folded1 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool2*") and action_remote_port != 442
| alter folded2 = lowercase(action_process_command_line), size2 = len(action_process_command_line)
| filter folded2 ~= "(base64|b64|encode2).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools2/"
| alter kind2 = if(size2 > 200, "long", folded2 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool3*") and action_remote_port != 443
| alter folded3 = lowercase(action_process_command_line), size3 = len(action_process_command_line)
| filter folded3 ~= "(base64|b64|encode3).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools3/"
| alter kind3 = if(size3 > 300, "long", folded3 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool4*") and action_remote_port != 444
| alter folded4 = lowercase(action_process_command_line), size4 = len(action_process_command_line)
| filter folded4 ~= "(base64|b64|encode4).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools4/"
| alter kind4 = if(size4 > 400, "long", folded4 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool5*") and action_remote_port != 445
| alter folded5 = lowercase(action_process_command_line), size5 = len(action_process_command_line)
| filter folded5 ~= "(base64|b64|encode5).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools5/"
| alter kind5 = if(size5 > 500, "long", folded5 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool6*") and action_remote_port != 446
| alter folded6 = lowercase(action_process_command_line), size6 = len(action_process_command_line)
| filter folded6 ~= "(base64|b64|encode6).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools6/"
| alter kind6 = if(size6 > 600, "long", folded6 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool7*") and action_remote_port != 447
| alter folded7 = lowercase(action_process_command_line), size7 = len(action_process_command_line)
| filter folded7 ~= "(base64|b64|encode7).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools7/"
| alter kind7 = if(size7 > 700, "long", folded7 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool8*") and action_remote_port != 448
| alter folded8 = lowercase(action_process_command_line), size8 = len(action_process_command_line)
| filter folded8 ~= "(base64|b64|encode8).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools8/"
| alter kind8 = if(size8 > 800, "long", folded8 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool9*") and action_remote_port != 449
| alter folded9 = lowercase(action_process_command_line), size9 = len(action_process_command_line)
| filter folded9 ~= "(base64|b64|encode9).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools9/"
| alter kind9 = if(size9 > 900, "long", folded9 contains "eval", "code", "short")
| filter action_process_image_name in ("python.exe", "node.exe", "tool10*") and action_remote_port != 4410
| alter folded10 = lowercase(action_process_command_line), size10 = len(action_process_command_line)
| filter folded10 ~= "(base64|b64|encode10).*(openai|anthropic|claude|gpt)" or action_file_path contains "/tools10/"
| alter kind10 = if(size10 > 1000, "long", folded10 contains "eval", "code", "short")
| bin _time span = 1h
| comp count() as calls, values(action_process_command_line) as command_lines by actor_primary_user_sid, _time
| filter calls > 3
| sort desc calls
| limit 100
