//! Records that are JSON objects already. What wraps them (arrays, envelopes, JSON inside text, a model call's
//! request and answer) is taken off as the source's `json:` options say.

use std::sync::Arc;

use crate::tree::{Map, Value, json_text};
use serde::Deserialize;

use super::llm_http::{assembled, body};
use super::{Decode, DecodeProblem, Decoded, RawRecord, json, kind, put, split_array};
use crate::conversation::Conversation;

/// What a `source.yaml` says under `json`. Paths are member names joined by dots.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JsonOptions {
    /// Members that hold an array of records: an object that has one of them is taken apart.
    records: Vec<String>,
    /// Paths of members that are the record, in an envelope. The rest of the record becomes the member `envelope`.
    lift: Vec<String>,
    /// Paths of texts that hold JSON.
    embedded: Vec<String>,
    /// Paths of arrays each of whose elements is a record of its own: the element is the member `item`, the path
    /// `item_of`, its place `item_at`, beside the other members.
    each: Vec<String>,
    /// Members that only the first records of a stream have: later records get the last value as `_carried`.
    carry: Vec<String>,
    /// Member, carried or not, whose UUID of version 7 tells a time: the milliseconds become `_uuid_ms`.
    uuid_time: Option<String>,
    /// Path of the body of a request to a model; becomes `request_body` as text, `_request` and text by role.
    request: Option<String>,
    /// Path of the answer; becomes `response_body` and `_response`.
    response: Option<String>,
}

/// One object per record, or an array of objects.
pub(super) struct Json {
    options: Arc<JsonOptions>,
    carried: Map,
}

impl Decode for Json {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        match json(RawRecord::new(raw, line)) {
            Ok((record, value)) => self.take(record, value, out, problems),
            Err(problem) => problems.push(problem),
        }
    }
}

impl Json {
    pub(super) fn new(options: Arc<JsonOptions>) -> Self {
        Self { options, carried: Map::new() }
    }

    fn take(
        &mut self,
        record: RawRecord,
        value: Value,
        out: &mut Vec<Decoded>,
        problems: &mut Vec<DecodeProblem>,
    ) {
        match value {
            Value::Array(elements) => self.unfold(&record, None, elements, out, problems),
            Value::Object(mut fields) => {
                let options = Arc::clone(&self.options);
                let name = options.records.iter().find(|name| fields.get(name).is_some_and(Value::is_array));
                if let Some(name) = name
                    && let Some(Value::Array(elements)) = fields.remove(name)
                {
                    return self.unfold(&record, Some(name), elements, out, problems);
                }
                self.object(record, fields, out);
            }
            other => problems.push(record.problem(format!("expected a JSON object, found {}", kind(&other)))),
        }
    }

    /// The elements of an array as records of their own, each with its own text.
    fn unfold(
        &mut self,
        record: &RawRecord,
        member: Option<&str>,
        elements: Vec<Value>,
        out: &mut Vec<Decoded>,
        problems: &mut Vec<DecodeProblem>,
    ) {
        for (position, (own, element)) in split_array(record, member, elements).enumerate() {
            match element {
                Value::Object(fields) => self.object(own, fields, out),
                other => problems.push(own.problem(format!(
                    "expected a JSON object at position {position} of the array, found {}",
                    kind(&other)
                ))),
            }
        }
    }

    fn object(&mut self, record: RawRecord, mut fields: Map, out: &mut Vec<Decoded>) {
        for path in &self.options.lift {
            lift(&mut fields, path);
        }
        for path in &self.options.embedded {
            if let Some(value) = at(&mut fields, path)
                && let Some(inner) = value.as_str().and_then(parsed)
            {
                *value = inner;
            }
        }
        self.remember(&mut fields);
        self.exchange(&mut fields);
        let mut items: Vec<(&str, Vec<Value>)> = Vec::new();
        for path in &self.options.each {
            if at(&mut fields, path).is_some_and(|value| value.as_array().is_some_and(|all| !all.is_empty()))
                && let Some(Value::Array(elements)) = cut(&mut fields, path)
            {
                items.push((path, elements));
            }
        }
        if items.is_empty() {
            return out.push(record.decoded(fields));
        }
        let mut ordinal = 0;
        for (path, elements) in items {
            for (position, element) in elements.into_iter().enumerate() {
                let mut own = fields.clone();
                put(&mut own, "item", element);
                put(&mut own, "item_of", path);
                put(&mut own, "item_at", position as u64);
                out.push(Decoded { fields: own, raws: vec![record.clone()], ordinal });
                ordinal += 1;
            }
        }
    }

