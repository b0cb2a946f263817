//! Statements about artifacts: sigstore bundles, DSSE envelopes and bare in-toto statements become one record per
//! subject, with the statement read out of its base64 payload.

use crate::tree::{Map, Value};

use super::otlp::base64;
use super::{Decode, DecodeProblem, Decoded, RawRecord, json_object, put};

/// Media types that are a statement.
const STATEMENT: &str = "application/vnd.in-toto+json";

/// One bundle, envelope or statement per record.
pub(super) struct Attestation;

impl Decode for Attestation {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let (record, mut fields) = match json_object(RawRecord::new(raw, line)) {
            Ok(read) => read,
            Err(problem) => return problems.push(problem),
        };
        if fields.contains_key("payload") && fields.contains_key("payloadType") {
            fields = Map::from([("dsseEnvelope", Value::Object(fields))]);
        }
        if let Err(message) = open(&mut fields) {
            return problems.push(record.problem(message));
        }
        let Some(Value::Array(subjects)) = fields.remove("subject") else {
            return out.push(record.decoded(fields));
        };
        files(&mut fields);
        for (position, subject) in subjects.into_iter().enumerate() {
            let mut own = fields.clone();
            put(&mut own, "subject", subject);
            let ordinal = u32::try_from(position).unwrap_or(u32::MAX);
            out.push(Decoded { fields: own, raws: vec![record.clone()], ordinal });
        }
    }
}

/// Replaces an envelope's payload by the members of the statement in it.
fn open(fields: &mut Map) -> Result<(), String> {
    let Some(envelope) = fields.get_mut("dsseEnvelope").and_then(Value::as_object_mut) else { return Ok(()) };
    let kind = envelope.get("payloadType").and_then(Value::as_str).unwrap_or_default();
    if kind != STATEMENT {
        return Ok(());
    }
    let Some(payload) = envelope.get("payload").and_then(Value::as_str) else {
        return Err("expected a payload in the DSSE envelope".to_owned());
    };
    let bytes = base64(payload).ok_or("the payload of the DSSE envelope is not base64")?;
    let statement: Value = serde_json::from_slice(&bytes)
        .map_err(|error| format!("the payload of the DSSE envelope is not JSON: {error}"))?;
    let Value::Object(statement) = statement else {
        return Err("the payload of the DSSE envelope is not an object".to_owned());
    };
    envelope.remove("payload");
    let signed = envelope.get("signatures").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    put(fields, "_signed", signed);
    fields.fill(statement.into_members());
    Ok(())
}

/// The files that a model signature lists, as `model_files` holds them.
fn files(fields: &mut Map) {
    let Some(resources) =
        fields.get("predicate").and_then(|found| found.get("resources")).and_then(Value::as_array)
    else {
        return;
    };
    let listed: Vec<Value> = resources
        .iter()
        .filter_map(|file| {
            let algorithm = file.get("algorithm").and_then(Value::as_str)?;
            let name = file.get("name")?.clone();
            Some(Value::from([("name", name), (algorithm, file.get("digest")?.clone())]))
        })
        .collect();
    if listed.len() == resources.len() {
        put(fields, "files", listed);
        if let Some(predicate) = fields.get_mut("predicate").and_then(Value::as_object_mut) {
            predicate.remove("resources");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> (Vec<Decoded>, Vec<DecodeProblem>) {
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        Attestation.push(text.as_bytes(), 1, &mut out, &mut problems);
        (out, problems)
    }

    #[test]
    fn each_subject_is_a_record() {
        let text = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"00"}},{"name":"b"}],"predicateType":"p","predicate":{"resources":[{"name":"w","algorithm":"sha256","digest":"11"}]}}"#;
        let (out, problems) = decode(text);
        assert_eq!(problems, []);
        assert_eq!((out.len(), &out[1].fields["subject"]["name"]), (2, &"b".into()));
        assert_eq!(out[0].fields["files"], json!([{ "name": "w", "sha256": "11" }]));
        assert_eq!(out[0].fields["predicate"], json!({}));
    }

    #[test]
    fn a_payload_that_cannot_be_read_is_said() {
        let (out, problems) =
            decode(r#"{"payloadType":"application/vnd.in-toto+json","payload":"$$","signatures":[]}"#);
        assert_eq!(out, []);
        assert!(problems[0].message.contains("base64"), "{}", problems[0].message);
    }
}
