//! # What it does
//! Reports a text that does not occur in columns of this kind: program code in a file path, a scheme or a
//! slash in a host name, a folder in an image name.
//! # Why it matters
//! The condition looks into the wrong column and finds nothing.
//! # Example
//! ```xql
//! filter action_file_path contains "exec("
//! ```
//! # Instead
//! ```xql
//! filter tool_arguments contains "exec("
//! ```
//! # Limits
//! A file path may hold almost any character; code in it is reported as unlikely, not as impossible. There
//! is no fix, because only the author knows which column was meant.

use atalanta_diag::{Code, Diagnostic, Severity};
use atalanta_schema::Content;

use crate::lint::string_test::{self, StringTest};
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XT004"),
    name: "impossible-content",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Types,
    summary: "a text that does not occur in such a column",
    source: include_str!("impossible_content.rs"),
    check,
};

/// Pieces of source code that no build system and no person puts into a file name.
const CODE: [&str; 7] = ["def ", "exec(", "eval(", "import ", "lambda ", "system(", "popen("];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut by_field: Vec<(StringTest<'_>, &'static str, Vec<String>)> = Vec::new();
    for expr in context.expressions() {
        let Some(test) = string_test::read(expr).filter(|test| !test.negated) else { continue };
        let Some((kind, odd)) = odd_patterns(context, &test) else { continue };
        match by_field.iter_mut().find(|(seen, ..)| seen.field == test.field) {
            Some((_, _, list)) => list.extend(odd),
            None => by_field.push((test, kind, odd)),
        }
    }
    by_field.into_iter().map(|(test, kind, odd)| report(context, &test, kind, &odd)).collect()
}

fn odd_patterns(context: &Context<'_>, test: &StringTest<'_>) -> Option<(&'static str, Vec<String>)> {
    let content = context.content(test.field)?;
    let kind = match content {
        Content::Path => "file path",
        Content::Hostname => "host name",
        Content::ImageName => "image name",
        Content::Ip => "address",
        _ => return None,
    };
    let odd = |text: &&str| match content {
        Content::Path => CODE.iter().any(|code| text.contains(code)),
        _ => !text.chars().all(|c| content.admits(c)),
    };
    let literal = test.patterns.iter().map(|pattern| pattern.trim_matches('*'));
    let odd: Vec<_> = literal.filter(odd).map(str::to_owned).collect();
    (!odd.is_empty()).then_some((kind, odd))
}

fn report(context: &Context<'_>, test: &StringTest<'_>, kind: &str, odd: &[String]) -> Diagnostic {
    let list: Vec<_> = odd.iter().map(|text| format!("`{text}`")).collect();
    let verb = if list.len() == 1 { "does" } else { "do" };
    let message = format!("{} {verb} not occur in a {kind}", list.join(", "));
    let report = RULE.report(context, test.span, message);
    if kind == "file path" {
        return report
            .note("a file event carries the path, not the content")
            .help("what an agent writes stands in `tool_arguments` of its tool call");
    }
    report
}
