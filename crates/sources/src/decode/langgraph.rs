//! LangGraph and LangChain `astream_events` records: the time out of the run's id, messages by role.
//!
//! Run ids are UUIDs of version 7, whose first 48 bits are the milliseconds since 1970; the record has no other time.

use crate::tree::{Map, Value, json_text};

use super::json::uuid_time;
use super::{Decode, DecodeProblem, Decoded, RawRecord, below, one_object, put};
use crate::conversation::{Conversation, function_call};

/// One stream event per record.
pub(super) struct LangGraph;

impl Decode for LangGraph {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        one_object(RawRecord::new(raw, line), out, problems, |mut fields| {
            extend(&mut fields);
            Ok(fields)
        });
    }
}

fn extend(fields: &mut Map) {
    if let Some(time) = fields.get("run_id").and_then(Value::as_str).and_then(uuid_time) {
        put(fields, "_run_ms", time);
    }
    let ids = fields.get("parent_ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let (parent, root) = (ids.last().cloned(), ids.first().or_else(|| fields.get("run_id")).cloned());
    put(fields, "_parent", parent.unwrap_or_default());
    put(fields, "_root", root.unwrap_or_default());
    let model = fields.get("event").and_then(Value::as_str).is_some_and(|name| name.contains("_model_"));
    if !model {
        return;
    }
    let mut conversation = Conversation::default();
    let data = fields.get("data");
    if let Some(input) = data.and_then(|data| data.get("input")).and_then(|input| input.get("messages")) {
        messages(input, false, &mut conversation);
    }
    for name in ["output", "chunk"] {
        if let Some(answer) = data.and_then(|data| data.get(name)) {
            messages(answer, true, &mut conversation);
            conversation.finish(below(answer, &["response_metadata", "finish_reason"]));
        }
    }
    conversation.put_into(fields);
    let answer = fields.get("data").and_then(|data| data.get("output").or_else(|| data.get("chunk")));
    if let Some(answer) = answer.cloned() {
        put(fields, "_answer", answer);
    }
}

/// Messages in any nesting of arrays; a message has `type` human, ai, system or tool.
fn messages(value: &Value, answer: bool, conversation: &mut Conversation) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| messages(item, answer, conversation)),
        Value::Object(message) => {
            let role = match message.get("type").and_then(Value::as_str) {
                Some("human" | "HumanMessageChunk") => "user",
                Some("ai" | "AIMessageChunk") => "assistant",
                Some(other) => other,
                None => "user",
            };
            let mut plain = Map::new();
            put(&mut plain, "role", role);
            for name in ["content", "tool_call_id"] {
                put(&mut plain, name, message.get(name).cloned().unwrap_or_default());
            }
            let calls: Vec<Value> = message
                .get("tool_calls")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(|call| {
                    let arguments = call.get("args").map(|arguments| json_text(arguments).into());
                    function_call(call.get("id"), call.get("name"), arguments)
                })
                .collect();
            if !calls.is_empty() {
                put(&mut plain, "tool_calls", calls);
            }
            conversation.messages(&Value::Object(plain), answer);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_to_their_roles() {
        let mut fields = json!({ "event": "on_chat_model_end", "data": {
            "input": { "messages": [[{ "type": "system", "content": "s" }, { "type": "human", "content": "u" }, { "type": "tool", "content": "t", "tool_call_id": "c" }]] },
            "output": { "type": "ai", "content": "a", "tool_calls": [{ "name": "f", "args": { "x": 1 }, "id": "c2" }] } } });
        extend(fields.as_object_mut().unwrap());
        for (name, text) in
            [("text_system", "s"), ("text_user", "u"), ("text_tool", "t"), ("text_output", "a")]
        {
            assert_eq!(fields[name], text, "{name}");
        }
        assert_eq!(fields["tool_call_names"], json!(["f"]));
    }
}
