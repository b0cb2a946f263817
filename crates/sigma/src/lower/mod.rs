//! Rules become XQL.
//!
//! A rule is one query: a `filter` for the log source, as the pipeline says, and one for the detection. The text is
//! laid out by XQL's formatter, and [`Lowered::map`] leads from its places back into the YAML.

mod compile;
mod correlate;
mod field;
mod stream;
mod write;

use atalanta_diag::{Diagnostic, Severity, Span};
use atalanta_xql::env::Env;
use atalanta_xql::format::{Kind, format};
use atalanta_xql::syntax::lexer::{Backslash, lex};

use crate::codes;
use crate::filter::Filter;
use crate::matcher::Matcher;
use crate::pipeline::Pipeline;
use crate::rule::Rule;

pub use correlate::lower_correlation;
pub use stream::{
    Measure, Origin, Seen, StreamInput, StreamMember, StreamStep, Streamed, stream_correlation,
};
use write::Writer;

/// A rule as a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lowered {
    /// The query; empty when the rule cannot be lowered.
    pub xql: String,
    /// What it means for one event, log source included; none for correlations.
    pub matcher: Option<Matcher>,
    /// The dataset that the query reads.
    pub dataset: String,
    /// Places in the query with the places in the file that they come from, in the order of the query.
    pub map: Vec<(Span, Span)>,
    /// Why it could not be lowered, and where it means less than it says.
    pub diagnostics: Vec<Diagnostic>,
}

impl Lowered {
    /// Whether there is no query.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|one| one.severity == Severity::Error)
    }

    /// What XQL's checker says about the query, at the places of the file. Remarks about metadata and time frames,
    /// which a rule has elsewhere, are left out; so are fixes, which are edits of the query.
    pub fn check(&self, env: &Env) -> Vec<Diagnostic> {
        let found = atalanta_xql::check(&self.xql, env).diagnostics;
        let about_rule =
            |one: &Diagnostic| !matches!(one.code.0, "XA004" | "XP003") && one.severity != Severity::Info;
        let mut out: Vec<Diagnostic> = Vec::new();
        for mut one in found.into_iter().filter(about_rule) {
            one.span = self.origin(one.span).unwrap_or_default();
            one.labels.clear();
            one.fixes.clear();
            if !out
                .iter()
                .any(|known| (known.code, known.span, &known.message) == (one.code, one.span, &one.message))
            {
                out.push(one);
            }
        }
        out
    }

    /// The place in the file behind a place in the query: that of the smallest part around it.
    pub fn origin(&self, span: Span) -> Option<Span> {
        let covers = |part: &Span| part.start <= span.start && span.end <= part.end;
        let around =
            self.map.iter().filter(|(part, _)| covers(part)).min_by_key(|(part, _)| part.end - part.start);
        let touches = || self.map.iter().find(|(part, _)| part.overlaps(span));
        around.or_else(touches).map(|(_, origin)| *origin)
    }
}

/// Lowers a rule.
pub fn lower(rule: &Rule, pipeline: &Pipeline) -> Lowered {
    lower_filtered(rule, &[], pipeline)
}

/// Lowers a rule with the filters that are meant for it.
pub fn lower_filtered(rule: &Rule, filters: &[&Filter], pipeline: &Pipeline) -> Lowered {
    let compiled = match compile::rule(rule, filters, pipeline, &[]) {
        Ok(compiled) => compiled,
        Err(diagnostics) => return Lowered { diagnostics, ..Lowered::default() },
    };
    let mut writer = Writer::new(&compiled.applied);
    writer.title(&rule.meta);
    writer.push(&format!("dataset = {}\n", compiled.applied.dataset()));
    if let Some(scope) = &compiled.scope {
        writer.push("| filter ");
        writer.matcher(scope);
        writer.push("\n");
    }
    writer.push("| filter ");
    writer.matcher(&compiled.detection);
    let matcher = compiled.whole();
    finish(writer, Some(matcher), compiled.applied.dataset().to_owned())
}

/// Lays the query out and moves the map along: formatting keeps every token.
fn finish(writer: Writer<'_>, matcher: Option<Matcher>, dataset: String) -> Lowered {
    let Writer { text, marks, diagnostics, .. } = writer;
    let formatted = format(&text, Kind::Query);
    let mut lowered = Lowered { matcher, dataset, diagnostics, ..Lowered::default() };
    if lowered.has_errors() {
        return lowered;
    }
    if let Some(error) = formatted.errors.first() {
        // A query of ours that XQL cannot read is a mistake of this crate; the rule is refused, not half run.
        let message = format!("the rule has no form in XQL: {}", error.message);
        lowered.diagnostics.push(Diagnostic::error(codes::UNSUPPORTED, Span::default(), message));
        return lowered;
    }
    let before = lex(&text, Backslash::OddEscapes).tokens;
    let after = lex(&formatted.text, Backslash::OddEscapes).tokens;
    lowered.xql = formatted.text;
    if before.len() != after.len() {
        return lowered;
    }
    for (start, end, origin) in marks {
        let first = before.partition_point(|token| (token.span.start as usize) < start);
        let last = before.partition_point(|token| (token.span.end as usize) <= end);
        if first < last {
            lowered.map.push((after[first].span.to(after[last - 1].span), origin));
        }
    }
    lowered
}
