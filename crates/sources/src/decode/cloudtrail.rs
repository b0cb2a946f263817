//! CloudTrail: delivery files (`{"Records": […]}`), arrays, EventBridge envelopes and single records.

use crate::tree::{Map, Value};

use super::{Decode, DecodeProblem, Decoded, RawRecord, json, kind, put, split_array};

/// One delivered file, or one event, per record.
pub(super) struct CloudTrail;

impl Decode for CloudTrail {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let (record, value) = match json(RawRecord::new(raw, line)) {
            Ok(read) => read,
            Err(problem) => return problems.push(problem),
        };
        match value {
            Value::Array(events) => split(&record, None, events, out, problems),
            Value::Object(mut file) => match file.remove("Records") {
                Some(Value::Array(events)) => split(&record, Some("Records"), events, out, problems),
                Some(other) => problems
                    .push(record.problem(format!("expected an array in Records, found {}", kind(&other)))),
                None => out.push(record.decoded(event(file))),
            },
            other => problems.push(record.problem(format!("expected a JSON object, found {}", kind(&other)))),
        }
    }
}

/// Each event keeps its own text as raw record, not the whole file.
fn split(
    file: &RawRecord,
    member: Option<&str>,
    events: Vec<Value>,
    out: &mut Vec<Decoded>,
    problems: &mut Vec<DecodeProblem>,
) {
    for (own, value) in split_array(file, member, events) {
        match value {
            Value::Object(fields) => out.push(own.decoded(event(fields))),
            other => {
                problems.push(own.problem(format!("expected a CloudTrail event, found {}", kind(&other))));
            }
        }
    }
}

/// EventBridge wraps the event in `detail`.
fn event(mut fields: Map) -> Map {
    if fields.contains_key("detail-type")
        && let Some(Value::Object(detail)) = fields.remove("detail")
    {
        fields = detail;
    }
    if let Some(resource) = first_resource(&fields) {
        put(&mut fields, "resource", resource);
    }
    if let Some(key) =
        fields.get("userIdentity").and_then(|identity| identity.get("accessKeyId")).and_then(Value::as_str)
        && !key.is_empty()
    {
        let key = key.to_owned();
        put(&mut fields, "_api_key", key);
    }
    fields
}

/// The resource acted on: the ARN the event names, else the request's most telling identifier.
fn first_resource(fields: &Map) -> Option<String> {
    let arn = fields.get("resources").and_then(|all| all.get(0)).and_then(|first| {
        ["ARN", "arn", "resourceName"].into_iter().find_map(|name| first.get(name).and_then(Value::as_str))
    });
    if let Some(arn) = arn {
        return Some(arn.to_owned());
    }
    let request = fields.get("requestParameters")?;
    if let Some(bucket) = request.get("bucketName").and_then(Value::as_str) {
        return Some(match request.get("key").and_then(Value::as_str) {
            Some(key) => format!("s3://{bucket}/{key}"),
            None => format!("s3://{bucket}"),
        });
    }
    let names = [
        "modelId",
        "endpointName",
        "trainingJobName",
        "modelName",
        "modelPackageName",
        "modelPackageGroupName",
        "notebookInstanceName",
        "functionName",
        "roleName",
        "userName",
        "secretId",
        "instanceId",
        "groupId",
        "name",
    ];
    names.iter().find_map(|name| request.get(*name).and_then(Value::as_str)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Vec<Decoded> {
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        CloudTrail.push(text.as_bytes(), 1, &mut out, &mut problems);
        assert_eq!(problems, []);
        out
    }

    #[test]
    fn a_file_is_split_and_each_event_keeps_its_text() {
        let out = decode(
            "{\"Records\": [\n {\"eventName\": \"A\"},\n {\"eventName\": \"B\", \"requestParameters\": {\"bucketName\": \"b\", \"key\": \"m.pt\"}}\n]}",
        );
        assert_eq!(out.len(), 2);
        assert_eq!(
            &*out[1].raws[0].text,
            r#"{"eventName": "B", "requestParameters": {"bucketName": "b", "key": "m.pt"}}"#
        );
        assert_eq!((out[0].raws[0].line, out[1].raws[0].line), (2, 3));
        assert_eq!(out[1].fields["resource"], "s3://b/m.pt");
    }

    #[test]
    fn eventbridge_and_single_events() {
        let out =
            decode(r#"{"detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"InvokeModel"}}"#);
        assert_eq!(out[0].fields["eventName"], "InvokeModel");
        assert_eq!(decode(r#"{"eventName":"X"}"#)[0].fields["eventName"], "X");
    }
}
