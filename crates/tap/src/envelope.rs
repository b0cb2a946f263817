//! The record of one message: the envelope of `content/sources/mcp_tap`.

use serde_json::{Map, Value};

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the client.
    ClientToServer,
    /// From the server.
    ServerToClient,
    /// A line of the server's standard error.
    ServerStderr,
}

/// What all records of a connection have in common.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its id; over HTTP it is used while no session of the protocol is known.
    pub(crate) id: String,
    transport: &'static str,
    /// Members as JSON text, with a comma in front of each.
    members: String,
}

/// What a record says about its message.
pub(crate) struct Content<'a> {
    /// JSON text of the message; none if what was sent is not a JSON object or array.
    pub(crate) message: Option<&'a str>,
    /// What was sent, if it is no message.
    pub(crate) raw: Option<&'a str>,
    /// Further members.
    pub(crate) more: Map<String, Value>,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::ClientToServer => "client_to_server",
            Self::ServerToClient => "server_to_client",
            Self::ServerStderr => "server_stderr",
        }
    }
}

impl Connection {
    /// A connection with those members in each record; nulls are left out.
    pub(crate) fn new(id: String, transport: &'static str, members: &[(&str, Value)]) -> Self {
        let mut text = String::new();
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            push_member(&mut text, name, value);
        }
        Self { id, transport, members: text }
    }
}

/// A record as a line with its line end.
pub(crate) fn line(
    connection: &Connection,
    id: &str,
    ts_ns: i64,
    seq: u64,
    direction: &str,
    content: &Content<'_>,
) -> String {
    let size = content.message.map_or(0, str::len) + content.raw.map_or(0, str::len);
    let mut out = String::with_capacity(size + connection.members.len() + 256);
    out.push_str("{\"ts_ns\":");
    out.push_str(&ts_ns.to_string());
    push_member(&mut out, "seq", &seq.into());
    push_member(&mut out, "connection_id", &id.into());
    push_member(&mut out, "transport", &connection.transport.into());
    push_member(&mut out, "direction", &direction.into());
    out.push_str(&connection.members);
    for (name, value) in &content.more {
        push_member(&mut out, name, value);
    }
    out.push_str(",\"message\":");
    match content.message {
        // Outside of strings JSON has line ends as blanks only, and inside of strings none at all.
        Some(text) if text.contains(['\n', '\r']) => out.push_str(&text.replace(['\n', '\r'], " ")),
        Some(text) => out.push_str(text),
        None => out.push_str("null"),
    }
    if let Some(raw) = content.raw {
        push_member(&mut out, "raw", &raw.into());
    }
    out.push_str("}\n");
    out
}

/// The name of a direction in a record.
pub(crate) fn direction(direction: Direction) -> &'static str {
    direction.name()
}

fn push_member(out: &mut String, name: &str, value: &Value) {
    out.push(',');
    out.push_str(&Value::from(name).to_string());
    out.push(':');
    out.push_str(&value.to_string());
}
