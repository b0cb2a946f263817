//! The conversation of a model call, from OpenTelemetry's GenAI conventions, OpenLLMetry and
//! OpenInference.

use std::collections::BTreeMap;

use crate::tree::{Map, Value, json_text};

use crate::canonical_json::canonical_hash;
use crate::conversation::{Conversation, function_call};
use crate::decode::put;

/// Adds text by role, tools and a rebuilt request body when the attributes hold a conversation.
pub(super) fn extend(fields: &mut Map, attrs: &mut Map) {
    let mut conversation = Conversation::default();
    if let Some(instructions) = structured(attrs.get("gen_ai.system_instructions")) {
        conversation.instructions(&instructions);
    }
    if let Some(messages) = structured(attrs.get("gen_ai.input.messages")) {
        conversation.messages(&messages, false);
    }
    if let Some(messages) = structured(attrs.get("gen_ai.output.messages")) {
        conversation.messages(&messages, true);
    }
    let tools = structured(attrs.get("gen_ai.tool.definitions")).or_else(|| open_inference_tools(attrs));
    if let Some(tools) = &tools {
        conversation.tools(tools);
        put(fields, "tools_hash", canonical_hash(tools));
    }
    for (prefix, answer) in [("llm.input_messages.", false), ("llm.output_messages.", true)] {
        conversation.messages(&open_inference_messages(attrs, prefix), answer);
    }
    conversation.messages(&embedded_texts(attrs), false);
    conversation.finish(attrs.get("llm.finish_reason"));
    conversation.finish(attrs.get("gen_ai.response.finish_reasons"));
    conversation.finish(attrs.get("stop_reason"));
    conversation.finish(attrs.get("anthropic.message.stop_reason"));
    let body = request_body(attrs, &conversation, tools);
    conversation.put_into(fields);
    if body.is_some() {
        forget_read(attrs, body.as_deref());
        put(fields, "request_body", body);
    }
}

/// Drops the attributes whose content is in the conversation's members and the body.
fn forget_read(attrs: &mut Map, body: Option<&str>) {
    const MESSAGES: &[&str] = &["llm.input_messages.", "llm.output_messages.", "llm.tools."];
    const STRUCTURED: &[&str] = &[
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.definitions",
    ];
    attrs.retain(|name, value| {
        let read = MESSAGES.iter().any(|prefix| name.starts_with(prefix)) || STRUCTURED.contains(&name);
        !(read || embedded(name).is_some() || name == "input.value" && value.as_str() == body)
    });
}

/// The wire body where the instrumentation kept it, else one rebuilt in OpenAI's shape.
fn request_body(attrs: &Map, conversation: &Conversation, tools: Option<Value>) -> Option<String> {
    if let Some(Value::String(body)) = attrs.get("input.value")
        && attrs.get("input.mime_type").and_then(Value::as_str) == Some("application/json")
        && attrs.get("openinference.span.kind").is_some_and(|kind| kind == "LLM" || kind == "EMBEDDING")
    {
        return Some(body.to_string());
    }
    if !conversation.has_input() {
        return None;
    }
    let get = |name: &str| attrs.get(name).cloned().unwrap_or_default();
    let extra = [
        ("temperature", get("gen_ai.request.temperature")),
        ("top_p", get("gen_ai.request.top_p")),
        ("max_tokens", get("gen_ai.request.max_tokens")),
        ("stream", get("gen_ai.request.stream")),
        ("tools", tools.unwrap_or_default()),
    ];
    Some(json_text(&conversation.openai_body(attrs.get("gen_ai.request.model"), &extra)))
}

/// A structured attribute, also when it was exported as JSON text.
fn structured(value: Option<&Value>) -> Option<Value> {
    match value? {
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    }
}

