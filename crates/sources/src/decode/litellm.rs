//! LiteLLM's `StandardLoggingPayload`: text by role, the request body, the caller's key.

use crate::tree::{Map, Value, json_text};

use super::{Decode, DecodeProblem, Decoded, RawRecord, one_object, put};
use crate::conversation::Conversation;

/// Hash that LiteLLM shows instead of the key of a request that failed before authentication.
const NO_KEY: &str = "";

/// Text that LiteLLM puts where a request had no messages, as when it was refused before they were read.
const NO_MESSAGES: &str = "default-message-value";

/// One payload per record.
pub(super) struct LiteLlm;

impl Decode for LiteLlm {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        one_object(RawRecord::new(raw, line), out, problems, |mut fields| {
            extend(&mut fields);
            Ok(fields)
        });
    }
}

fn extend(fields: &mut Map) {
    // Both are in the body; the rules read the parameters through a view.
    let messages = fields.remove("messages").filter(|found| found != NO_MESSAGES).unwrap_or_default();
    let parameters = fields.remove("model_parameters").unwrap_or_default();
    let mut conversation = Conversation::default();
    conversation.messages(&messages, false);
    if let Some(instructions) = parameters.get("instructions") {
        conversation.instructions(instructions);
    }
    if let Some(tools) = parameters.get("tools") {
        conversation.tools(tools);
        put(fields, "tools_hash", crate::canonical_json::canonical_hash(tools));
    }
    if let Some(response) = fields.get("response") {
        conversation.response(response);
    }
    conversation.put_into(fields);
    put(fields, "_parameters", parameters.clone());
    put(fields, "request_body", request_body(fields, messages, parameters));
    let key = fields.get("metadata").and_then(|metadata| metadata.get("user_api_key_hash"));
    if let Some(key) = key.and_then(Value::as_str).filter(|key| *key != NO_KEY) {
        let key = key.to_owned();
        put(fields, "_api_key", key);
    }
}

/// The body as the client sent it, as far as the payload keeps it.
fn request_body(fields: &Map, messages: Value, parameters: Value) -> Value {
    let mut body = Map::new();
    let named =
        |name: &str| fields.get(name).filter(|model| model.as_str().is_some_and(|model| !model.is_empty()));
    put(&mut body, "model", named("model_group").or_else(|| named("model")).cloned().unwrap_or_default());
    let embeddings =
        fields.get("call_type").and_then(Value::as_str).is_some_and(|name| name.contains("embedding"));
    put(&mut body, if embeddings { "input" } else { "messages" }, messages);
    if let Value::Object(parameters) = parameters {
        body.extend(parameters.into_iter().filter(|(_, value)| !value.is_null()));
    }
    json_text(&body).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_placeholder_of_a_request_without_messages_is_no_prompt() {
        let mut fields = Map::from_iter([
            ("call_type".to_owned(), "acompletion".into()),
            ("messages".to_owned(), "default-message-value".into()),
        ]);
        extend(&mut fields);
        assert_eq!(fields.get("text_user"), None);
        assert_eq!(fields["request_body"], "{}");
        let mut real = Map::from_iter([("messages".to_owned(), "say default-message-value".into())]);
        extend(&mut real);
        assert_eq!(real["text_user"], "say default-message-value");
    }
}
