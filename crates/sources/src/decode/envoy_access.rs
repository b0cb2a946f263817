//! Envoy and Istio access logs, as JSON or in either default text form.
//!
//! A text line becomes an object with the member names of the JSON form. Grammars: Envoy's access log
//! documentation (default format string) and Istio's default provider.

use crate::tree::{Map, Value};

use super::{Decode, DecodeProblem, Decoded, RawRecord, one_object};

/// Members after the request line in Envoy's default text.
const ENVOY: &[&str] = &[
    "response_code",
    "response_flags",
    "bytes_received",
    "bytes_sent",
    "duration",
    "upstream_service_time",
    "x_forwarded_for",
    "user_agent",
    "request_id",
    "authority",
    "upstream_host",
];

/// Members after the request line in Istio's default text.
const ISTIO: &[&str] = &[
    "response_code",
    "response_flags",
    "response_code_details",
    "connection_termination_details",
    "upstream_transport_failure_reason",
    "bytes_received",
    "bytes_sent",
    "duration",
    "upstream_service_time",
    "x_forwarded_for",
    "user_agent",
    "request_id",
    "authority",
    "upstream_host",
    "upstream_cluster",
    "upstream_local_address",
    "downstream_local_address",
    "downstream_remote_address",
    "requested_server_name",
    "route_name",
];

const NUMBERS: &[&str] = &["response_code", "bytes_received", "bytes_sent", "duration"];

/// One access log entry per record.
pub(super) struct EnvoyAccess;

impl Decode for EnvoyAccess {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let record = RawRecord::new(raw, line);
        if record.text.trim().is_empty() {
            return;
        }
        if !record.text.trim_start().starts_with('[') {
            return one_object(record, out, problems, Ok);
        }
        match text_line(&record.text) {
            Ok(fields) => out.push(record.decoded(fields)),
            Err(message) => problems.push(record.problem(message)),
        }
    }
}

fn text_line(line: &str) -> Result<Map, String> {
    let tokens = tokens(line)?;
    let [time, request, values @ ..] = tokens.as_slice() else {
        return Err("access log line without a request".to_owned());
    };
    let names = match values.len() {
        n if n == ENVOY.len() => ENVOY,
        n if n == ISTIO.len() => ISTIO,
        n => return Err(format!("access log line has {n} values after the request, expected 11 or 20")),
    };
    let mut fields = Map::new();
    fields.insert("start_time", (*time).into());
    let mut parts = request.splitn(3, ' ');
    for name in ["method", "path", "protocol"] {
        insert(&mut fields, name, parts.next().unwrap_or("-"));
    }
    for (name, value) in names.iter().zip(values) {
        insert(&mut fields, name, value);
    }
    Ok(fields)
}

/// Absent values are written `-`; only the flags use it as a value.
fn insert(fields: &mut Map, name: &str, value: &str) {
    if value == "-" && name != "response_flags" {
        return;
    }
    let number = NUMBERS.contains(&name).then(|| value.parse::<i64>().ok()).flatten();
    fields.insert(name, number.map_or_else(|| value.into(), Value::from));
}

/// `[bracketed]`, `"quoted"` and bare tokens, without their marks.
fn tokens(line: &str) -> Result<Vec<&str>, String> {
    let mut tokens = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let close = match first {
            '[' => ']',
            '"' => '"',
            _ => ' ',
        };
        let body = if close == ' ' { rest } else { &rest[1..] };
        let Some(end) = body.find(close) else {
            if close == ' ' {
                tokens.push(body);
                break;
            }
            return Err(format!("access log line lacks the closing {close}"));
        };
        tokens.push(&body[..end]);
        rest = body[end..].trim_start_matches(close).trim_start();
        // `trim_start_matches` would also eat an empty quoted value that follows directly.
        if close == '"' {
            rest = body[end + 1..].trim_start();
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(line: &str) -> Map {
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        EnvoyAccess.push(line.as_bytes(), 1, &mut out, &mut problems);
        assert_eq!(problems, []);
        out.remove(0).fields
    }

    #[test]
    fn reads_the_default_text() {
        let fields = decode(
            r#"[2026-11-21T22:49:32.072Z] "POST /mcp HTTP/1.1" 200 - 250 384 4 2 "-" "python-httpx2/2.16.2" "5d21" "infer.ml:8080" "10.1.3.4:9931""#,
        );
        assert_eq!(fields["start_time"], "2026-11-21T22:49:32.072Z");
        assert_eq!(fields["bytes_received"], 250);
        assert_eq!(fields["path"], "/mcp");
        assert_eq!(fields["response_flags"], "-");
        assert_eq!(fields["upstream_host"], "10.1.3.4:9931");
        assert!(!fields.contains_key("x_forwarded_for"));
    }

    #[test]
    fn reads_istio_text() {
        let fields = decode(
            r#"[2026-11-21T22:49:32.072Z] "GET /v1/models HTTP/2" 403 UAEX rbac_access_denied_matched_policy[none] - "-" 0 19 0 - "-" "curl/8 x" "5d21" "infer.ml" "10.1.3.4:9931" inbound|8080|| - 10.1.3.4:8080 10.1.9.9:41000 outbound_.8080_._.infer.ml default"#,
        );
        assert_eq!(fields["response_code_details"], "rbac_access_denied_matched_policy[none]");
        assert_eq!(fields["upstream_cluster"], "inbound|8080||");
        assert_eq!(fields["user_agent"], "curl/8 x");
        assert_eq!(fields["route_name"], "default");
        assert!(!fields.contains_key("upstream_local_address"));
    }

    #[test]
    fn says_what_is_wrong_with_a_line() {
        let mut problems = Vec::new();
        EnvoyAccess.push(
            b"[2026-11-21T22:49:32.072Z] \"GET / HTTP/1.1\" 200 -",
            7,
            &mut Vec::new(),
            &mut problems,
        );
        assert_eq!(problems[0].message, "access log line has 2 values after the request, expected 11 or 20");
        assert_eq!(problems[0].raw.line, 7);
    }
}
