//! Diagnostics as JSON, one object each.

use serde_json::{Value, json};

use crate::{Diagnostic, Source, Span};

/// Renders one diagnostic; places carry byte offsets and 1-based lines and columns.
pub fn json(source: &Source, diagnostic: &Diagnostic) -> Value {
    json!({
        "code": diagnostic.code.0,
        "severity": diagnostic.severity.name(),
        "message": diagnostic.message,
        "file": source.name(),
        "span": place(source, diagnostic.span),
        "labels": diagnostic.labels.iter()
            .map(|label| json!({"span": place(source, label.span), "text": label.text}))
            .collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "help": diagnostic.help,
        "fixes": diagnostic.fixes.iter().map(|fix| json!({
            "title": fix.title,
            "applicability": fix.applicability,
            "edits": fix.edits.iter()
                .map(|edit| json!({"span": place(source, edit.span), "insert": edit.insert}))
                .collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn place(source: &Source, span: Span) -> Value {
    json!({
        "start": span.start,
        "end": span.end,
        "from": source.location(span.start),
        "to": source.location(span.end),
    })
}
