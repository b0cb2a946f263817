//! Recorded events that rules must match: SigmaHQ's `regression_data`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::events::Event;
use crate::files::RuleFile;
use crate::verdicts::{self, Theirs};

/// What became of the recorded events.
#[derive(Default)]
pub struct Counts {
    /// Rules with a recorded event.
    pub rules: usize,
    /// Those that do not match it: path, and whether rsigma-eval does.
    pub silent: Vec<(String, bool)>,
}

/// Runs every rule that has a recorded event over it. The folder of the events is named by the rule's file name.
pub fn run(rules: &[RuleFile], binary: &str, folder: &Path) -> anyhow::Result<Counts> {
    let mut events: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    walk(folder, &mut events)?;
    let mut counts = Counts::default();
    for rule in rules {
        let name = Path::new(&rule.path).file_stem().map(|name| name.to_string_lossy().into_owned());
        let Some(events) = name.and_then(|name| events.get(&name)) else { continue };
        counts.rules += 1;
        let ours = verdicts::ours(std::slice::from_ref(rule), events, binary)?;
        if !ours.iter().flatten().any(|verdict| *verdict) {
            let theirs = Theirs::new(rule).is_ok_and(|theirs| events.iter().any(|event| theirs.judge(event)));
            counts.silent.push((rule.path.clone(), theirs));
        }
    }
    Ok(counts)
}

fn walk(folder: &Path, events: &mut BTreeMap<String, Vec<Event>>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, events)?;
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Some(name) = path.parent().and_then(Path::file_name) else { continue };
        let text = std::fs::read_to_string(&path)?;
        for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            let value = value?;
            let list = value.as_array().cloned().unwrap_or_else(|| vec![value]);
            events.entry(name.to_string_lossy().into_owned()).or_default().extend(list.iter().map(flat));
        }
    }
    Ok(())
}

/// The fields of a Windows event as Sigma's taxonomy names them, all as texts.
fn flat(value: &Value) -> Event {
    let mut event = Event::new();
    let sections = [&value["Event"]["System"], &value["Event"]["EventData"], &value["Event"]["UserData"]];
    for section in sections {
        for (key, value) in section.as_object().into_iter().flatten() {
            if let Some(text) = scalar(value) {
                event.insert(key.clone(), Value::from(text));
            }
            // `UserData` has one level more.
            for (inner, value) in value.as_object().into_iter().flatten() {
                if let Some(text) = scalar(value) {
                    event.insert(inner.clone(), Value::from(text));
                }
            }
        }
    }
    if let Some(provider) = value["Event"]["System"]["Provider"]["#attributes"]["Name"].as_str() {
        event.insert("Provider_Name".to_owned(), Value::from(provider));
    }
    event
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}
