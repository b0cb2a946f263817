//! SARIF 2.1.0: a finding is a result, a hunt is a rule, ATLAS is a taxonomy.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use atalanta_schema::Atlas;
use serde_json::{Value, json};

use crate::figures;
use crate::hunting::finding::{Evidence, Finding};
use crate::hunting::report::{HuntRun, Report};
use crate::time;
use atalanta_schema::Level;

const TAXONOMY: &str = "MITRE ATLAS";

/// Writes the report of a hunt.
pub fn report(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let index: BTreeMap<&str, usize> =
        report.hunts.iter().enumerate().map(|(at, hunt)| (hunt.id.as_str(), at)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "atalanta",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": report.hunts.iter().map(rule).collect::<Vec<_>>(),
                "supportedTaxonomies": [{"name": TAXONOMY}],
            }},
            "taxonomies": [taxonomy(report)],
            "invocations": [invocation(report)],
            "results": report.findings.iter().map(|finding| result(finding, &index)).collect::<Vec<_>>(),
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Critical | Level::High => "error",
        Level::Medium => "warning",
        Level::Low | Level::Informational => "note",
    }
}

/// The number by which code-scanning dashboards sort, in the range of CVSS.
fn security_severity(level: Level) -> &'static str {
    match level {
        Level::Critical => "9.5",
        Level::High => "8.0",
        Level::Medium => "5.5",
        Level::Low => "3.0",
        Level::Informational => "0.0",
    }
}

fn rule(hunt: &HuntRun) -> Value {
    let tags: Vec<&String> = hunt.atlas.iter().chain(&hunt.owasp).collect();
    let mut rule = json!({
        "id": hunt.id,
        "name": hunt.title,
        "shortDescription": {"text": hunt.title},
        "defaultConfiguration": {"level": level(hunt.severity)},
        "properties": {
            "tags": tags,
            "security-severity": security_severity(hunt.severity),
            "precision": hunt.confidence.name(),
        },
    });
    if !hunt.description.is_empty() {
        rule["fullDescription"] = json!({"text": hunt.description});
    }
    if !hunt.false_positives.is_empty() {
        rule["help"] = json!({"text": format!("harmless causes: {}", hunt.false_positives.join("; "))});
    }
    rule
}

fn taxonomy(report: &Report) -> Value {
    let mut taxa: BTreeMap<&str, &str> = BTreeMap::new();
    for technique in report.findings.iter().flat_map(|finding| &finding.techniques) {
        taxa.insert(&technique.id, &technique.name);
    }
    let taxa = taxa.into_iter().map(|(id, name)| json!({"id": id, "name": name}));
    json!({"name": TAXONOMY, "version": Atlas::builtin().version(), "taxa": taxa.collect::<Vec<_>>()})
}

fn invocation(report: &Report) -> Value {
    let problems = report.data.problems.iter().map(|problem| {
        let mut message = json!({"level": "warning", "message": {"text": problem.message}});
        message["locations"] = json!([place(&problem.path, problem.line)]);
        message
    });
    let failed = report.failed().map(|hunt| {
        json!({
            "level": "error",
            "message": {"text": hunt.error},
            "associatedRule": {"id": hunt.id},
        })
    });
    json!({
        "executionSuccessful": report.failed().next().is_none(),
        "startTimeUtc": time::rfc3339(report.started),
        "toolExecutionNotifications": problems.chain(failed).collect::<Vec<_>>(),
    })
}

fn result(finding: &Finding, index: &BTreeMap<&str, usize>) -> Value {
    let places: Vec<Value> =
        finding.evidence.iter().flat_map(Evidence::places).map(|at| place(&at.path, at.line)).collect();
    let taxa = finding.techniques.iter().map(|t| json!({"id": t.id, "toolComponent": {"name": TAXONOMY}}));
    let tactics: Vec<String> = finding.tactics.iter().map(|t| format!("{} {}", t.id, t.name)).collect();
    json!({
        "ruleId": finding.hunt,
        "ruleIndex": index.get(finding.hunt.as_str()),
        "level": level(finding.severity),
        "message": {"text": message(finding)},
        "locations": places.iter().take(1).collect::<Vec<_>>(),
        "relatedLocations": places.iter().skip(1).collect::<Vec<_>>(),
        "partialFingerprints": {"atalantaFinding/v1": finding.id},
        "taxa": taxa.collect::<Vec<_>>(),
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "tactics": tactics,
            "entities": finding.entities,
            "events": finding.events,
            "first": finding.first.map(time::rfc3339),
            "last": finding.last.map(time::rfc3339),
        },
    })
}

fn message(finding: &Finding) -> String {
    let mut text = format!("{}: {}", finding.title, figures::plural(finding.events, "event"));
    for entity in &finding.entities {
        let _ = write!(text, ", {} = {}", entity.name, entity.value.as_deref().unwrap_or("(none)"));
    }
    if let (Some(first), Some(last)) = (finding.first, finding.last) {
        let _ = write!(text, ", {}", time::range(first, last));
    }
    text
}

fn place(path: &str, line: Option<u64>) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(path)}});
    if let Some(line) = line {
        physical["region"] = json!({"startLine": line.max(1)});
    }
    json!({"physicalLocation": physical})
}

/// A path as a URI reference: absolute paths get the scheme, all but the unreserved characters are encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::findings::tests::sample;

    #[test]
    fn results_point_at_raw_records_and_techniques() {
        let mut out = Vec::new();
        report(&mut out, &sample()).unwrap();
        let log: Value = serde_json::from_slice(&out).unwrap();
        let run = &log["runs"][0];
        let first = &run["results"][0];
        assert_eq!(first["level"], "error");
        assert_eq!(first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a.log");
        assert_eq!(first["locations"][0]["physicalLocation"]["region"]["startLine"], 7);
        assert_eq!(first["taxa"][0]["id"], "AML.T0051.000");
        assert_eq!(run["taxonomies"][0]["taxa"][0]["name"], "LLM Prompt Injection: Direct");
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"][0]["level"], "warning");
    }

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("/a b/é.log"), "file:///a%20b/%C3%A9.log");
        assert_eq!(uri("x:y"), "x%3Ay", "a colon would be read as a scheme");
    }
}
