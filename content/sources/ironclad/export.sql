-- Tables of an Ironclad state database as JSON lines, oldest first, with the session and agent that a turn belongs to.
--   sqlite3 -readonly ~/.ironclad/state.db < export.sql > ironclad.jsonl
SELECT line FROM (
  SELECT t.created_at AS at, json_object('table', 'tool_calls', 'id', t.id, 'turn_id', t.turn_id, 'session_id', u.session_id,
      'agent_id', s.agent_id, 'model', u.model, 'tool_name', t.tool_name, 'input', t.input, 'output', t.output,
      'skill_id', t.skill_id, 'skill_name', t.skill_name, 'skill_hash', t.skill_hash, 'status', t.status,
      'duration_ms', t.duration_ms, 'created_at', t.created_at) AS line
    FROM tool_calls t LEFT JOIN turns u ON u.id = t.turn_id LEFT JOIN sessions s ON s.id = u.session_id
  UNION ALL
  SELECT p.created_at, json_object('table', 'policy_decisions', 'id', p.id, 'turn_id', p.turn_id, 'session_id', u.session_id,
      'agent_id', s.agent_id, 'model', u.model, 'tool_name', p.tool_name, 'decision', p.decision, 'rule_name', p.rule_name,
      'reason', p.reason, 'context_json', p.context_json, 'created_at', p.created_at)
    FROM policy_decisions p LEFT JOIN turns u ON u.id = p.turn_id LEFT JOIN sessions s ON s.id = u.session_id
  UNION ALL
  SELECT a.created_at, json_object('table', 'approval_requests', 'id', a.id, 'session_id', a.session_id,
      'agent_id', s.agent_id, 'tool_name', a.tool_name, 'tool_input', a.tool_input, 'status', a.status,
      'decided_by', a.decided_by, 'decided_at', a.decided_at, 'created_at', a.created_at)
    FROM approval_requests a LEFT JOIN sessions s ON s.id = a.session_id
  UNION ALL
  SELECT e.created_at, json_object('table', 'abuse_events', 'id', e.id, 'actor_id', e.actor_id, 'origin', e.origin,
      'channel', e.channel, 'signal_type', e.signal_type, 'severity', e.severity, 'action_taken', e.action_taken,
      'detail', e.detail, 'score', e.score, 'created_at', e.created_at)
    FROM abuse_events e
  UNION ALL
  SELECT c.created_at, json_object('table', 'inference_costs', 'id', c.id, 'turn_id', c.turn_id, 'session_id', u.session_id,
      'agent_id', s.agent_id, 'model', c.model, 'provider', c.provider, 'tokens_in', c.tokens_in, 'tokens_out', c.tokens_out,
      'cost', c.cost, 'cached', c.cached, 'latency_ms', c.latency_ms, 'created_at', c.created_at)
    FROM inference_costs c LEFT JOIN turns u ON u.id = c.turn_id LEFT JOIN sessions s ON s.id = u.session_id
  UNION ALL
  SELECT m.created_at, json_object('table', 'session_messages', 'id', m.id, 'session_id', m.session_id,
      'agent_id', s.agent_id, 'role', m.role, 'content', m.content, 'usage_json', m.usage_json, 'created_at', m.created_at)
    FROM session_messages m LEFT JOIN sessions s ON s.id = m.session_id
  UNION ALL
  SELECT k.created_at, json_object('table', 'skills', 'id', k.id, 'name', k.name, 'kind', k.kind,
      'source_path', k.source_path, 'content_hash', k.content_hash, 'script_path', k.script_path,
      'risk_level', k.risk_level, 'enabled', k.enabled, 'version', k.version, 'author', k.author,
      'registry_source', k.registry_source, 'created_at', k.created_at)
    FROM skills k
) ORDER BY at;
