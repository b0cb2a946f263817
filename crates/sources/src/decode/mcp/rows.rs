//! Records made of one MCP message, or of a request and its answer.

use crate::tree::{Map, Value, json_text};

use super::{Connection, Envelope};
use crate::canonical_json::canonical_hash;
use crate::decode::{Decoded, RawRecord, below, put};

/// The row of a message; with `answer`, of a call.
pub(super) fn message(
    first: &Envelope,
    answer: Option<&Envelope>,
    state: &Connection,
    kind: Option<&str>,
) -> Decoded {
    let mut fields = envelope(&first.fields, first.from_client, state);
    let method = first.message.get("method").and_then(Value::as_str);
    let tool_call = method == Some("tools/call");
    put(&mut fields, "kind", kind.unwrap_or(if tool_call { "tool_call" } else { "message" }));
    put(&mut fields, "method", method);
    put(&mut fields, "rpc_id", first.message.get("id").map(id_text));
    let mut params = first.message.get("params").cloned().unwrap_or_default();
    for (from, to) in [("uri", "resource_uri"), ("protocolVersion", "requested_protocol")] {
        put(&mut fields, to, params.get(from).cloned().unwrap_or_default());
    }
    if method.is_some_and(|method| method.starts_with("prompts/")) {
        put(&mut fields, "prompt_name", params.get("name").cloned().unwrap_or_default());
    }
    trace(&mut fields, &params);
    if tool_call {
        call(&mut fields, &params, answer.is_some());
    }
    let outcome = answer.map_or(&first.message, |answer| &answer.message);
    result(&mut fields, outcome, tool_call);
    if method.is_some() && first.fields.contains_key("http") {
        put(&mut fields, "body", json_text(&first.message));
    }
    if let Some(members) = params.as_object_mut().filter(|_| tool_call) {
        members.retain(|name, _| name != "name" && name != "arguments");
    }
    put(&mut fields, "params", params);
    let mut raws = vec![first.raw.clone()];
    if let Some(answer) = answer {
        let took = answer.time_ns.saturating_sub(first.time_ns) as f64 / 1e6;
        put(&mut fields, "duration_ms", took);
        raws.push(answer.raw.clone());
        if let Some(status) = answer.fields.get("http").and_then(|http| http.get("status")) {
            put(&mut fields, "http_status", status.clone());
        }
        if let Some(headers) = answer.fields.get("http").and_then(|http| http.get("response_headers")) {
            put(&mut fields, "response_headers", headers.clone());
        }
    }
    Decoded { fields, raws, ordinal: 0 }
}

/// Text a server wrote to its standard error.
pub(super) fn stderr(raw: RawRecord, fields: Map) -> Decoded {
    let mut row = envelope(&fields, false, &Connection::default());
    row.remove("direction");
    put(&mut row, "kind", "stderr");
    put(&mut row, "text", fields.get("raw").cloned().unwrap_or_default());
    raw.decoded(row)
}

/// What the tap itself says: that it started, how the server ended, what it could not record.
pub(super) fn event(raw: RawRecord, fields: &Map) -> Decoded {
    let mut row = envelope(fields, true, &Connection::default());
    row.remove("direction");
    put(&mut row, "kind", "tap");
    for name in ["event", "exit_code", "signal", "records_lost"] {
        put(&mut row, name, fields.get(name).cloned().unwrap_or_default());
    }
    put(&mut row, "client_command", command_line(fields.get("client_cmdline")).join(" "));
    raw.decoded(row)
}

/// A line on the wire that is not a JSON-RPC object.
pub(super) fn unreadable(raw: RawRecord, fields: Map) -> Decoded {
    let from_client = fields.get("direction").and_then(Value::as_str) == Some("client_to_server");
    let mut row = envelope(&fields, from_client, &Connection::default());
    put(&mut row, "kind", "message");
    put(&mut row, "text", fields.get("raw").cloned().unwrap_or_default());
    put(&mut row, "missing_bytes", fields.get("missing_bytes").cloned().unwrap_or_default());
    if let Some(status) = fields.get("http").and_then(|http| http.get("status")) {
        put(&mut row, "http_status", status.clone());
    }
    raw.decoded(row)
}

