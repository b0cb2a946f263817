//! OpenTelemetry export requests in OTLP/JSON: one record per span, log record or metric.
//!
//! Attribute lists become objects, ids hexadecimal, times integers; the conversation of a model call is
//! put together from whichever convention the instrumentation follows. The raw text of a record is its
//! part of the request in the same envelope, so that it can be sent again.

use crate::tree::{Map, Value, json_text};

use super::{Decode, DecodeProblem, Decoded, RawRecord, below, json_object, put};

mod attributes;
mod genai;

pub(super) use attributes::base64;
use attributes::{any_value, attributes, id, integer};

/// One export request per record.
pub(super) struct Otlp;

/// Names of one signal's nesting in a request.
struct Signal {
    name: &'static str,
    resources: &'static str,
    scopes: &'static str,
    items: &'static str,
}

const SIGNALS: &[Signal] = &[
    Signal { name: "span", resources: "resourceSpans", scopes: "scopeSpans", items: "spans" },
    Signal { name: "log", resources: "resourceLogs", scopes: "scopeLogs", items: "logRecords" },
    Signal { name: "metric", resources: "resourceMetrics", scopes: "scopeMetrics", items: "metrics" },
];

impl Decode for Otlp {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let (record, mut request) = match json_object(RawRecord::new(raw, line)) {
            Ok(read) => read,
            Err(problem) => return problems.push(problem),
        };
        if !SIGNALS.iter().any(|signal| request.contains_key(signal.resources)) {
            return problems.push(record.problem("expected resourceSpans, resourceLogs or resourceMetrics"));
        }
        for signal in SIGNALS {
            for mut resource in taken(request.get_mut(signal.resources)) {
                let scopes = taken(resource.get_mut(signal.scopes));
                let attributes = attributes(below(&resource, &["resource", "attributes"]).cloned());
                for mut scope in scopes {
                    let items = taken(scope.get_mut(signal.items));
                    let (before, behind) = around(signal, &resource, &scope);
                    for item in items {
                        let text = [&*before, &json_text(&item), &behind].concat();
                        let fields = one(signal, attributes.clone(), &scope, item);
                        out.push(record.part(text, line).decoded(fields));
                    }
                }
            }
        }
    }
}

/// The elements of an array, which is empty then.
fn taken(value: Option<&mut Value>) -> Vec<Value> {
    value.and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default()
}

