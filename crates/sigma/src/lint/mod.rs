//! Lints of Sigma files: one file each, with its code, its manual page, its check and its tests.
//!
//! A lint judges what can be read and means something; what cannot is an error of the front end ([`crate::codes`]).

mod atlas_tag;
mod attack_tag;
mod date;
mod id;
mod legacy_action;
mod legacy_timeframe;
mod lone_all;
mod tag_namespace;
mod unused_search;
mod value_list;

use atalanta_diag::{Code, Diagnostic, Severity, Span};

use crate::document::Document;

/// A lint.
pub struct Lint {
    /// Stable code.
    pub code: Code,
    /// Short name with dashes.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One line: what it reports.
    pub summary: &'static str,
    /// The source file; its module comment is the manual page.
    pub source: &'static str,
    /// Finds all cases.
    pub check: fn(&Context<'_>) -> Vec<Diagnostic>,
}

impl Lint {
    fn report(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.severity, span, message)
    }

    /// The manual page: the module comment of the lint's file.
    pub fn page(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .fold(String::new(), |page, line| page + line + "\n")
    }
}

/// What a lint sees.
pub struct Context<'a> {
    /// The file.
    pub text: &'a str,
    /// Its documents that could be read.
    pub documents: &'a [Document],
}

/// All lints, in the order of their codes.
pub const LINTS: &[&Lint] = &[
    &id::LINT,
    &date::LINT,
    &value_list::LINT,
    &tag_namespace::LINT,
    &atlas_tag::LINT,
    &attack_tag::LINT,
    &unused_search::LINT,
    &lone_all::LINT,
    &legacy_action::LINT,
    &legacy_timeframe::LINT,
];

/// Runs every lint; the result is sorted by place.
pub fn check(text: &str, documents: &[Document]) -> Vec<Diagnostic> {
    let context = Context { text, documents };
    let mut found: Vec<Diagnostic> = LINTS.iter().flat_map(|lint| (lint.check)(&context)).collect();
    found.sort_by_key(|one| (one.span, one.code));
    found
}

/// The manual of all codes as Markdown.
pub fn manual() -> String {
    let mut page = String::from("# Codes for Sigma files\n\n## Files and pipelines (SS, SP)\n\n");
    for (code, line) in crate::codes::ALL {
        page.extend(["- `", code.0, "`: ", line, "\n"]);
    }
    page.push_str("\n## Lints (SL)\n");
    for lint in LINTS {
        page.extend(["\n### `", lint.code.0, "` ", lint.name, " (", lint.severity.name(), ")\n\n"]);
        page.push_str(&format!("\n{}", lint.page()).replace("\n# ", "\n#### ")[1..]);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse;

    fn codes(text: &str) -> Vec<Code> {
        let (documents, errors) = parse(text);
        assert!(errors.is_empty(), "{text}\n{errors:?}");
        check(text, &documents).iter().map(|one| one.code).collect()
    }

    /// The fenced file under a heading; what a file must have beside it is added.
    fn file(page: &str, heading: &str) -> String {
        let section = page.split(&format!("{heading}\n")).nth(1).unwrap();
        let code = section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
        if code.starts_with("action") {
            return code.to_owned();
        }
        let mut text = code.to_owned();
        for (key, part) in [
            ("title:", "title: t\n"),
            ("id:", "id: 5f7e3c1a-9b0d-4e2f-8a6c-1d2e3f4a5b6c\n"),
            ("logsource:", "logsource:\n  category: x\n"),
            ("detection:", "detection:\n  s:\n    f: 1\n  condition: s\n"),
        ] {
            if !code.lines().any(|line| line.starts_with(key)) {
                text.push_str(part);
            }
        }
        text
    }

    #[test]
    fn examples_are_reported_and_what_stands_under_instead_is_not() {
        for lint in LINTS {
            let page = lint.page();
            let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("# ")).collect();
            assert_eq!(
                headings,
                ["# What it does", "# Why it matters", "# Example", "# Instead", "# Limits"],
                "{}",
                lint.code
            );
            assert!(codes(&file(&page, "# Example")).contains(&lint.code), "{}", lint.code);
            assert!(!codes(&file(&page, "# Instead")).contains(&lint.code), "{}", lint.code);
        }
    }

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<&str> = LINTS.iter().map(|lint| lint.code.0).collect();
        codes.dedup();
        assert_eq!(codes.len(), LINTS.len());
        assert!(codes.is_sorted());
    }

    #[test]
    fn the_page_of_codes_is_made_from_them() {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/sigma-lints.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, manual()).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == manual(), "{} is out of date: run `make docs`", path.display());
    }
}
