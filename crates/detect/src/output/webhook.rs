//! The alert as JSON, with readable times and entities as an object.

use serde_json::{Map, Value, json};

use crate::alert::Alert;
use crate::row_json::time;

pub(super) fn body(alert: &Alert) -> Value {
    let entities: Map<String, Value> =
        alert.entities.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let evidence: Vec<Value> =
        alert.evidence.iter().map(|(at, row)| json!({ "time": time(*at), "event": row })).collect();
    json!({
        "id": alert.id, "rule": alert.rule, "version": alert.version, "class": alert.class,
        "title": alert.title, "description": alert.description,
        "severity": alert.severity, "confidence": alert.confidence, "status": alert.status,
        "first": time(alert.first), "last": time(alert.last), "created": time(alert.created),
        "events": alert.events, "entities": entities, "values": alert.values, "evidence": evidence,
        "atlas": alert.atlas, "attack": alert.attack, "owasp": alert.owasp, "response": alert.response,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn hostile_text_is_a_json_string() {
        let text = super::body(&super::super::hostile()).to_string();
        assert!(!text.contains('\n') && !text.contains('\u{1b}'), "{text}");
        assert!(text.contains(r#""host":null"#));
    }
}
