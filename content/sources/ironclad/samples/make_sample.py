"""Writes export.jsonl: export.sql over a database with Ironclad's tables. Needs nothing but Python's sqlite3."""

import pathlib
import sqlite3

HERE = pathlib.Path(__file__).parent

TABLES = {
    "sessions": "agent_id, scope_key, status, model, nickname, metadata",
    "turns": "session_id, thinking, tool_calls_json, tokens_in, tokens_out, cost, model",
    "session_messages": "session_id, role, content, usage_json",
    "tool_calls": "turn_id, tool_name, input, output, skill_id, skill_name, skill_hash, status, duration_ms",
    "policy_decisions": "turn_id, tool_name, decision, rule_name, reason, context_json",
    "approval_requests": "tool_name, tool_input, session_id, status, decided_by, decided_at",
    "abuse_events": "actor_id, origin, channel, signal_type, severity, action_taken, detail, score",
    "inference_costs": "model, provider, tokens_in, tokens_out, cost, cached, latency_ms, turn_id",
    "skills": "name, kind, source_path, content_hash, script_path, risk_level, enabled, version, author, registry_source",
}

ROWS = [
    ("skills", "k-1", "2026-11-20 08:00:00", "fetch", "script", "/var/lib/ironclad/skills/fetch.toml", "5b1e" * 16,
     "/var/lib/ironclad/skills/fetch.sh", "Caution", 1, "1.4.0", "ops", "local"),
    ("sessions", "s-1", "2026-11-20 09:00:00", "pay-bot", "telegram:7", "active", "gpt-4o-mini", "desk", "{}"),
    ("session_messages", "m-1", "2026-11-20 09:00:01", "s-1", "user", "Pay the open invoices.", None),
    ("turns", "t-1", "2026-11-20 09:00:02", "s-1", None, "[]", 412, 37, 0.0002, "gpt-4o-mini"),
    ("inference_costs", "c-1", "2026-11-20 09:00:03", "gpt-4o-mini", "openai", 412, 37, 0.0002, 0, 1480, "t-1"),
    ("policy_decisions", "p-1", "2026-11-20 09:00:03", "t-1", "bash", "deny", "no-shell", "shell is not allowed", '{"risk":"Dangerous"}'),
    ("policy_decisions", "p-2", "2026-11-20 09:00:04", "t-1", "fetch", "allow", "net-allowlist", None, '{"host":"erp.corp.example"}'),
    ("approval_requests", "q-1", "2026-11-20 09:00:04", "fetch", '{"url":"https://erp.corp.example/pay"}', "s-1", "approved", "ana", "2026-11-20 09:00:20"),
    ("approval_requests", "q-2", "2026-11-20 09:00:21", "wire", '{"amount":900}', "s-1", "pending", None, None),
    ("tool_calls", "x-1", "2026-11-20 09:00:21", "t-1", "fetch", '{"url":"https://erp.corp.example/open"}', "INV-7 120.00 EUR", "k-1", "fetch", "5b1e" * 16, "success", 88),
    ("tool_calls", "x-2", "2026-11-20 09:00:22", "t-1", "fetch", '{"url":"https://x.example/a"}', "connect timeout", "k-1", "fetch", "5b1e" * 16, "error", 5000),
    ("session_messages", "m-2", "2026-11-20 09:00:30", "s-1", "assistant", "One invoice is open.", '{"input_tokens":412,"output_tokens":37}'),
    ("session_messages", "m-3", "2026-11-20 09:00:31", "s-1", "tool", "INV-7 120.00 EUR", None),
    ("abuse_events", "a-1", "2026-11-20 09:05:00", "telegram:99", "telegram", "chat", "prompt_injection", "high", "blocked", "asks for the system prompt", 0.93),
]


def main() -> None:
    database = sqlite3.connect(":memory:")
    for table, columns in TABLES.items():
        database.execute(f"CREATE TABLE {table} (id TEXT PRIMARY KEY, created_at TEXT, {columns})")
    for table, *values in ROWS:
        marks = ", ".join("?" * len(values))
        database.execute(f"INSERT INTO {table} VALUES ({marks})", values)
    query = (HERE.parent / "export.sql").read_text()
    with (HERE / "export.jsonl").open("w") as out:
        for (line,) in database.execute(query):
            out.write(line + "\n")


if __name__ == "__main__":
    main()