    fn remember(&mut self, fields: &mut Map) {
        for name in &self.options.carry {
            if let Some(value) = fields.get(name).filter(|value| !value.is_null()) {
                self.carried.insert(name.clone(), value.clone());
            }
        }
        if !self.carried.is_empty() {
            put(fields, "_carried", self.carried.clone());
        }
        let Some(name) = &self.options.uuid_time else { return };
        let id = fields.get(name).or_else(|| self.carried.get(name)).and_then(Value::as_str);
        if let Some(time) = id.and_then(uuid_time) {
            put(fields, "_uuid_ms", time);
        }
    }

    /// A call of a model: text by role, and the bodies as text.
    fn exchange(&self, fields: &mut Map) {
        let mut conversation = Conversation::default();
        for (path, text, view) in [
            (&self.options.request, "request_body", "_request"),
            (&self.options.response, "response_body", "_response"),
        ] {
            let Some(found) = path.as_ref().and_then(|path| cut(fields, path)) else { continue };
            let shown = found.as_str().map_or_else(|| json_text(&found), str::to_owned);
            let (value, same) = match found {
                Value::Array(chunks) if is_stream(&chunks) => (assembled(chunks), false),
                // The text of an object is what the rules would see of it.
                found => {
                    let same = !found.is_string();
                    (body(found), same)
                }
            };
            if text == "request_body" {
                match &value {
                    Value::Array(_) => conversation.messages(&value, false),
                    _ => conversation.request(&value),
                }
                if let Some(tools) = value.get("tools") {
                    put(fields, "tools_hash", crate::canonical_json::canonical_hash(tools));
                }
            } else {
                match &value {
                    Value::Array(_) => conversation.messages(&value, true),
                    _ => conversation.response(&value),
                }
            }
            put(fields, view, if same { shown.clone().into() } else { value });
            put(fields, text, shown);
        }
        conversation.put_into(fields);
    }
}

/// Whether an answer is the chunks of a stream rather than messages.
fn is_stream(chunks: &[Value]) -> bool {
    chunks.iter().all(|chunk| chunk.is_object() && chunk.get("role").is_none())
}

/// The record inside an envelope takes the envelope's place, unless a member would be lost by that.
fn lift(fields: &mut Map, path: &str) {
    let Some(found) = at(fields, path) else { return };
    let text = found.as_str().and_then(parsed);
    let Some(Value::Object(inner)) = text.as_ref().or(Some(found)) else { return };
    if inner.contains_key("envelope") {
        return;
    }
    let Some(Value::Object(inner)) = cut(fields, path).map(|found| text.unwrap_or(found)) else { return };
    let envelope = std::mem::replace(fields, inner);
    fields.insert("envelope", Value::Object(envelope));
}

/// Milliseconds since 1970 of a UUID of version 7.
pub(super) fn uuid_time(id: &str) -> Option<i64> {
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    if digits.len() != 32 || digits.as_bytes()[12] != b'7' {
        return None;
    }
    i64::from_str_radix(digits.get(..12)?, 16).ok()
}

/// The object or array that a text holds.
fn parsed(text: &str) -> Option<Value> {
    let text = text.trim();
    text.starts_with(['{', '[']).then(|| serde_json::from_str(text).ok())?
}

fn at<'f>(fields: &'f mut Map, path: &str) -> Option<&'f mut Value> {
    match path.split_once('.') {
        None => fields.get_mut(path),
        Some((first, rest)) => at(fields.get_mut(first)?.as_object_mut()?, rest),
    }
}