/// What a call says about the connection: its members without those of the call itself.
pub(super) fn base(call: &Map) -> Map {
    const OF_CALL: &[&str] = &[
        "params",
        "result",
        "body",
        "duration_ms",
        "tool_name",
        "tool_arguments",
        "tool_result",
        "tool_result_bytes",
        "is_error",
        "phase",
    ];
    let kept = call.iter().filter(|(name, _)| !OF_CALL.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A request of the server that came inside a result.
pub(super) fn nested(base: &Map, name: &str, request: &Value) -> Map {
    let mut fields = base.clone();
    put(&mut fields, "kind", "message");
    put(&mut fields, "direction", "server_to_client");
    put(&mut fields, "rpc_id", name);
    put(&mut fields, "method", request.get("method").cloned().unwrap_or_default());
    put(&mut fields, "params", request.get("params").cloned().unwrap_or_default());
    fields
}

/// A header of the HTTP envelope, by its lower-case name.
pub(super) fn header(fields: &Map, name: &str) -> Option<String> {
    let http = fields.get("http")?;
    let all = ["headers", "response_headers"].iter().filter_map(|of| http.get(*of)?.as_object());
    let mut found = all.flatten().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next()?.1.as_str().map(str::to_owned)
}

fn envelope(fields: &Map, from_client: bool, state: &Connection) -> Map {
    let mut row = Map::new();
    for name in [
        "ts_ns",
        "seq",
        "connection_id",
        "transport",
        "client_pid",
        "server_pid",
        "server_label",
        "client_name",
        "user",
        "user_name",
        "host",
    ] {
        put(&mut row, name, fields.get(name).cloned().unwrap_or_default());
    }
    put(&mut row, "direction", if from_client { "client_to_server" } else { "server_to_client" });
    let command = command_line(fields.get("server_cmdline"));
    put(&mut row, "server_command", command.join(" "));
    put(&mut row, "server_image", command.first().and_then(|path| path.rsplit(['/', '\\']).next()));
    if let Some(http) = fields.get("http") {
        put(&mut row, "http", http.clone());
    }
    put(&mut row, "tool_server", tool_server(fields, &command));
    put(&mut row, "client_name", state.client.name.clone());
    put(&mut row, "client_version", state.client.version.clone());
    put(&mut row, "server_name", state.server.name.clone());
    put(&mut row, "server_version", state.server.version.clone());
    let protocol = header(fields, "mcp-protocol-version").or_else(|| state.protocol.clone());
    put(&mut row, "protocol_version", protocol);
    put(&mut row, "mcp_session", state.session.clone());
    row
}

fn command_line(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(line)) => line.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Identity of a server that a display name cannot forge: host, path and TLS name over HTTP; over stdio a
/// hash of the command without what looks like a path or a secret.
fn tool_server(fields: &Map, command: &[String]) -> Option<String> {
    if let Some(http) = fields.get("http") {
        let text = |name: &str| http.get(name).and_then(Value::as_str);
        let host = text("tls_name").or_else(|| text("host"));
        if let Some(url) = text("url").filter(|_| host.is_none()) {
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            return Some(rest.split(['?', '#']).next().unwrap_or(rest).to_ascii_lowercase());
        }
        // A query may name a session; the server is the same in all of them.
        let path = text("path").unwrap_or("").split(['?', '#']).next().unwrap_or("");
        return Some(format!("{}{path}", host?.to_ascii_lowercase()));
    }
    let (program, arguments) = command.split_first()?;
    let program = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let mut stable = vec![program];
    // A script or package is what the interpreter runs: keep its name, not the folder it lies in.
    stable.extend(arguments.iter().filter_map(|argument| stable_part(argument)));
    Some(format!("stdio:{}:{}", program, &canonical_hash(&stable.into())[..16]))
}

fn stable_part(argument: &str) -> Option<&str> {
    let name = argument.rsplit(['/', '\\']).next().unwrap_or(argument);
    let script = [".js", ".mjs", ".cjs", ".ts", ".py", ".jar", ".sh"].iter().any(|end| name.ends_with(end));
    let path = argument.contains(['/', '\\']) && !argument.starts_with('@');
    let secret = argument.len() >= 20
        && argument.chars().any(|c| c.is_ascii_digit())
        && !argument.contains(['.', '@']);
    match (script, path || secret) {
        (true, _) => Some(name),
        (false, true) => None,
        (false, false) => Some(argument),
    }
}

fn call(fields: &mut Map, params: &Value, answered: bool) {
    put(fields, "tool_name", params.get("name").cloned().unwrap_or_default());
    put(fields, "tool_arguments", params.get("arguments").cloned().unwrap_or_default());
    put(fields, "phase", if answered { "executed" } else { "requested" });
}

fn result(fields: &mut Map, message: &Map, tool_call: bool) {
    if let Some(error) = message.get("error") {
        put(fields, "error_code", error.get("code").cloned().unwrap_or_default());
        put(fields, "error_message", error.get("message").cloned().unwrap_or_default());
        put(fields, "error_data", error.get("data").cloned().unwrap_or_default());
        if tool_call {
            put(fields, "is_error", true);
        }
    }
    let Some(mut result) = message.get("result").cloned() else { return };
    if tool_call {
        let text = result_text(&result);
        put(fields, "tool_result_bytes", text.len());
        put(fields, "tool_result", text);
        put(fields, "is_error", result.get("isError").and_then(Value::as_bool).unwrap_or(false));
        let only_text = |content: &Value| {
            content.as_array().is_some_and(|parts| {
                parts.iter().all(|part| part.get("type").is_some_and(|kind| kind == "text"))
            })
        };
        if let Some(members) = result.as_object_mut() {
            members.retain(|name, value| name != "isError" && !(name == "content" && only_text(value)));
        }
    }
    put(fields, "result", result);
}

/// What the model reads of a result: its texts, else the result itself.
fn result_text(result: &Value) -> String {
    let content = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = content
        .iter()
        .filter_map(|part| {
            part.get("text").or_else(|| below(part, &["resource", "text"])).and_then(Value::as_str)
        })
        .collect();
    match (texts.is_empty(), result.get("structuredContent")) {
        (false, _) => texts.join("\n"),
        (true, Some(structured)) => json_text(structured),
        (true, None) => json_text(result.get("content").unwrap_or(result)),
    }
}

fn trace(fields: &mut Map, params: &Value) {
    let Some(parent) = below(params, &["_meta", "traceparent"]).and_then(Value::as_str) else { return };
    let parts: Vec<&str> = parent.split('-').collect();
    if let [_, trace, span, _] = parts.as_slice() {
        put(fields, "trace", *trace);
        put(fields, "parent_span", *span);
    }
}

fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| json_text(id), str::to_owned)
}
