//! HTTP exchanges as a proxy or tap writes them, with the bodies of the model APIs taken apart.
//!
//! The envelope is ours: `ts_ns`, `method`, `path`, `headers`, `request_body`, and where the tap saw
//! them `status`, `response_headers`, `response_body`, `client_ip`, `client_port`, `server_ip`,
//! `server_port`, `scheme`, `duration_ms`, `bytes_out`, `bytes_in`, `user`, `process_name`,
//! `process_path`, `process_id`. A body is JSON, or text when it is not JSON; a streamed answer is the
//! text of its server-sent events.

use crate::tree::{Map, Text, Value, json_text};

use super::{Decode, DecodeProblem, Decoded, RawRecord, below, one_object, put};
use crate::conversation::{Conversation, function_call};

/// One exchange per record.
pub(super) struct LlmHttp;

impl Decode for LlmHttp {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        one_object(RawRecord::new(raw, line), out, problems, |mut fields| {
            extend(&mut fields);
            Ok(fields)
        });
    }
}

fn extend(fields: &mut Map) {
    for name in ["headers", "response_headers"] {
        if let Some(Value::Object(headers)) = fields.get_mut(name) {
            let lower = |(mut name, value): (Text, Value)| {
                name.make_ascii_lowercase();
                (name, value)
            };
            *headers = std::mem::take(headers).into_iter().map(lower).collect();
        }
    }
    let (request, written_request) = take_body(fields, "request_body");
    let (response, written_response) = take_body(fields, "response_body");
    if let Some(operation) = operation(fields, &request) {
        put(fields, "operation", operation);
        let mut conversation = Conversation::default();
        conversation.request(&request);
        conversation.response(&response);
        conversation.put_into(fields);
        if let Some(tools) = request.get("tools") {
            put(fields, "tools_hash", crate::canonical_json::canonical_hash(tools));
        }
        put(fields, "_request", written_request.unwrap_or(request));
        put(fields, "_response", written_response.unwrap_or(response));
    }
}

/// The JSON of a body; where it stands the body's text stays. If that was written here, rules may read the text, which
/// saves writing the value again.
fn take_body(fields: &mut Map, name: &str) -> (Value, Option<Value>) {
    match fields.get_mut(name) {
        None => (Value::Null, None),
        Some(Value::String(text)) => (of_text(text), None),
        Some(value @ (Value::Object(_) | Value::Array(_))) => {
            let text = json_text(value);
            let written = text.clone().into();
            (std::mem::replace(value, text.into()), Some(written))
        }
        Some(other) => (other.clone(), None),
    }
}

/// The JSON of a body: as it is, from its text, or assembled from server-sent events.
pub(super) fn body(value: Value) -> Value {
    match value {
        Value::String(text) => of_text(&text),
        other => other,
    }
}

fn of_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| assemble(text))
}

/// What is asked of the model, from the path; `None` for exchanges with other services.
fn operation(fields: &Map, request: &Value) -> Option<&'static str> {
    let path = fields.get("path").and_then(Value::as_str)?;
    let path = path.split(['?', '#']).next().unwrap_or(path);
    if fields.get("method").and_then(Value::as_str).is_some_and(|method| !method.eq_ignore_ascii_case("POST"))
    {
        return None;
    }
    let ends = |suffix: &str| path.ends_with(suffix);
    Some(match () {
        () if ends("/chat/completions")
            || ends("/converse")
            || ends("/converse-stream")
            || ends("/api/chat") =>
        {
            "chat"
        }
        () if ends("/v1/messages") || (ends("/messages") && request.get("max_tokens").is_some()) => "chat",
        () if ends("/responses") => "responses",
        () if ends("/embeddings") || ends(":embedContent") || ends("/api/embed") => "embeddings",
        () if ends(":generateContent") || ends(":streamGenerateContent") => "generate_content",
        () if ends("/completions") || ends("/complete") || ends("/api/generate") => "text_completion",
        () if ends("/invoke") || ends("/invoke-with-response-stream") => "chat",
        () if ends("/images/generations") => "image_generation",
        () if ends("/moderations") => "moderation",
        () => return None,
    })
}

/// The events of a streamed answer's text, put together.
fn assemble(text: &str) -> Value {
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    assembled(data.filter_map(|data| serde_json::from_str(data.trim()).ok()))
}

