//! Lints: one file each, with its code, its manual page, its check, its fix and its tests.
//!
//! A lint turns facts of the resolver, proofs of the logic analysis, or the syntax tree into diagnostics.
//! Groups: `XN` names, `XT` types and values, `XL` logic, `XP` performance and scope, `XA` ATLAS and
//! metadata, `XC` compatibility with Cortex. Syntax errors (`XS`) come from the parser.

mod atlas;
mod cortex;
mod edit;
mod logic;
mod names;
mod performance;
mod string_test;
mod types;
mod walk;

use atalanta_diag::{Code, Diagnostic, Severity, Span};
use atalanta_schema::{Catalog, Content, Dataset, Field};

use crate::facts::Fact;
use crate::logic::Finding;
use crate::resolve::{DEFAULT_DATASET, Resolved};
use crate::syntax::Parsed;
use crate::syntax::ast::{Expr, Name, Query, Stage, StageKind};
use crate::syntax::codes;

/// What a lint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// `XN`: fields, datasets, functions.
    Names,
    /// `XT`: types and values.
    Types,
    /// `XL`: what the conditions mean.
    Logic,
    /// `XP`: time, scope, telemetry and cost.
    Performance,
    /// `XA`: ATLAS ids and other metadata.
    Atlas,
    /// `XC`: departures from Cortex XQL.
    Cortex,
}

impl Group {
    /// Title for the manual.
    pub fn title(self) -> &'static str {
        match self {
            Self::Names => "Names (XN)",
            Self::Types => "Types and values (XT)",
            Self::Logic => "Logic (XL)",
            Self::Performance => "Scope, telemetry and cost (XP)",
            Self::Atlas => "ATLAS and metadata (XA)",
            Self::Cortex => "Compatibility with Cortex (XC)",
        }
    }
}

/// A lint.
pub struct Rule {
    /// Stable code.
    pub code: Code,
    /// Short name with dashes.
    pub name: &'static str,
    /// Severity in compat mode.
    pub severity: Severity,
    /// Severity in strict mode.
    pub strict: Severity,
    /// Its group.
    pub group: Group,
    /// One line: what it reports.
    pub summary: &'static str,
    /// The source file; its module comment is the manual page.
    pub source: &'static str,
    /// Finds all cases.
    pub check: fn(&Context<'_>) -> Vec<Diagnostic>,
}

impl Rule {
    /// A diagnostic of this rule with the severity of the mode.
    fn report(&self, context: &Context<'_>, span: Span, message: impl Into<String>) -> Diagnostic {
        let severity = if context.options.strict { self.strict } else { self.severity };
        Diagnostic::new(self.code, severity, span, message)
    }

    /// The manual page: the module comment of the rule's file.
    pub fn page(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        let mut page = String::new();
        for line in lines {
            let line = line.strip_prefix("//!").unwrap_or(line);
            page.push_str(line.strip_prefix(' ').unwrap_or(line));
            page.push('\n');
        }
        page
    }
}

/// How to check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The language of Cortex: dialect forms, unknown and lost fields are errors.
    pub strict: bool,
    /// Whether the datasets at hand are all there is: then an unknown one is an error.
    pub with_data: bool,
}

/// What a lint sees.
pub struct Context<'a> {
    /// The query's text.
    pub text: &'a str,
    /// Its tree.
    pub parsed: &'a Parsed,
    /// Its meaning.
    pub resolved: &'a Resolved,
    /// What was proved about its conditions.
    pub findings: &'a [Finding],
    /// How to check.
    pub options: Options,
    /// The catalogued dataset that the query reads.
    dataset: Option<&'static Dataset>,
    stages: Vec<&'a Stage>,
    expressions: Vec<&'a Expr>,
}

/// The catalogued dataset that the query reads, the event table when none is written.
fn dataset(query: &Query) -> Option<&'static Dataset> {
    let named = query.stages.iter().find_map(|stage| match &stage.kind {
        StageKind::Source(source) => source.names.first().map(Name::folded),
        _ => None,
    });
    Catalog::builtin().dataset(named.as_deref().unwrap_or(DEFAULT_DATASET))
}

