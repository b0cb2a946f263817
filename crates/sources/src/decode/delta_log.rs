//! Delta Lake commit files: one action a line. The actions after a `commitInfo` get its time and author as the
//! member `_commit`, because only that action has them.

use crate::tree::Value;

use super::{Decode, DecodeProblem, Decoded, RawRecord, json_object, put};

/// Members of a `commitInfo` that the other actions of the commit borrow.
const BORROWED: &[&str] = &["timestamp", "operation", "userId", "userName", "engineInfo"];

/// The actions of a commit.
#[derive(Default)]
pub(super) struct DeltaLog {
    commit: Value,
}

impl Decode for DeltaLog {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let (record, mut fields) = match json_object(RawRecord::new(raw, line)) {
            Ok(read) => read,
            Err(problem) => return problems.push(problem),
        };
        if let Some(Value::Object(info)) = fields.get("commitInfo") {
            let borrowed = info.iter().filter(|(name, _)| BORROWED.contains(&name.as_str()));
            self.commit =
                Value::Object(borrowed.map(|(name, value)| (name.clone(), value.clone())).collect());
        } else if !self.commit.is_null() {
            put(&mut fields, "_commit", self.commit.clone());
        }
        let texts = [("metaData", "schemaString"), ("add", "stats")];
        for (action, name) in texts {
            let text = fields.get(action).and_then(|action| action.get(name)).and_then(Value::as_str);
            if let Some(value) = text.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
                if action == "metaData"
                    && let Some(columns) = value.get("fields").and_then(Value::as_array)
                {
                    let names: Vec<Value> =
                        columns.iter().filter_map(|column| column.get("name").cloned()).collect();
                    put(&mut fields, "_columns", names);
                }
                put(&mut fields, "_stats", value);
            }
        }
        out.push(record.decoded(fields));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_borrow_the_time_of_their_commit() {
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        let mut decoder = DeltaLog::default();
        for line in [
            r#"{"add":{"path":"a"}}"#,
            r#"{"commitInfo":{"timestamp":7,"operation":"WRITE","operationParameters":{}}}"#,
            r#"{"add":{"path":"b","stats":"{\"numRecords\":3}"}}"#,
        ] {
            decoder.push(line.as_bytes(), 1, &mut out, &mut problems);
        }
        assert_eq!(problems, []);
        assert_eq!(out[0].fields.get("_commit"), None);
        assert_eq!(
            (&out[2].fields["_commit"]["timestamp"], &out[2].fields["_stats"]["numRecords"]),
            (&7.into(), &3.into())
        );
    }
}
