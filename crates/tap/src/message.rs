//! What a record says of one message: its text without credentials, and the hashes of the tools it defines.

use atalanta_record::canonical_json::canonical_hash;
use atalanta_record::tree;
use serde_json::{Map, Value, json};

use crate::assemble::Piece;
use crate::credentials::{redact_json, redact_line};

/// Text of something that is no message, at most.
const MAX_RAW: usize = 1 << 20;

/// A message, ready for its record.
#[derive(Debug)]
pub(crate) struct Message {
    /// JSON text, if it is an object or an array.
    pub(crate) json: Option<String>,
    /// What was sent, if it is not.
    pub(crate) raw: Option<String>,
    /// Further members of the record.
    pub(crate) more: Map<String, Value>,
}

/// Reads what was sent.
pub(crate) fn read(piece: &Piece) -> Message {
    let mut more = Map::new();
    if piece.missing > 0 {
        more.insert("missing_bytes".to_owned(), piece.missing.into());
        return text(&piece.bytes, more);
    }
    let json = match std::str::from_utf8(&piece.bytes) {
        Ok(json) => json.trim(),
        Err(_) => return text(&piece.bytes, more),
    };
    match serde_json::from_str::<tree::Value>(json) {
        Ok(mut value) if value.is_object() || value.is_array() => {
            // Before anything is removed: the hash is of the definition that the client was given.
            if let Some(hashes) = definition_hashes(&value) {
                more.insert("tool_definition_hashes".to_owned(), hashes);
            }
            Message { json: Some(redact_json(json, &mut value)), raw: None, more }
        }
        _ => text(&piece.bytes, more),
    }
}

/// A line that is only text.
pub(crate) fn read_text(piece: &Piece) -> Message {
    let mut more = Map::new();
    if piece.missing > 0 {
        more.insert("missing_bytes".to_owned(), piece.missing.into());
    }
    text(&piece.bytes, more)
}

fn text(bytes: &[u8], mut more: Map<String, Value>) -> Message {
    let shown = &bytes[..bytes.len().min(MAX_RAW)];
    if shown.len() < bytes.len() {
        let missing = more.get("missing_bytes").and_then(Value::as_u64).unwrap_or(0);
        more.insert("missing_bytes".to_owned(), (missing + (bytes.len() - shown.len()) as u64).into());
    }
    Message { json: None, raw: Some(redact_line(&String::from_utf8_lossy(shown))), more }
}

/// SHA-256 of each tool's definition in canonical form, in the order of the list.
fn definition_hashes(message: &tree::Value) -> Option<Value> {
    let tools = message.get("result")?.get("tools")?.as_array()?;
    Some(json!(tools.iter().map(canonical_hash).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(bytes: &[u8]) -> Piece {
        Piece { bytes: bytes.to_vec(), ..Piece::default() }
    }

    #[test]
    fn tools_are_hashed_as_they_were_sent() {
        let tool = json!({ "name": "t", "inputSchema": { "default": { "api_key": "s3cret-1" } } });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": [tool] } }).to_string();
        let read = read(&piece(message.as_bytes()));
        assert_eq!(read.more["tool_definition_hashes"], json!([canonical_hash(&tool.into())]));
        assert!(!read.json.unwrap().contains("s3cret"));
    }

    #[test]
    fn what_is_no_message_is_kept_as_text() {
        for bytes in [b"{\"a\":".as_slice(), b"\xff\xfe{}", b"5", b"hello", &b"[".repeat(100_000)] {
            let read = read(&piece(bytes));
            assert!(read.json.is_none() && read.raw.is_some_and(|raw| !raw.is_empty()));
        }
        let cut = Piece { bytes: b"{}".to_vec(), missing: 7, event: None };
        assert_eq!(read(&cut).more["missing_bytes"], 7);
    }
}