impl<'a> Context<'a> {
    fn query(&self) -> &'a Query {
        &self.parsed.query
    }

    /// Every stage of the query and its sub-queries.
    fn stages(&self) -> impl Iterator<Item = &'a Stage> + '_ {
        self.stages.iter().copied()
    }

    /// Every expression of the query and its sub-queries, parents before children.
    fn expressions(&self) -> impl Iterator<Item = &'a Expr> + '_ {
        self.expressions.iter().copied()
    }

    fn facts(&self) -> &'a [Fact] {
        &self.resolved.facts
    }

    /// The text under a span.
    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// The line on which an offset lies, from 1.
    fn line(&self, offset: u32) -> usize {
        let before = self.text.get(..offset as usize).unwrap_or("");
        before.bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    /// The catalogue's entry of a field name or alias.
    fn field(&self, name: &str) -> Option<&'static Field> {
        self.dataset?.field(name).map(|found| found.field)
    }

    /// What kind of text the field of this name holds.
    fn content(&self, name: &str) -> Option<Content> {
        self.field(name)?.content
    }
}

/// All lints, in the order of their codes within each group.
pub fn rules() -> &'static [&'static Rule] {
    RULES
}

const RULES: &[&Rule] = &[
    &names::unknown_field::RULE,
    &names::lost_field::RULE,
    &names::unknown_dataset::RULE,
    &names::unknown_function::RULE,
    &names::duplicate_column::RULE,
    &names::sibling_field::RULE,
    &names::overwritten_by_join::RULE,
    &names::no_data::RULE,
    &types::unknown_enum_value::RULE,
    &types::type_mismatch::RULE,
    &types::bad_regex::RULE,
    &types::impossible_content::RULE,
    &types::misplaced_aggregate::RULE,
    &types::arity::RULE,
    &types::bad_literal::RULE,
    &types::json_wildcard::RULE,
    &types::other_ip_version::RULE,
    &types::unanchored_extension::RULE,
    &logic::never::RULE,
    &logic::one_value::RULE,
    &logic::always_true::RULE,
    &logic::subsumed::RULE,
    &logic::dead_branch::RULE,
    &logic::dead_choice::RULE,
    &logic::null_comparison::RULE,
    &logic::thin_baseline::RULE,
    &logic::named_attack::RULE,
    &logic::byte_direction::RULE,
    &performance::unbucketed_threshold::RULE,
    &performance::unbounded_join::RULE,
    &performance::no_time_frame::RULE,
    &performance::private_prefix::RULE,
    &performance::encrypted_layer::RULE,
    &performance::source_code_in_arguments::RULE,
    &performance::windows_image_name::RULE,
    &performance::coarse_identity::RULE,
    &performance::host_list::RULE,
    &performance::regex_as_contains::RULE,
    &atlas::not_an_id::RULE,
    &atlas::retired_id::RULE,
    &atlas::tactic::RULE,
    &atlas::no_mapping::RULE,
    &cortex::hash_comment::RULE,
    &cortex::like::RULE,
    &cortex::regex_word::RULE,
    &cortex::alias_after_keys::RULE,
    &cortex::eval_stage::RULE,
    &cortex::infix_arithmetic::RULE,
    &cortex::dialect_function::RULE,
    &cortex::sort_direction::RULE,
    &cortex::join_form::RULE,
    &cortex::field_alias::RULE,
    &cortex::enum_as_string::RULE,
    &cortex::foreign_enum_value::RULE,
    &cortex::curly_quotes::RULE,
    &cortex::own_function::RULE,
];

/// Runs every lint; the result is sorted by place. Syntax errors are not among it.
pub fn check(
    text: &str,
    parsed: &Parsed,
    resolved: &Resolved,
    findings: &[Finding],
    options: Options,
) -> Vec<Diagnostic> {
    let dataset = dataset(&parsed.query);
    let stages = walk::stages(&parsed.query);
    let expressions = walk::expressions(&stages);
    let context = Context { text, parsed, resolved, findings, options, dataset, stages, expressions };
    let mut diagnostics: Vec<_> = RULES.iter().flat_map(|rule| (rule.check)(&context)).collect();
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
    diagnostics
}

