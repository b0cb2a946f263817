//! `[[files]]`, `[[folders]]` and `[[kafka]]`: what the server reads by itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use atalanta_intake::Target;
use atalanta_intake::inputs::kafka::{self, Topic};
use atalanta_intake::inputs::{Input, InputKind};
use serde::Deserialize;

use super::positive;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    path: PathBuf,
    #[serde(default = "auto")]
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FolderEntry {
    path: PathBuf,
    #[serde(default = "auto")]
    source: String,
    #[serde(default = "ten_seconds")]
    interval: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KafkaEntry {
    brokers: String,
    topic: String,
    #[serde(default = "atalanta")]
    group: String,
    #[serde(default = "auto")]
    source: String,
    #[serde(default = "start")]
    from: String,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    /// Settings whose values stand in variables of the environment.
    #[serde(default)]
    properties_env: BTreeMap<String, String>,
}

fn atalanta() -> String {
    "atalanta".to_owned()
}

fn start() -> String {
    "start".to_owned()
}

fn auto() -> String {
    "auto".to_owned()
}

fn ten_seconds() -> String {
    "10s".to_owned()
}

pub(super) fn inputs(
    files: Vec<FileEntry>,
    folders: Vec<FolderEntry>,
    topics: Vec<KafkaEntry>,
) -> Result<Vec<Input>, String> {
    let mut inputs = Vec::new();
    for entry in files {
        let what = format!("files `{}`", entry.path.display());
        let target = Target::parse(&entry.source).map_err(|error| format!("{what}: {error}"))?;
        inputs.push(Input { path: entry.path, target, kind: InputKind::File });
    }
    for entry in folders {
        let what = format!("folders `{}`", entry.path.display());
        let target = Target::parse(&entry.source).map_err(|error| format!("{what}: {error}"))?;
        let interval = positive(&format!("{what} interval"), &entry.interval)?;
        inputs.push(Input { path: entry.path, target, kind: InputKind::Folder { interval } });
    }
    for entry in topics {
        inputs.push(entry.input()?);
    }
    if let Some(input) = inputs.iter().find(|input| input.path.as_os_str().is_empty()) {
        return Err(format!("{}: path: expected the name of a file or folder", input.kind.name()));
    }
    let mut paths: Vec<&PathBuf> = inputs.iter().map(|input| &input.path).collect();
    paths.sort();
    if let Some(pair) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("{}: is named twice in [[files]], [[folders]] and [[kafka]]", pair[0].display()));
    }
    Ok(inputs)
}

impl KafkaEntry {
    fn input(self) -> Result<Input, String> {
        let what = format!("kafka `{}`", self.topic);
        if !kafka::BUILT {
            return Err(format!(
                "{what}: this program was built without Kafka; build it with `cargo build --release --features kafka`"
            ));
        }
        for (key, value) in [("brokers", &self.brokers), ("topic", &self.topic), ("group", &self.group)] {
            if value.trim().is_empty() {
                return Err(format!("{what} {key}: expected a text that is not empty"));
            }
        }
        let target = Target::parse(&self.source).map_err(|error| format!("{what}: {error}"))?;
        let from_start = match self.from.as_str() {
            "start" => true,
            "end" => false,
            other => return Err(format!("{what} from: expected `start` or `end`, found `{other}`")),
        };
        let properties = settings(&what, self.properties, self.properties_env)?;
        let topic =
            Topic { brokers: self.brokers, name: self.topic, group: self.group, from_start, properties };
        Ok(Input { path: PathBuf::from(topic.place()), target, kind: InputKind::Kafka(topic) })
    }
}

/// Settings of librdkafka, those from the environment with their values.
fn settings(
    what: &str,
    mut properties: BTreeMap<String, String>,
    from_environment: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    for (name, variable) in from_environment {
        let value = std::env::var(&variable).map_err(|_| {
            format!("{what} properties_env: the variable `{variable}` for `{name}` is not set")
        })?;
        properties.insert(name, value);
    }
    match properties.keys().find_map(|name| Some((name, Topic::refused(name)?))) {
        Some((name, why)) => Err(format!("{what} properties: `{name}` {why}")),
        None => Ok(properties),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> KafkaEntry {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_topic_needs_a_program_that_can_read_it() {
        let made = entry("brokers = \"b:9092\"\ntopic = \"t\"\nsource = \"otlp\"").input();
        match (kafka::BUILT, made) {
            (true, Ok(input)) => assert_eq!(input.path, PathBuf::from("kafka/atalanta/t")),
            (false, Err(error)) => assert!(error.contains("--features kafka"), "{error}"),
            (_, made) => panic!("{made:?}"),
        }
    }

    #[test]
    fn settings_of_the_program_are_refused_and_secrets_come_from_the_environment() {
        let given = |name: &str| BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        let error = settings("k", given("group.id"), BTreeMap::new()).unwrap_err();
        assert!(error.contains("`group.id` is set by the program"), "{error}");
        let variable = BTreeMap::from([("sasl.password".to_owned(), "ATALANTA_NO_SUCH_VARIABLE".to_owned())]);
        let error = settings("k", BTreeMap::new(), variable).unwrap_err();
        assert!(error.contains("`ATALANTA_NO_SUCH_VARIABLE` for `sasl.password`"), "{error}");
        assert_eq!(settings("k", given("security.protocol"), BTreeMap::new()).unwrap().len(), 1);
    }
}