/// `llm.input_messages.0.message.role` and the like, as a list of messages.
fn open_inference_messages(attrs: &Map, prefix: &str) -> Value {
    let mut messages: BTreeMap<usize, Flat> = BTreeMap::new();
    for (key, value) in attrs {
        let Some((index, path)) = key.strip_prefix(prefix).and_then(|rest| rest.split_once(".message."))
        else {
            continue;
        };
        let Ok(index) = index.parse::<usize>() else { continue };
        messages.entry(index).or_default().add(path, value);
    }
    messages.into_values().map(Flat::message).collect()
}

/// Pieces of one flattened message.
#[derive(Default)]
struct Flat {
    role: Value,
    content: Value,
    call_id: Value,
    blocks: BTreeMap<usize, String>,
    calls: BTreeMap<usize, Map>,
}

impl Flat {
    fn add(&mut self, path: &str, value: &Value) {
        match path {
            "role" => self.role = value.clone(),
            "content" => self.content = value.clone(),
            "tool_call_id" => self.call_id = value.clone(),
            _ => self.add_nested(path, value),
        }
    }

    fn add_nested(&mut self, path: &str, value: &Value) {
        let text = value.as_str().map_or_else(|| json_text(value), str::to_owned);
        let indexed = |rest: &str| {
            rest.split_once('.')
                .and_then(|(index, rest)| Some((index.parse::<usize>().ok()?, rest.to_owned())))
        };
        if let Some((index, rest)) = path.strip_prefix("contents.").and_then(indexed) {
            if rest == "message_content.text" {
                self.blocks.insert(index, text);
            }
        } else if let Some((index, rest)) = path.strip_prefix("tool_calls.").and_then(indexed) {
            let name = rest.rsplit('.').next().unwrap_or_default().to_owned();
            self.calls.entry(index).or_default().insert(name, text.into());
        }
    }

    fn message(self) -> Value {
        let calls: Vec<Value> = self
            .calls
            .into_values()
            .map(|call| function_call(call.get("id"), call.get("name"), call.get("arguments").cloned()))
            .collect();
        let content = match self.content {
            Value::Null => {
                let block = |text: String| Value::from([("text", text.into()), ("type", "text".into())]);
                self.blocks.into_values().map(block).collect()
            }
            content => content,
        };
        [
            ("content", content),
            ("role", self.role),
            ("tool_call_id", self.call_id),
            ("tool_calls", calls.into()),
        ]
        .into()
    }
}

/// Place of the text in `embedding.embeddings.0.embedding.text`.
fn embedded(name: &str) -> Option<usize> {
    name.strip_prefix("embedding.embeddings.")?.strip_suffix(".embedding.text")?.parse().ok()
}

/// The texts of which a call asks for vectors, in their order.
fn embedded_texts(attrs: &Map) -> Value {
    let texts: BTreeMap<usize, Value> =
        attrs.iter().filter_map(|(name, value)| Some((embedded(name)?, value.clone()))).collect();
    texts.into_values().collect()
}

fn open_inference_tools(attrs: &Map) -> Option<Value> {
    let mut tools: BTreeMap<usize, Value> = BTreeMap::new();
    for (key, value) in attrs {
        let Some(rest) = key.strip_prefix("llm.tools.") else { continue };
        if let Some((index, "tool.json_schema")) = rest.split_once('.')
            && let (Ok(index), Some(tool)) = (index.parse(), structured(Some(value)))
        {
            tools.insert(index, tool);
        }
    }
    (!tools.is_empty()).then(|| tools.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_embedded_are_user_text_in_their_order() {
        let attrs = [
            ("openinference.span.kind", "EMBEDDING"),
            ("embedding.embeddings.10.embedding.text", "last"),
            ("embedding.embeddings.2.embedding.text", "first"),
            ("embedding.embeddings.2.embedding.vector", "kept"),
        ];
        let mut attrs = attrs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let mut fields = Map::new();
        extend(&mut fields, &mut attrs);
        assert_eq!(fields["text_user"], "first\nlast");
        assert_eq!(
            attrs.keys().collect::<Vec<_>>(),
            ["embedding.embeddings.2.embedding.vector", "openinference.span.kind"]
        );
    }
}
