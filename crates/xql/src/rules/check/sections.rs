//! Sections and their arguments.

use atalanta_diag::Diagnostic;

use super::super::codes;
use crate::syntax::rules::{RulesFile, Section};

/// The arguments of a kind of section: which must stand, which may.
struct Shape {
    kind: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const SHAPES: &[Shape] = &[
    Shape {
        kind: "INGEST",
        required: &["vendor", "product", "target_dataset"],
        optional: &["no_hit", "ingestnull", "content_id"],
    },
    Shape {
        kind: "COLLECT",
        required: &["vendor", "product", "target_brokers"],
        optional: &["no_hit", "content_id"],
    },
    Shape { kind: "CONST", required: &[], optional: &[] },
    Shape { kind: "RULE", required: &[""], optional: &["content_id"] },
    Shape { kind: "EXTEND", required: &[], optional: &["", "content_id"] },
    Shape { kind: "MODEL", required: &["dataset"], optional: &["model", "content_id"] },
];

/// Arguments that take one of several words.
const CHOICES: &[(&str, &[&str])] = &[("no_hit", &["keep", "drop"]), ("ingestnull", &["true", "false"])];

pub(super) fn check(file: &RulesFile, out: &mut Vec<Diagnostic>) {
    let mut rules: Vec<String> = Vec::new();
    for section in &file.sections {
        let Some(shape) = SHAPES.iter().find(|shape| shape.kind == section.kind) else {
            let message = format!("no section is called `{}`", section.kind);
            let help = "there are INGEST, COLLECT, CONST, RULE, EXTEND and MODEL";
            out.push(Diagnostic::error(codes::SECTION, section.span, message).help(help));
            continue;
        };
        arguments(section, shape, out);
        if section.kind == "RULE"
            && let Some(name) = section.name()
        {
            let name = name.to_lowercase();
            if rules.contains(&name) {
                let message = format!("a rule `{name}` stands in this file already");
                out.push(Diagnostic::error(codes::SECTION, section.span, message));
            }
            rules.push(name);
        }
    }
}

fn arguments(section: &Section, shape: &Shape, out: &mut Vec<Diagnostic>) {
    let mut error = |message: String| {
        out.push(Diagnostic::error(codes::SECTION, section.span, message));
    };
    for name in shape.required.iter().filter(|name| section.argument(name).is_none()) {
        let what = if name.is_empty() { "a name".to_owned() } else { format!("`{name}`") };
        error(format!("`[{}]` lacks {what}", section.kind));
    }
    for (name, values) in &section.arguments {
        if !shape.required.contains(&name.as_str()) && !shape.optional.contains(&name.as_str()) {
            let shown = if name.is_empty() { values.first().unwrap_or(name) } else { name };
            error(format!("`[{}]` has no argument `{shown}`", section.kind));
            continue;
        }
        let choice = CHOICES.iter().find(|(choice, _)| choice == name);
        let value = values.first().map(|value| value.to_lowercase()).unwrap_or_default();
        if let Some((_, words)) = choice
            && !words.contains(&value.as_str())
        {
            error(format!("`{name}` is `{}`, found `{value}`", words.join("` or `")));
        }
    }
}
