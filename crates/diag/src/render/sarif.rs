//! Diagnostics as a SARIF 2.1.0 log, the format of code-scanning dashboards.

use serde_json::{Value, json};

use crate::{Diagnostic, Fix, Severity, Source, Span};

/// A rule as listed by the tool that reports.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Stable code.
    pub id: String,
    /// Short name.
    pub name: String,
    /// One sentence.
    pub description: String,
}

/// The parts of a SARIF log that do not come from the diagnostics.
#[derive(Clone, Debug)]
pub struct SarifRun<'a> {
    /// Version of the tool.
    pub version: &'a str,
    /// The rules, in any order.
    pub rules: &'a [Rule],
}

/// Renders the diagnostics of several sources as one SARIF log.
pub fn sarif(run: &SarifRun<'_>, findings: &[(&Source, &[Diagnostic])]) -> Value {
    let results: Vec<Value> = findings
        .iter()
        .flat_map(|(source, list)| list.iter().map(|diagnostic| result(source, diagnostic)))
        .collect();
    let rules: Vec<Value> = run
        .rules
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "name": rule.name,
                "shortDescription": {"text": rule.description},
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "atalanta", "version": run.version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(source: &Source, diagnostic: &Diagnostic) -> Value {
    let mut text = diagnostic.message.clone();
    for note in &diagnostic.notes {
        text.push_str("; ");
        text.push_str(note);
    }
    if let Some(help) = &diagnostic.help {
        text.push_str("; help: ");
        text.push_str(help);
    }
    let related: Vec<Value> = diagnostic
        .labels
        .iter()
        .map(|label| {
            let mut place = location(source, label.span);
            place["message"] = json!({"text": label.text});
            place
        })
        .collect();
    json!({
        "ruleId": diagnostic.code.0,
        "level": level(diagnostic.severity),
        "message": {"text": text},
        "locations": [location(source, diagnostic.span)],
        "relatedLocations": related,
        "fixes": diagnostic.fixes.iter().map(|fix| sarif_fix(source, fix)).collect::<Vec<_>>(),
    })
}

fn sarif_fix(source: &Source, fix: &Fix) -> Value {
    let replacements: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| {
            json!({
                "deletedRegion": region(source, edit.span),
                "insertedContent": {"text": edit.insert},
            })
        })
        .collect();
    json!({
        "description": {"text": fix.title},
        "artifactChanges": [{
            "artifactLocation": {"uri": source.name()},
            "replacements": replacements,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn location(source: &Source, span: Span) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": {"uri": source.name()},
        "region": region(source, span),
    }})
}

fn region(source: &Source, span: Span) -> Value {
    let (from, to) = (source.location(span.start), source.location(span.end));
    json!({
        "startLine": from.line, "startColumn": from.column,
        "endLine": to.line, "endColumn": to.column,
    })
}
