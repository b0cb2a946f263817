//! DVC's `.dvc` files and `dvc.lock`: YAML over several lines, one record per tracked output.
//!
//! Lines are collected until the document ends: at the end of the input, or where a top-level key comes a second
//! time because another file follows.

use std::borrow::Cow;

use crate::tree::{Map, Value};

use super::{Decode, DecodeProblem, Decoded, RawRecord, put};

/// Bytes of one document that are kept; real files have some kilobytes.
const MAX_DOCUMENT: usize = 4 << 20;

/// Lines of the document that is being read.
#[derive(Default)]
pub(super) struct Dvc {
    text: String,
    line: u64,
    keys: Vec<String>,
    /// Bytes of the document were no text.
    lossy: bool,
}

impl Decode for Dvc {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let text = String::from_utf8_lossy(raw);
        for (offset, part) in text.lines().enumerate() {
            let key = (!part.starts_with([' ', '-', '#'])).then(|| part.split_once(':')).flatten();
            if let Some((key, _)) = key {
                if self.keys.iter().any(|known| known == key) {
                    self.finish(out, problems);
                }
                self.keys.push(key.to_owned());
            }
            if self.text.len() + part.len() > MAX_DOCUMENT {
                self.finish(out, problems);
            }
            if self.text.is_empty() {
                self.line = line + offset as u64;
            }
            self.lossy |= matches!(text, Cow::Owned(_)) && part.contains('\u{fffd}');
            self.text.push_str(part);
            self.text.push('\n');
        }
    }

    fn finish(&mut self, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let text = std::mem::take(&mut self.text);
        self.keys.clear();
        if text.trim().is_empty() {
            return;
        }
        let lossy = std::mem::take(&mut self.lossy);
        let record = RawRecord { lossy, ..RawRecord::new(text.as_bytes(), self.line) };
        let document: Value = match serde_saphyr::from_str(&text) {
            Ok(document) => document,
            Err(error) => {
                let first = error.to_string();
                let first = first.lines().next().unwrap_or_default().to_owned();
                return problems.push(record.problem(format!("not YAML: {first}")));
            }
        };
        let made = outputs(&document);
        if made.is_empty() {
            return problems.push(record.problem("expected outs or stages of a DVC file"));
        }
        for (ordinal, fields) in made.into_iter().enumerate() {
            let ordinal = u32::try_from(ordinal).unwrap_or(u32::MAX);
            out.push(Decoded { fields, raws: vec![record.clone()], ordinal });
        }
    }
}

/// Outputs of a `.dvc` file, outputs and dependencies of the stages of a lock file.
fn outputs(document: &Value) -> Vec<Map> {
    let mut made = Vec::new();
    let own: Map = match document.as_object() {
        Some(members) => members
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "outs" | "deps" | "stages"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        None => return made,
    };
    stage(None, document, &own, &mut made);
    for (name, found) in document.get("stages").and_then(Value::as_object).into_iter().flatten() {
        stage(Some(name), found, &own, &mut made);
    }
    made
}

fn stage(name: Option<&str>, stage: &Value, own: &Map, made: &mut Vec<Map>) {
    let list = |key: &str| stage.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let paths = |key: &str| -> Vec<Value> {
        list(key).iter().filter_map(|entry| Some(versioned(entry)?.into())).collect()
    };
    for (kind, role) in [("outs", "out"), ("deps", "dep")] {
        for entry in list(kind) {
            let mut fields = own.clone();
            put(&mut fields, "role", role);
            put(&mut fields, "stage", name);
            for key in ["cmd", "params"] {
                put(&mut fields, key, stage.get(key).cloned().unwrap_or_default());
            }
            put(&mut fields, "entry", entry.clone());
            if name.is_some() {
                put(&mut fields, "_inputs", paths("deps"));
                put(&mut fields, "_outputs", paths("outs"));
            }
            made.push(fields);
        }
    }
}

/// `path@digest`.
fn versioned(entry: &Value) -> Option<String> {
    let path = entry.get("path")?.as_str()?;
    let digest = ["md5", "etag", "checksum"].iter().find_map(|name| entry.get(*name)?.as_str());
    Some(digest.map_or_else(|| path.to_owned(), |digest| format!("{path}@{digest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_follow_each_other_line_by_line() {
        let text = "outs:\n- md5: aa\n  path: data\nouts:\n- md5: bb\n  path: model.bin\nschema: '2.0'\nstages:\n  train:\n    cmd: sh run\n    deps:\n    - path: data\n      md5: aa\n";
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        let mut decoder = Dvc::default();
        for (number, line) in text.lines().enumerate() {
            decoder.push(line.as_bytes(), number as u64 + 1, &mut out, &mut problems);
        }
        decoder.finish(&mut out, &mut problems);
        assert_eq!(problems, []);
        assert_eq!(out.len(), 3);
        assert_eq!((out[0].raws[0].line, out[1].raws[0].line), (1, 4));
        assert_eq!(
            (&out[2].fields["stage"], &out[2].fields["_inputs"]),
            (&"train".into(), &json!(["data@aa"]))
        );
        let mut other = Dvc::default();
        other.push(b"a: [1", 1, &mut out, &mut problems);
        other.finish(&mut out, &mut problems);
        assert_eq!(problems.len(), 1);
    }
}
