//! A source to go on from: the folder for a sample, with a mapping that understands it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use atalanta_sources::samples::{Sample, check_samples, expected_form, is_sample, sample_rows};
use atalanta_sources::{Framing, Registry, Source, records};
use serde_json::Value;

use crate::Ended;
use crate::figures;
use crate::terminal::Terminal;

/// Records that are looked at.
const LOOK: usize = 1000;

/// Names of members, folded, and the column that usually holds such a value.
const COLUMNS: &[(&str, &str)] = &[
    ("user", "actor_primary_username"),
    ("username", "actor_primary_username"),
    ("useremail", "actor_primary_username"),
    ("userid", "actor_primary_user_sid"),
    ("actor", "actor_primary_user_sid"),
    ("principal", "actor_primary_user_sid"),
    ("clientip", "action_local_ip"),
    ("sourceip", "action_local_ip"),
    ("remoteaddr", "action_local_ip"),
    ("ip", "action_local_ip"),
    ("host", "agent_hostname"),
    ("hostname", "agent_hostname"),
    ("method", "action_http_request_method"),
    ("path", "action_http_request_uri"),
    ("uri", "action_http_request_uri"),
    ("url", "action_http_request_uri"),
    ("useragent", "action_http_user_agent"),
    ("status", "http_status"),
    ("statuscode", "http_status"),
    ("durationms", "duration_ms"),
    ("requestid", "request_id"),
    ("traceid", "trace_id"),
    ("spanid", "span_id"),
    ("sessionid", "session_id"),
    ("conversationid", "session_id"),
    ("agent", "ai_agent_name"),
    ("agentname", "ai_agent_name"),
    ("tool", "tool_name"),
    ("toolname", "tool_name"),
    ("model", "llm_model"),
    ("modelname", "llm_model"),
    ("prompt", "llm_user_text"),
    ("completion", "llm_output_text"),
    ("command", "action_process_command_line"),
    ("commandline", "action_process_command_line"),
    ("pid", "action_process_os_pid"),
    ("filename", "action_file_path"),
    ("filepath", "action_file_path"),
    ("sha256", "action_file_hash"),
    ("event", "event_sub_type"),
    ("eventtype", "event_sub_type"),
    ("action", "event_sub_type"),
];

/// Names of members that hold the time of an event.
const TIMES: &[&str] =
    &["time", "timestamp", "ts", "eventtime", "createdat", "starttime", "date", "datetime"];

/// Writes the folder.
pub fn run(name: &str, sample: &Path, out: &Path, terminal: Terminal) -> anyhow::Result<Ended> {
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    anyhow::ensure!(
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(named),
        "{name}: expected small letters, digits and `_`"
    );
    anyhow::ensure!(
        Registry::builtin().get(name).is_none(),
        "{name}: there is a source of that name already"
    );
    let folder = out.join(name);
    anyhow::ensure!(!folder.exists(), "{}: is there already", folder.display());
    let bytes = std::fs::read(sample).with_context(|| format!("{}: cannot be read", sample.display()))?;
    let members = members(&bytes);
    let (yaml, rules) = match &members {
        Some(members) => (json_yaml(name, members), json_rules(name, members)),
        None => (text_yaml(name), text_rules(name)),
    };
    let source = Source::load(&yaml, &rules).map_err(|error| anyhow::anyhow!("{name}/{error}"))?;
    let end = if members.is_some() { "jsonl" } else { "log" };
    let file = sample.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = if is_sample(&file) { file } else { format!("sample.{end}") };
    let sample = Sample { name: file, bytes };
    let mut expected = String::new();
    for row in sample_rows(&source, &sample)? {
        // Writing to a String cannot fail.
        let _ = writeln!(expected, "{}", expected_form(&row));
    }
    let wrong = check_samples(&source, std::slice::from_ref(&sample), Some(&expected));
    std::fs::create_dir_all(folder.join("samples"))?;
    let readme =
        "# Samples\n\nWhere they come from, and which version of the producer wrote them: to be written.\n";
    for (name, text) in [
        ("source.yaml", &*yaml),
        ("mapping.xif", &rules),
        ("expected.ndjson", &expected),
        ("samples/README.md", readme),
    ] {
        std::fs::write(folder.join(name), text)?;
    }
    std::fs::write(folder.join("samples").join(&sample.name), &sample.bytes)?;
    for problem in wrong.iter().take(5) {
        terminal.warning(&atalanta_diag::render::escape_control(problem));
    }
    let rows = figures::plural(expected.lines().count() as u64, "row");
    terminal.note(&format!("{} written, {rows}", folder.display()));
    let shown = folder.display();
    terminal.note(&format!(
        "next: mend source.yaml and mapping.xif, `atalanta sources test --update {shown}`, read expected.ndjson; then \
         `--sources-dir {}` with `query`, `hunt`, `ingest` and `serve` uses it",
        out.display()
    ));
    Ok(if wrong.is_empty() { Ended::Clean } else { Ended::Findings })
}