fn one(signal: &Signal, resource: Map, scope: &Value, item: Value) -> Map {
    let mut item = match item {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let mut fields = Map::new();
    put(&mut fields, "signal", signal.name);
    for (from, to) in [("name", "scope_name"), ("version", "scope_version")] {
        put(&mut fields, to, below(scope, &["scope", from]).cloned().unwrap_or_default());
    }
    let mut attrs = attributes(item.remove("attributes"));
    times(&mut fields, &item);
    for (from, to) in [("traceId", "trace"), ("spanId", "span"), ("parentSpanId", "parent_span")] {
        put(&mut fields, to, item.get(from).and_then(Value::as_str).and_then(id));
    }
    for name in [
        "name",
        "kind",
        "severityText",
        "severityNumber",
        "eventName",
        "unit",
        "description",
        "flags",
        "links",
    ] {
        put(&mut fields, name, item.remove(name));
    }
    if let Some(Value::Object(mut status)) = item.remove("status") {
        put(&mut fields, "status_code", status.remove("code"));
        put(&mut fields, "status_message", status.remove("message"));
    }
    put(&mut fields, "body", item.remove("body").map(any_value));
    for name in ["sum", "gauge", "histogram", "exponentialHistogram", "summary"] {
        put(&mut fields, name, item.remove(name));
    }
    let events: Vec<Value> = taken(item.get_mut("events")).into_iter().map(event).collect();
    if !events.is_empty() {
        put(&mut fields, "events", events);
    }
    let profile = profile(&fields, &resource, &attrs);
    put(&mut fields, "profile", profile);
    genai::extend(&mut fields, &mut attrs);
    put(&mut fields, "resource", Value::Object(resource));
    put(&mut fields, "attrs", Value::Object(attrs));
    fields
}

/// What stands before and behind an item in the request that has it alone: its resource and scope without other items.
fn around(signal: &Signal, resource: &Value, scope: &Value) -> (String, String) {
    let (outer, outer_end) = object_around(resource, signal.scopes);
    let (inner, inner_end) = object_around(scope, signal.items);
    let before = format!("{{\"{}\":[{outer}{inner}", signal.resources);
    (before, format!("{inner_end}{outer_end}]}}"))
}

/// An object as text, cut where the elements of its array of that name stand.
fn object_around(object: &Value, array: &str) -> (String, String) {
    let (mut before, mut behind) = (String::from("{"), String::new());
    let mut comma = "";
    for (name, value) in object.as_object().into_iter().flatten() {
        let text = if behind.is_empty() { &mut before } else { &mut behind };
        text.extend([comma, &json_text(name), ":"]);
        comma = ",";
        if name == array {
            text.push('[');
            behind.push(']');
        } else {
            text.push_str(&json_text(value));
        }
    }
    behind.push('}');
    (before, behind)
}

fn times(fields: &mut Map, item: &Map) {
    let time = |name: &str| item.get(name).and_then(integer).filter(|time| *time > 0);
    let start =
        time("startTimeUnixNano").or_else(|| time("timeUnixNano")).or_else(|| time("observedTimeUnixNano"));
    put(fields, "time_ns", start);
    if let (Some(start), Some(end)) = (start, time("endTimeUnixNano")) {
        put(fields, "span_ms", end.saturating_sub(start) as f64 / 1e6);
    }
}

fn event(mut event: Value) -> Value {
    let attributes = attributes(event.get_mut("attributes").map(Value::take));
    let name = event.get_mut("name").map(Value::take).unwrap_or_default();
    [("attributes", Value::Object(attributes)), ("name", name)].into()
}

/// Which convention a record follows.
fn profile(fields: &Map, resource: &Map, attrs: &Map) -> &'static str {
    let scope = fields.get("scope_name").and_then(Value::as_str).unwrap_or("");
    let service = resource.get("service.name").and_then(Value::as_str).unwrap_or("");
    let has = |name: &str| attrs.contains_key(name);
    match () {
        () if scope.starts_with("com.anthropic.claude_code") || service == "claude-code" => "claude_code",
        () if scope.starts_with("codex_otel") || service.starts_with("codex") => "codex",
        () if has("mcp.method.name") => "mcp",
        () if has("openinference.span.kind") => "openinference",
        () if has("gen_ai.operation.name") || has("gen_ai.provider.name") || has("gen_ai.system") => "genai",
        () if has("traceloop.span.kind") => "genai",
        () => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_span_is_a_record_with_its_own_envelope() {
        let request = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"app"}}]},
            "scopeSpans":[{"scope":{"name":"s"},"spans":[
              {"traceId":"gT4KflNI2kLd5QOlCQ+xhw==","spanId":"s2o+P3a9A1M=","name":"a","startTimeUnixNano":"1000000000","endTimeUnixNano":"1002500000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"n","value":{"intValue":"7"}}]},
              {"traceId":"813e0a7e5348da42dde503a5090fb187","name":"b","attributes":[]}]}]}]}"#;
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        Otlp.push(request.as_bytes(), 3, &mut out, &mut problems);
        assert_eq!((out.len(), problems.len()), (2, 0));
        let first = &out[0].fields;
        assert_eq!(first["trace"], "813e0a7e5348da42dde503a5090fb187");
        assert_eq!(out[1].fields["trace"], first["trace"]);
        assert_eq!(first["span_ms"], 2.5);
        assert_eq!(first["attrs"]["n"], 7);
        assert_eq!(first["profile"], "genai");
        let again: Value = serde_json::from_str(&out[0].raws[0].text).unwrap();
        assert_eq!(again["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len(), 1);
    }
}
