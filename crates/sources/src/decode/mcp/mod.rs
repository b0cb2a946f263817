//! MCP traffic as a tap writes it: requests joined with their answers, tool definitions hashed.
//!
//! Envelope: `ts_ns, seq, connection_id, transport, direction, client_pid, server_pid, server_label,
//! server_cmdline, message`, and over HTTP also `http` with `url`, `host`, `path`, `headers`, `status`,
//! `client_ip`, `client_port`, `server_ip`, `server_port`, `tls_version`, `tls_name`, `response_headers`. With
//! `tool_definition_hashes` a tap says what it hashed. Records of the direction `tap` are what the tap itself has to
//! say: `event` and its members. JSON-RPC answers are joined on (connection, direction, id). Both eras of the protocol parse: sessions that begin with
//! `initialize` (to 2025-11-25) and stateless requests that carry their own `_meta` (2026-07-28).
//!
//! State is bounded: [`MAX_CONNECTIONS`] connections, [`MAX_PENDING`] requests that wait no longer than
//! [`MAX_WAIT_NS`], [`MAX_TOOLS`] known tool definitions.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use std::time::Duration;

use crate::tree::{Map, Value, json_text};

use super::{Decode, DecodeProblem, Decoded, RawRecord, below, json_object, put};

mod definitions;
mod rows;

use definitions::Definitions;

const MAX_CONNECTIONS: usize = 4096;
const MAX_PENDING: usize = 16_384;
const MAX_TOOLS: usize = 65_536;
/// How long an answer is waited for where records come over time.
const PATIENCE: Duration = Duration::from_secs(10);
/// An unanswered request is given out after ten minutes of event time.
const MAX_WAIT_NS: i64 = 600_000_000_000;

/// The tap's decoder.
#[derive(Default)]
pub(super) struct Mcp {
    connections: HashMap<String, Connection>,
    /// Requests without an answer yet, in order of arrival.
    pending: BTreeMap<u64, Request>,
    /// (connection, came from the client, id) to the key in `pending`.
    by_id: HashMap<(String, bool, String), u64>,
    next: u64,
    definitions: Definitions,
}

/// What earlier messages of a connection told.
#[derive(Default)]
struct Connection {
    client: Peer,
    server: Peer,
    protocol: Option<String>,
    session: Option<String>,
    instructions: Option<String>,
    /// A `list_changed` notice arrived since the last list.
    changed: bool,
    lists: u32,
    last_seen: i64,
}

/// A connection of which nothing is known.
static UNKNOWN: LazyLock<Connection> = LazyLock::new(Connection::default);

#[derive(Default)]
struct Peer {
    name: Option<String>,
    version: Option<String>,
}

struct Request {
    key: (String, bool, String),
    envelope: Envelope,
}

/// One tapped message.
struct Envelope {
    raw: RawRecord,
    fields: Map,
    message: Map,
    connection: String,
    time_ns: i64,
    from_client: bool,
}

impl Decode for Mcp {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let (record, mut fields) = match json_object(RawRecord::new(raw, line)) {
            Ok(read) => read,
            Err(problem) => return problems.push(problem),
        };
        match fields.remove("message") {
            // Batches were allowed up to 2025-03-26.
            Some(Value::Array(messages)) => {
                for message in messages {
                    self.one(&record, fields.clone(), message, out, problems);
                }
            }
            Some(message) => self.one(&record, fields, message, out, problems),
            None => problems.push(record.problem("tap record without a message")),
        }
    }

    fn finish(&mut self, out: &mut Vec<Decoded>, _problems: &mut Vec<DecodeProblem>) {
        for request in std::mem::take(&mut self.pending).into_values() {
            self.unanswered(request, out);
        }
        self.by_id.clear();
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn waiting(&self) -> Vec<RawRecord> {
        let mut records: Vec<RawRecord> = Vec::with_capacity(self.pending.len());
        for request in self.pending.values() {
            // Several requests may have come in one batch.
            if records.last() != Some(&request.envelope.raw) {
                records.push(request.envelope.raw.clone());
            }
        }
        records
    }
}