/// Types of the members of JSON records; none if the sample is not JSON.
fn members(bytes: &[u8]) -> Option<BTreeMap<String, &'static str>> {
    let mut found: BTreeMap<String, &'static str> = BTreeMap::new();
    let mut objects = 0;
    for (_, raw) in records(bytes, Framing::Json).into_iter().take(LOOK) {
        let value: Value = serde_json::from_slice(raw).ok()?;
        let items = match value {
            Value::Array(items) => items,
            other => vec![other],
        };
        for item in items.iter().filter_map(Value::as_object) {
            objects += 1;
            for (name, value) in item {
                let ty = match value {
                    Value::Null => continue,
                    Value::Bool(_) => "boolean",
                    Value::Number(number) if number.is_i64() => "int",
                    Value::Number(_) => "float",
                    Value::String(_) => "string",
                    Value::Array(_) | Value::Object(_) => "json",
                };
                let known = found.entry(name.clone()).or_insert(ty);
                *known = wider(known, ty);
            }
        }
    }
    (objects > 0).then_some(found)
}

/// The type that holds values of both.
fn wider(a: &'static str, b: &'static str) -> &'static str {
    match (a, b) {
        _ if a == b => a,
        ("int", "float") | ("float", "int") => "float",
        ("json", _) | (_, "json") => "json",
        _ => "string",
    }
}

fn fold(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn head(name: &str, decoder: &str, framing: &str) -> String {
    format!(
        "id: {name}\ntitle: {name}\nvendor: {name}\nproduct: {name}\nlink: https://example.org/\nconnect:\n  - To be written.\n\
         raw_dataset: {name}_raw\nframing: {framing}\ndecoder: {decoder}\nevent_classes: [EVENT_LOG]\n"
    )
}

fn quoted(name: &str) -> String {
    Value::from(name).to_string()
}

fn json_yaml(name: &str, members: &BTreeMap<String, &'static str>) -> String {
    let mut yaml = head(name, "json", "json");
    let signs: Vec<String> = members.keys().take(6).map(|name| quoted(name)).collect();
    let _ = write!(yaml, "detect:\n  - json: [{}]\nfields:\n", signs.join(", "));
    let time = time_member(members);
    for (member, ty) in members {
        let ty = if Some(member) == time && *ty == "string" { "datetime" } else { ty };
        let _ = writeln!(yaml, "  {}: {ty}", quoted(member));
    }
    yaml
}

fn time_member<'m>(members: &'m BTreeMap<String, &'static str>) -> Option<&'m String> {
    TIMES.iter().find_map(|wanted| members.keys().find(|member| fold(member) == *wanted))
}

/// A member as a name in a rule.
fn name_of(member: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if member.chars().all(plain) && !member.starts_with(|c: char| c.is_ascii_digit()) {
        return member.to_owned();
    }
    format!("`{member}`")
}

fn json_rules(name: &str, members: &BTreeMap<String, &'static str>) -> String {
    let mut assigns = vec!["event_type = \"EVENT_LOG\"".to_owned(), "event_class = \"EVENT_LOG\"".to_owned()];
    if let Some(member) = time_member(members) {
        let field = name_of(member);
        assigns.insert(
            0,
            match members[member] {
                "int" => format!("_time = to_timestamp({field}, \"MILLIS\")"),
                "float" => format!("_time = to_timestamp(to_integer({field}), \"SECONDS\")"),
                _ => format!("_time = {field}"),
            },
        );
    }
    let mut taken: Vec<&str> = Vec::new();
    for (member, ty) in members {
        let column = COLUMNS.iter().find(|(known, _)| fold(member) == *known).map(|(_, column)| *column);
        let Some(column) = column.filter(|column| !taken.contains(column) && *ty != "json") else { continue };
        taken.push(column);
        let field = name_of(member);
        let value = match (column, *ty) {
            ("http_status" | "action_process_os_pid", "string") => format!("to_integer({field})"),
            ("duration_ms", "string" | "int") => format!("to_float({field})"),
            ("http_status" | "action_process_os_pid", "int") | ("duration_ms", "float") | (_, "string") => {
                field
            }
            ("http_status" | "action_process_os_pid", _) => format!("to_integer({field})"),
            _ => format!("to_string({field})"),
        };
        assigns.push(format!("{column} = {value}"));
    }
    format!(
        "// Made from a sample. event_class and the columns are to be chosen: docs/reference/schema.md.\n\
         [INGEST: vendor = \"{name}\", product = \"{name}\", target_dataset = \"xdr_data\"]\nalter\n    {};\n",
        assigns.join(",\n    ")
    )
}

fn text_yaml(name: &str) -> String {
    let mut yaml = head(name, "pattern", "lines");
    yaml.push_str(
        "# Regular expressions with named groups, tried in turn; the first that matches a line decides.\npatterns:\n  \
         - '^(?P<message>.*\\S.*)$'\ndetect:\n  - text: '\\S'\nfields:\n  message: string\n",
    );
    yaml
}

fn text_rules(name: &str) -> String {
    format!(
        "// Made from a sample: give the parts of a line names in source.yaml and assign them here.\n\
         [INGEST: vendor = \"{name}\", product = \"{name}\", target_dataset = \"xdr_data\"]\nalter\n    \
         event_type = \"EVENT_LOG\",\n    event_class = \"EVENT_LOG\",\n    attributes = object_create(\"message\", message);\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_members_hold_all_their_values() {
        let found = members(b"{\"a\":1,\"b\":\"x\",\"c\":null}\n{\"a\":1.5,\"b\":{},\"c\":true}\n").unwrap();
        let of = |name: &str| found[name];
        assert_eq!((of("a"), of("b"), of("c")), ("float", "json", "boolean"));
        assert!(members(b"plain text").is_none());
    }
}