fn cut(fields: &mut Map, path: &str) -> Option<Value> {
    match path.split_once('.') {
        None => fields.remove(path),
        Some((first, rest)) => cut(fields.get_mut(first)?.as_object_mut()?, rest),
    }
    .filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(options: Value, text: &str) -> Vec<Decoded> {
        let options = Arc::new(serde_json::from_value(options.into()).unwrap());
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        Json::new(options).push(text.as_bytes(), 1, &mut out, &mut problems);
        assert_eq!(problems, []);
        out
    }

    #[test]
    fn each_record_of_a_list_keeps_its_own_text() {
        let out = decode(
            json!({ "records": ["items"] }),
            "{\"kind\":\"List\",\"items\":[\n{\"a\": 1},\n{\"a\": 2}]}",
        );
        assert_eq!((&*out[1].raws[0].text, out[1].raws[0].line), ("{\"a\": 2}", 3));
        assert_eq!(decode(json!({}), "[{\"a\":1}, {\"b\":2}]")[1].raws[0].text.as_ref(), "{\"b\":2}");
    }

    #[test]
    fn records_of_a_large_list_have_their_lines() {
        let items: Vec<String> = (0..20_000).map(|n| format!("{{\"n\":\n{n}}}")).collect();
        let text = format!(
            "{{\n\"items\": [0], \"x\": \"\\\"items\\\":[]\",\n\"items\":\n[\n{}\n]}}",
            items.join(",\n")
        );
        let out = decode(json!({ "records": ["items"] }), &text);
        assert_eq!(out.len(), items.len());
        for (at, (decoded, text)) in out.iter().zip(&items).enumerate() {
            let raw = &decoded.raws[0];
            assert_eq!((&*raw.text, raw.line), (text.as_str(), 5 + 2 * at as u64));
        }
    }

    #[test]
    fn an_envelope_is_kept_beside_the_record() {
        let options = json!({ "lift": ["properties.log"] });
        let out =
            decode(options.clone(), r#"{"time":"t","properties":{"log":"{\"verb\":\"get\"}","pod":"p"}}"#);
        assert_eq!(
            Value::Object(out[0].fields.clone()),
            json!({ "verb": "get", "envelope": { "time": "t", "properties": { "pod": "p" } } })
        );
        let kept = decode(options, r#"{"properties":{"log":"plain text"}}"#);
        assert_eq!(kept[0].fields["properties"]["log"], "plain text");
    }

    #[test]
    fn elements_of_an_array_are_records_beside_the_other_members() {
        let out = decode(
            json!({ "each": ["tests", "metrics"] }),
            r#"{"id":7,"metrics":[{"v":1},{"v":2}],"tests":[]}"#,
        );
        assert_eq!(out.len(), 2);
        assert_eq!((&out[1].fields["item"]["v"], &out[1].fields["id"]), (&json!(2), &json!(7)));
        assert_eq!((out[0].ordinal, out[1].ordinal), (0, 1));
        assert_eq!(out[0].fields["tests"], json!([]), "nothing of the record is gone");
        assert_eq!(decode(json!({ "each": ["tests"] }), r#"{"id":7}"#)[0].fields["id"], 7);
    }

    #[test]
    fn a_session_named_once_is_carried_and_tells_the_time() {
        let options = json!({ "carry": ["thread_id"], "uuid_time": "thread_id" });
        let out = decode(
            options,
            r#"[{"thread_id":"01a20046-4544-7e72-974b-ca6eb2fc2e5f"},{"type":"turn.started"}]"#,
        );
        assert_eq!(out[1].fields["_carried"]["thread_id"], "01a20046-4544-7e72-974b-ca6eb2fc2e5f");
        assert_eq!(out[1].fields["_uuid_ms"], 1_795_300_934_980_i64);
        assert_eq!(uuid_time("70e88ce3-41c7-43b1-baeb-3dc8d01f6f72"), None);
        assert_eq!(uuid_time("01a2\u{e9}0048"), None);
    }

    #[test]
    fn an_answer_logged_as_chunks_is_put_together() {
        let options = json!({ "request": "input.body", "response": "output.body" });
        let text = r#"{"input":{"body":{"messages":[{"role":"user","content":"hi"}]},"tokens":3},
            "output":{"body":[{"type":"message_start","message":{"id":"m1"}},{"type":"content_block_delta","delta":{"text":"he"}},{"type":"content_block_delta","delta":{"text":"llo"}},{"type":"message_delta","delta":{"stop_reason":"end_turn"}}]}}"#;
        let fields = decode(options, text).remove(0).fields;
        assert_eq!((&fields["text_user"], &fields["text_output"]), (&json!("hi"), &json!("hello")));
        assert_eq!(fields["finish"], "stop");
        assert_eq!(fields["input"], json!({ "tokens": 3 }));
        assert!(fields["response_body"].as_str().unwrap().contains("\"type\":\"message_start\""));
    }
}
