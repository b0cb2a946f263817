//! What each side says about events.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use crate::events::Event;
use crate::files::RuleFile;

/// Atalanta's verdicts: for each rule, one for each event. All rules go into one query.
pub fn ours(rules: &[RuleFile], events: &[Event], binary: &str) -> anyhow::Result<Vec<Vec<bool>>> {
    let folder = std::env::temp_dir().join(format!("sigma-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut lines = String::new();
    for (number, event) in events.iter().enumerate() {
        let mut row = event.clone();
        row.insert("event_number".to_owned(), Value::from(number));
        // Keywords are searched in the values, which stand in one text.
        let texts: Vec<&str> = event.values().filter_map(Value::as_str).collect();
        row.insert("rawtext".to_owned(), Value::from(texts.join("\n")));
        writeln!(lines, "{}", Value::Object(row))?;
    }
    let mut query = String::from("dataset = ev\n| alter ");
    for (number, rule) in rules.iter().enumerate() {
        let comma = if number > 0 { ", " } else { "" };
        write!(query, "{comma}verdict_{number} = if({}, 1, 0)", rule.condition)?;
    }
    query.push_str("\n| fields event_number, verdict_*\n");
    let (data, text) = (folder.join("events.ndjson"), folder.join("query.xql"));
    std::fs::write(&data, lines)?;
    std::fs::write(&text, query)?;
    let output = Command::new(binary)
        .args(["query", "--format", "ndjson", "--limit", "1000000", "--file"])
        .arg(&text)
        .arg("--data")
        .arg(format!("ev={}", data.display()))
        .output()
        .with_context(|| format!("{binary} cannot be run"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "the query failed, see {}: {errors}", text.display());
    let mut verdicts = vec![vec![false; events.len()]; rules.len()];
    let mut seen = 0;
    for line in String::from_utf8(output.stdout)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let event = row["event_number"].as_u64().and_then(|number| usize::try_from(number).ok());
        let event = event.context("a row without its number")?;
        for (number, verdicts) in verdicts.iter_mut().enumerate() {
            verdicts[event] = row[format!("verdict_{number}")] == 1;
        }
        seen += 1;
    }
    anyhow::ensure!(seen == events.len(), "{seen} rows of {} events", events.len());
    Ok(verdicts)
}

/// A rule in rsigma-eval.
pub struct Theirs {
    engine: rsigma_eval::Engine,
}

impl Theirs {
    /// The rule alone, or why it is not taken.
    pub fn new(rule: &RuleFile) -> Result<Self, String> {
        Self::of(&rule.text)
    }

    /// The same for the text of a rule.
    pub fn of(text: &str) -> Result<Self, String> {
        let collection = rsigma_parser::parse_sigma_yaml(text).map_err(|error| error.to_string())?;
        if let Some(error) = collection.errors.first() {
            return Err(error.clone());
        }
        let mut engine = rsigma_eval::Engine::new();
        engine.add_collection(&collection).map_err(|error| error.to_string())?;
        Ok(Self { engine })
    }

    /// Whether an event is a match.
    pub fn judge(&self, event: &Event) -> bool {
        let value = Value::Object(event.clone());
        !self.engine.evaluate(&rsigma_eval::event::JsonEvent::borrow(&value)).is_empty()
    }
}