/// Puts a streamed answer together: OpenAI chunks, responses events, Anthropic events.
pub(super) fn assembled(events: impl IntoIterator<Item = Value>) -> Value {
    const TOLD: [&str; 3] = ["id", "model", "usage"];
    let mut told: [Told; TOLD.len()] = Default::default();
    let mut said = String::new();
    let mut calls: Vec<(String, String, String)> = Vec::new();
    let mut finish = Value::Null;
    for event in events {
        if let Some(complete) = event.get("response").filter(|_| event["type"] == "response.completed") {
            return complete.clone();
        }
        for source in [Some(&event), event.get("message")].into_iter().flatten() {
            for (name, told) in TOLD.iter().zip(&mut told) {
                told.add(source.get(*name));
            }
        }
        let choice = event.get("choices").and_then(|choices| choices.get(0));
        let delta = choice.and_then(|choice| choice.get("delta")).or_else(|| event.get("delta"));
        if let Some(delta) = delta {
            for key in ["content", "text"] {
                said.push_str(delta.get(key).and_then(Value::as_str).unwrap_or_default());
            }
            for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
                add_call(
                    &mut calls,
                    call.get("id"),
                    below(call, &["function", "name"]),
                    below(call, &["function", "arguments"]),
                );
            }
            add_call(&mut calls, None, None, delta.get("partial_json"));
            finish = delta.get("stop_reason").filter(|reason| !reason.is_null()).cloned().unwrap_or(finish);
        }
        if let Some(block) = event.get("content_block").filter(|block| block["type"] == "tool_use") {
            add_call(&mut calls, block.get("id"), block.get("name"), None);
        }
        let reason = choice.and_then(|choice| choice.get("finish_reason"));
        if let Some(reason) = reason.filter(|reason| !reason.is_null()) {
            finish = reason.clone();
        }
    }
    let mut answer = Map::new();
    for (name, told) in TOLD.iter().zip(told) {
        put(&mut answer, name, told.whole());
    }
    if answer.is_empty() && said.is_empty() {
        return Value::Null;
    }
    let call = |(id, name, arguments): (String, String, String)| {
        function_call(Some(&id.into()), Some(&name.into()), Some(arguments.into()))
    };
    let calls: Vec<Value> = calls.into_iter().map(call).collect();
    let message = [("content", said.into()), ("role", "assistant".into()), ("tool_calls", calls.into())];
    let choice = [("finish_reason", finish), ("index", 0.into()), ("message", message.into())];
    answer.insert("choices", vec![Value::from(choice)].into());
    Value::Object(answer)
}

/// A member that several events may tell: objects add their members, of other values the first counts.
#[derive(Default)]
struct Told {
    value: Value,
    more: Vec<(Text, Value)>,
}

impl Told {
    fn add(&mut self, value: Option<&Value>) {
        match (&self.value, value) {
            (Value::Null, Some(value)) => self.value = value.clone(),
            (Value::Object(_), Some(Value::Object(more))) => self.more.extend(more.iter().cloned()),
            _ => {}
        }
    }

    fn whole(mut self) -> Value {
        if let Value::Object(members) = &mut self.value {
            members.extend(self.more);
        }
        self.value
    }
}

fn add_call(
    calls: &mut Vec<(String, String, String)>,
    id: Option<&Value>,
    name: Option<&Value>,
    arguments: Option<&Value>,
) {
    if let Some(name) = name.and_then(Value::as_str) {
        let id = id.and_then(Value::as_str).unwrap_or_default();
        calls.push((id.to_owned(), name.to_owned(), String::new()));
    }
    if let (Some(text), Some(call)) = (arguments.and_then(Value::as_str), calls.last_mut()) {
        call.2.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(record: &Value) -> Map {
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        LlmHttp.push(record.to_string().as_bytes(), 1, &mut out, &mut problems);
        assert_eq!(problems, []);
        out.remove(0).fields
    }

    #[test]
    fn assembles_streamed_chunks() {
        let stream = "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n\
            data: {\"choices\":[{\"delta\":{\"content\":\"lo\",\"tool_calls\":[{\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\n\
            data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\":1}\"}}]},\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":3}}\n\ndata: [DONE]\n";
        let fields = decode(&json!({ "method": "POST", "path": "/v1/chat/completions",
            "request_body": { "messages": [{ "role": "user", "content": "hi" }] }, "response_body": stream }));
        assert_eq!(fields["text_output"], "Hello");
        assert_eq!(fields["tool_call_names"], json!(["f"]));
        assert_eq!(fields["finish"], "tool_call");
        assert_eq!(fields["_response"]["usage"]["prompt_tokens"], 3);
        assert_eq!(fields["output_messages"][0]["parts"][1]["arguments"], json!({ "a": 1 }));
    }

    #[test]
    fn assembles_anthropic_events() {
        let stream = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude\",\"usage\":{\"input_tokens\":5}}}\n\n\
            data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n\
            data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n";
        let fields = decode(
            &json!({ "method": "POST", "path": "/v1/messages", "request_body": {}, "response_body": stream }),
        );
        assert_eq!(fields["text_output"], "Hi");
        assert_eq!(fields["finish"], "stop");
        assert_eq!(fields["_response"]["usage"], json!({ "input_tokens": 5, "output_tokens": 2 }));
    }

    #[test]
    fn other_services_stay_plain_http() {
        let fields = decode(
            &json!({ "method": "PUT", "path": "/models/m.pt", "headers": { "Host": "b.s3.amazonaws.com" } }),
        );
        assert!(!fields.contains_key("operation"));
        assert_eq!(fields["headers"]["host"], "b.s3.amazonaws.com");
    }
}