/// The manual of all codes as Markdown, made from the rules themselves.
pub fn manual() -> String {
    let mut page = String::from("# Codes of `atalanta check`\n\n## Syntax (XS)\n\n");
    for (code, line) in codes::ALL {
        page.extend(["- `", code.0, "`: ", line, "\n"]);
    }
    page.push_str("\n## Rules files (XR)\n\n");
    for (code, line) in crate::rules::codes::ALL {
        page.extend(["- `", code.0, "`: ", line, "\n"]);
    }
    let mut group = None;
    for rule in RULES {
        if group != Some(rule.group) {
            page.extend(["\n## ", rule.group.title(), "\n"]);
            group = Some(rule.group);
        }
        let strict = if rule.severity == rule.strict { "" } else { ", error in strict mode" };
        page.extend(["\n### `", rule.code.0, "` ", rule.name, " (", rule.severity.name(), strict, ")\n"]);
        page.push_str(&format!("\n{}", rule.page()).replace("\n# ", "\n#### "));
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::env::{Env, Input, Mode};
    use atalanta_diag::Applicability;

    const HEADINGS: [&str; 5] = ["# What it does", "# Why it matters", "# Example", "# Instead", "# Limits"];

    /// The fenced query under a heading, completed to a whole one.
    fn query(page: &str, heading: &str) -> Option<String> {
        let section = page.split(&format!("{heading}\n")).nth(1)?;
        let section = section.split("\n# ").next()?;
        let code = section.split("```xql\n").nth(1)?.split("\n```").next()?;
        let comments =
            code.lines().take_while(|line| line.starts_with("//") || line.starts_with('#')).count();
        let mut lines: Vec<_> = code.lines().map(str::to_owned).collect();
        let first = lines.get(comments)?;
        if !["dataset", "config"].iter().any(|word| first.starts_with(word)) {
            lines[comments] = format!("dataset = xdr_data\n| {first}");
        }
        Some(lines.join("\n"))
    }

    fn codes(text: &str) -> Vec<Code> {
        // The one field that is empty in the data; without data that lint has nothing to say.
        let empty = ["mesh_route".to_owned()].into();
        let input = Input { name: "xdr_data".to_owned(), empty, ..Input::default() };
        let env = Env { inputs: vec![input], ..Env::new(Mode::Compat) };
        crate::check(text, &env).diagnostics.iter().map(|d| d.code).collect()
    }

    #[test]
    fn pages_have_the_fixed_headings() {
        for rule in rules() {
            let page = rule.page();
            let found: Vec<_> = page.lines().filter(|line| line.starts_with("# ")).collect();
            assert_eq!(found, HEADINGS, "{}", rule.code);
        }
    }

    #[test]
    fn codes_are_unique_and_fit_their_group() {
        let mut seen = HashSet::new();
        for rule in rules() {
            assert!(seen.insert(rule.code), "{} is used twice", rule.code);
            assert!(rule.group.title().contains(&rule.code.0[..2]), "{}", rule.code);
        }
    }

    #[test]
    fn examples_are_reported_and_their_repairs_are_not() {
        let mut wrong = Vec::new();
        for rule in rules() {
            let page = rule.page();
            let example = query(&page, "# Example").expect("each page has an example");
            if !codes(&example).contains(&rule.code) {
                wrong.push(format!("{} does not report\n{example}\nbut {:?}", rule.code, codes(&example)));
            }
            if let Some(instead) = query(&page, "# Instead").filter(|text| codes(text).contains(&rule.code)) {
                wrong.push(format!("{} still reports\n{instead}", rule.code));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }

    #[test]
    fn a_fix_of_an_example_removes_the_report() {
        let env = Env::new(Mode::Compat);
        for rule in rules() {
            let example = query(&rule.page(), "# Example").expect("each page has an example");
            let checked = crate::check(&example, &env);
            let fixable = checked.diagnostics.iter().any(|d| d.code == rule.code && !d.fixes.is_empty());
            if fixable {
                let fixed = crate::fix(&example, Applicability::NeedsReview, &env);
                assert!(!codes(&fixed.text).contains(&rule.code), "{}:\n{}", rule.code, fixed.text);
                assert!(fixed.remaining.iter().all(|d| !d.code.0.starts_with("XS")), "{}", fixed.text);
            }
        }
    }

    #[test]
    fn the_manual_lists_every_code() {
        let manual = manual();
        for rule in rules() {
            assert!(manual.contains(&format!("`{}`", rule.code)), "{}", rule.code);
        }
    }
}
