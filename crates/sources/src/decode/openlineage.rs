//! OpenLineage events: a record for the run, and when a run has ended or a dataset is described, one for each of its
//! datasets. Inputs and outputs are also listed as `namespace/name@version`.

use crate::tree::{Map, Value};

use super::{Decode, DecodeProblem, Decoded, RawRecord, below, json_object, put};

/// States after which the datasets of a run are complete.
const ENDED: &[&str] = &["COMPLETE", "FAIL", "ABORT"];

/// One event per record.
pub(super) struct OpenLineage;

impl Decode for OpenLineage {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let (record, mut fields) = match json_object(RawRecord::new(raw, line)) {
            Ok(read) => read,
            Err(problem) => return problems.push(problem),
        };
        for (name, list) in [("inputs", "_inputs"), ("outputs", "_outputs")] {
            let names: Vec<Value> = datasets(&fields, name).filter_map(named).map(Value::from).collect();
            if !names.is_empty() {
                put(&mut fields, list, names);
            }
        }
        if fields.contains_key("dataset") {
            put(&mut fields, "kind", "dataset");
            return out.push(record.decoded(fields));
        }
        put(&mut fields, "kind", "run");
        let state = fields.get("eventType").and_then(Value::as_str).unwrap_or_default();
        let mut all: Vec<Map> = Vec::new();
        if ENDED.contains(&state) {
            for (list, role) in [("inputs", "input"), ("outputs", "output")] {
                for dataset in datasets(&fields, list) {
                    all.push(of_dataset(&fields, dataset, role));
                }
            }
        }
        all.insert(0, fields);
        for (ordinal, fields) in all.into_iter().enumerate() {
            let ordinal = u32::try_from(ordinal).unwrap_or(u32::MAX);
            out.push(Decoded { fields, raws: vec![record.clone()], ordinal });
        }
    }
}

fn datasets<'f>(fields: &'f Map, list: &str) -> impl Iterator<Item = &'f Value> {
    fields.get(list).and_then(Value::as_array).into_iter().flatten()
}

/// The event with one dataset in place of its lists and without the facets of its run.
fn of_dataset(fields: &Map, dataset: &Value, role: &str) -> Map {
    let kept = ["eventType", "eventTime", "producer", "schemaURL"];
    let mut own: Map =
        kept.iter().filter_map(|name| Some(((*name).to_owned(), fields.get(name)?.clone()))).collect();
    for (name, from, member) in
        [("_run_id", "run", "runId"), ("_job", "job", "name"), ("_job_namespace", "job", "namespace")]
    {
        let value = fields.get(from).and_then(|from| from.get(member));
        put(&mut own, name, value.cloned().unwrap_or_default());
    }
    put(&mut own, "kind", "dataset");
    put(&mut own, "role", role);
    put(&mut own, "dataset", dataset.clone());
    let columns = below(dataset, &["facets", "schema", "fields"]).and_then(Value::as_array);
    let columns: Vec<Value> =
        columns.into_iter().flatten().filter_map(|column| column.get("name").cloned()).collect();
    if !columns.is_empty() {
        put(&mut own, "_columns", columns);
    }
    own
}

/// `namespace/name@version`.
fn named(dataset: &Value) -> Option<String> {
    let (namespace, name) = (dataset.get("namespace")?.as_str()?, dataset.get("name")?.as_str()?);
    let version = below(dataset, &["facets", "version", "datasetVersion"]).and_then(Value::as_str);
    Some(
        version
            .map_or_else(|| format!("{namespace}/{name}"), |version| format!("{namespace}/{name}@{version}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_ended_gives_its_datasets_too() {
        let event = |state: &str| {
            let text = format!(
                r#"{{"eventType":"{state}","run":{{"runId":"r"}},"job":{{"namespace":"n","name":"j"}},
                "inputs":[{{"namespace":"s3://a","name":"x","facets":{{"version":{{"datasetVersion":"v1"}}}}}}],"outputs":[{{"namespace":"s3://a","name":"y"}}]}}"#
            );
            let (mut out, mut problems) = (Vec::new(), Vec::new());
            OpenLineage.push(text.as_bytes(), 1, &mut out, &mut problems);
            assert_eq!(problems, []);
            out
        };
        assert_eq!(event("START").len(), 1);
        let out = event("COMPLETE");
        assert_eq!(out[0].fields["_inputs"], json!(["s3://a/x@v1"]));
        assert_eq!(
            (out.len(), &out[2].fields["role"], &out[2].fields["_run_id"]),
            (3, &"output".into(), &"r".into())
        );
        assert!(out[1].fields.get("run").is_none());
    }
}