impl Mcp {
    fn one(
        &mut self,
        record: &RawRecord,
        fields: Map,
        message: Value,
        out: &mut Vec<Decoded>,
        problems: &mut Vec<DecodeProblem>,
    ) {
        let Some(direction) = fields.get("direction").and_then(Value::as_str) else {
            return problems.push(record.clone().problem("tap record without a direction"));
        };
        if direction == "server_stderr" {
            return out.push(rows::stderr(record.clone(), fields));
        }
        if direction == "tap" {
            return out.push(rows::event(record.clone(), &fields));
        }
        let from_client = direction == "client_to_server";
        let Value::Object(message) = message else {
            return out.push(rows::unreadable(record.clone(), fields));
        };
        let connection = fields.get("connection_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let time_ns = fields.get("ts_ns").and_then(Value::as_i64).unwrap_or_default();
        let envelope = Envelope { raw: record.clone(), fields, message, connection, time_ns, from_client };
        self.expire(time_ns, out);
        self.note(&envelope);
        let id = envelope.message.get("id").filter(|id| !id.is_null()).map(json_text);
        match (envelope.message.contains_key("method"), id) {
            (true, Some(id)) => self.hold(envelope, id, out),
            (true, None) => out.push(self.notification(envelope)),
            (false, Some(id)) => self.answer(envelope, id, out),
            (false, None) => {
                out.push(rows::message(&envelope, None, self.connection(&envelope.connection), None));
            }
        }
    }

    fn connection(&self, id: &str) -> &Connection {
        self.connections.get(id).unwrap_or(&UNKNOWN)
    }

    /// Remembers who speaks: `initialize`, `server/discover`, or the `_meta` of every message.
    fn note(&mut self, envelope: &Envelope) {
        if !self.connections.contains_key(&envelope.connection) && self.connections.len() >= MAX_CONNECTIONS {
            let oldest =
                self.connections.iter().min_by_key(|(_, state)| state.last_seen).map(|(id, _)| id.clone());
            oldest.map(|id| self.connections.remove(&id));
        }
        let state = self.connections.entry(envelope.connection.clone()).or_default();
        state.last_seen = envelope.time_ns;
        let (params, result) = (envelope.message.get("params"), envelope.message.get("result"));
        let text = |part: Option<&Value>, path: &[&str]| below(part?, path)?.as_str().map(str::to_owned);
        let meta = [params, result].into_iter().flatten().find_map(|part| part.get("_meta"));
        let (client, server) = ("io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/serverInfo");
        for (member, ours, theirs) in [
            ("name", &mut state.client.name, &mut state.server.name),
            ("version", &mut state.client.version, &mut state.server.version),
        ] {
            keep(ours, text(params, &["clientInfo", member]).or_else(|| text(meta, &[client, member])));
            keep(theirs, text(result, &["serverInfo", member]).or_else(|| text(meta, &[server, member])));
        }
        let protocol = text(result, &["protocolVersion"]);
        keep(
            &mut state.protocol,
            protocol.or_else(|| text(meta, &["io.modelcontextprotocol/protocolVersion"])),
        );
        keep(&mut state.instructions, text(result, &["instructions"]));
        keep(&mut state.session, rows::header(&envelope.fields, "mcp-session-id"));
        if envelope.message.get("method").and_then(Value::as_str) == Some("notifications/tools/list_changed")
        {
            state.changed = true;
        }
    }

    fn hold(&mut self, envelope: Envelope, id: String, out: &mut Vec<Decoded>) {
        let key = (envelope.connection.clone(), envelope.from_client, id);
        self.next += 1;
        if let Some(earlier) = self.by_id.insert(key.clone(), self.next) {
            // The id was reused before its answer came.
            if let Some(request) = self.pending.remove(&earlier) {
                self.unanswered(request, out);
            }
        }
        self.pending.insert(self.next, Request { key, envelope });
        if self.pending.len() > MAX_PENDING
            && let Some((_, request)) = self.pending.pop_first()
        {
            self.by_id.remove(&request.key);
            self.unanswered(request, out);
        }
    }

    fn expire(&mut self, now_ns: i64, out: &mut Vec<Decoded>) {
        while let Some(oldest) = self.pending.first_entry() {
            if now_ns.saturating_sub(oldest.get().envelope.time_ns) < MAX_WAIT_NS {
                break;
            }
            let request = oldest.remove();
            self.by_id.remove(&request.key);
            self.unanswered(request, out);
        }
    }

    fn unanswered(&self, request: Request, out: &mut Vec<Decoded>) {
        let state = self.connection(&request.envelope.connection);
        out.push(rows::message(&request.envelope, None, state, None));
    }

    fn notification(&self, envelope: Envelope) -> Decoded {
        rows::message(&envelope, None, self.connection(&envelope.connection), None)
    }

    fn answer(&mut self, answer: Envelope, id: String, out: &mut Vec<Decoded>) {
        let key = (answer.connection.clone(), !answer.from_client, id);
        let request = self.by_id.remove(&key).and_then(|position| self.pending.remove(&position));
        let Some(Request { envelope: request, .. }) = request else {
            // The tap started in the middle: an answer whose question it never saw.
            return out.push(rows::message(&answer, None, self.connection(&answer.connection), None));
        };
        let method = request.message.get("method").and_then(Value::as_str).unwrap_or_default();
        let result = answer.message.get("result");
        let listed = result.filter(|_| method == "tools/list");
        // 2026-07-28: what the server asks of the client comes inside the result.
        let asked = result.and_then(|result| result.get("inputRequests")).and_then(Value::as_object);
        let joined = rows::message(&request, Some(&answer), self.connection(&request.connection), None);
        let more =
            (listed.is_some() || asked.is_some()).then(|| (rows::base(&joined.fields), joined.raws.clone()));
        out.push(joined);
        let Some((base, raws)) = more else { return };
        let mut made = Vec::new();
        if let Some(result) = listed {
            let cursor = request.message.get("params").and_then(|params| params.get("cursor")).is_some();
            let hashes = answer.fields.get("tool_definition_hashes");
            made = self.list(&base, result, hashes, &request.connection, cursor);
        }
        for (name, request_of_server) in asked.into_iter().flatten() {
            let mut fields = rows::nested(&base, name, request_of_server);
            put(&mut fields, "parent_method", method);
            made.push(fields);
        }
        for (ordinal, fields) in (1..).zip(made) {
            out.push(Decoded { fields, raws: raws.clone(), ordinal });
        }
    }

    fn list(
        &mut self,
        base: &Map,
        result: &Value,
        hashes: Option<&Value>,
        connection: &str,
        cursor: bool,
    ) -> Vec<Map> {
        let state = self.connections.entry(connection.to_owned()).or_default();
        let trigger = match (state.changed, state.lists) {
            (true, _) => "list_changed",
            (false, 0) => "connect",
            (false, _) => "poll",
        };
        state.changed = false;
        state.lists = state.lists.saturating_add(1);
        let instructions = state.instructions.clone();
        let whole = !cursor && result.get("nextCursor").is_none_or(Value::is_null);
        let tools = result.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let hashes = hashes.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut rows = self.definitions.compare(base, tools, hashes, whole);
        for row in &mut rows {
            put(row, "list_trigger", trigger);
            put(row, "instructions", instructions.clone());
        }
        rows
    }
}

fn keep(slot: &mut Option<String>, value: Option<String>) {
    if value.is_some() {
        *slot = value;
    }
}

#[cfg(test)]
mod tests;
