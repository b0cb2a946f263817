//! Correlations become XQL: windows that slide over the events of their rules.
//!
//! Every rule marks its events in a column (1, else null). A window function over `_time` in milliseconds looks back by
//! the time span from each event, in the group of the event; an event at which the condition holds is a row of the
//! result. A correlation of correlations takes the marks of those as it takes the marks of rules. Tuples and distinct
//! values have no window function: `value_count` and `value_percentile` are computed over buckets of the time span
//! instead, and said so.

use atalanta_diag::{Diagnostic, Severity, Span};

use super::compile::{self, Compiled};
use super::write::Writer;
use super::{Lowered, finish};
use crate::codes;
use crate::condition::Condition;
use crate::correlation::{Correlation, CorrelationKind, Threshold};
use crate::document::Document;
use crate::meta::Text;
use crate::pipeline::Pipeline;
use crate::rule::Rule;

/// Deepest chain of correlations.
const DEPTH: usize = 16;

/// Most rules of a correlation, those of its chain together.
const MOST_RULES: usize = 256;

/// Lowers a correlation; `documents` are the files in which its rules stand.
pub fn lower_correlation(correlation: &Correlation, documents: &[Document], pipeline: &Pipeline) -> Lowered {
    let mut plan = Plan::new(documents, pipeline);
    let last = plan.add(correlation, 0);
    let is_broken = plan.out.iter().any(|one| one.severity == Severity::Error);
    let (Some(last), false, false) = (last, is_broken, plan.rules.is_empty()) else {
        return Lowered { diagnostics: plan.out, ..Lowered::default() };
    };
    let applied = plan.rules[0].compiled.applied.clone();
    let mut writer = Writer::new(&applied);
    writer.title(&correlation.meta);
    plan.write(&mut writer, correlation, &last);
    writer.diagnostics.append(&mut plan.out);
    finish(writer, None, applied.dataset().to_owned())
}

/// A rule with the fields of the correlations above it.
pub(super) struct Source {
    pub compiled: Compiled,
    pub mark: String,
    title: Span,
}

/// A correlation with the marks that it looks at.
pub(super) struct Step<'a> {
    pub correlation: &'a Correlation,
    /// Column and reference of each member, in the order of `rules`.
    pub members: Vec<(String, Text)>,
    /// The columns in which each member's events are marked, down to rules.
    pub leaves: Vec<Vec<usize>>,
    pub mark: String,
}

pub(super) struct Plan<'a> {
    documents: &'a [Document],
    pipeline: &'a Pipeline,
    pub rules: Vec<Source>,
    pub steps: Vec<Step<'a>>,
    pub out: Vec<Diagnostic>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(documents: &'a [Document], pipeline: &'a Pipeline) -> Self {
        Self { documents, pipeline, rules: Vec::new(), steps: Vec::new(), out: Vec::new() }
    }

    /// Plans a correlation and everything below it; gives its mark.
    pub(super) fn add(&mut self, correlation: &'a Correlation, depth: usize) -> Option<String> {
        if depth > DEPTH {
            let message = "the correlation refers to itself, or its chain is more than 16 deep";
            self.out.push(Diagnostic::error(codes::REFERENCE, correlation.span, message));
            return None;
        }
        let mut members = Vec::new();
        let mut leaves = Vec::new();
        for reference in &correlation.rules {
            let found = self.documents.iter().find(|one| one.meta().is_called(&reference.text));
            let member = match found {
                Some(Document::Rule(rule)) => self.rule(rule, correlation, reference),
                Some(Document::Correlation(inner)) => self.add(inner, depth + 1).map(|mark| {
                    let below = self.steps.last().map_or_else(Vec::new, |step| step.leaves.concat());
                    (mark, below)
                }),
                Some(Document::Filter(_)) | None => {
                    let message = format!("there is no rule or correlation `{}`", reference.text);
                    self.out.push(
                        Diagnostic::error(codes::REFERENCE, reference.span, message)
                            .help("it must stand in the same file or in one that is given along with it"),
                    );
                    None
                }
            };
            if let Some((mark, below)) = member {
                members.push((mark, reference.clone()));
                leaves.push(below);
            }
        }
        if members.len() < correlation.rules.len() {
            return None;
        }
        let mark = format!("sigma_c{}", self.steps.len());
        self.steps.push(Step { correlation, members, leaves, mark: mark.clone() });
        Some(mark)
    }

    fn rule(
        &mut self,
        rule: &'a Rule,
        correlation: &Correlation,
        reference: &Text,
    ) -> Option<(String, Vec<usize>)> {
        if self.rules.len() >= MOST_RULES {
            let message = format!("the correlation has more than {MOST_RULES} rules");
            self.out.push(Diagnostic::error(codes::UNSUPPORTED, reference.span, message));
            return None;
        }
        let fields = self.wanted(correlation);
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let filters: Vec<_> = self
            .documents
            .iter()
            .filter_map(|one| if let Document::Filter(filter) = one { Some(filter) } else { None })
            .collect();
        match compile::rule(rule, &filters, self.pipeline, &fields) {
            Ok(compiled) => {
                let mark = format!("sigma_r{}", self.rules.len());
                self.rules.push(Source { compiled, mark: mark.clone(), title: reference.span });
                Some((mark, vec![self.rules.len() - 1]))
            }
            Err(mut diagnostics) => {
                self.out.append(&mut diagnostics);
                None
            }
        }
    }

    /// Every field that this or any correlation of the files may ask the rules for.
    fn wanted(&self, correlation: &Correlation) -> Vec<String> {
        let others = self.documents.iter().filter_map(|one| match one {
            Document::Correlation(other) => Some(other),
            _ => None,
        });
        let mut names = Vec::new();
        for one in others.chain([correlation]) {
            names.extend(one.group_by.iter().map(|field| field.text.clone()));
            names.extend(measured(&one.kind).into_iter().map(|field| field.text.clone()));
            let aliased = one.aliases.iter().flat_map(|alias| &alias.fields);
            names.extend(aliased.map(|(_, field)| field.text.clone()));
        }
        names
    }

    fn write(&self, writer: &mut Writer<'_>, correlation: &Correlation, last: &str) {
        let dataset = self.rules[0].compiled.applied.dataset();
        for source in &self.rules {
            let own = source.compiled.applied.dataset();
            if own != dataset {
                let message =
                    format!("the rules of a correlation must read one dataset, found {dataset} and {own}");
                writer.diagnostics.push(Diagnostic::error(codes::CORRELATION, source.title, message));
            }
        }
        let time = self.rules[0].compiled.applied.time_field().to_owned();
        let time = writer.column(&time, correlation.span).text;
        writer.push(&format!("dataset = {dataset}\n| alter "));
        for (index, source) in self.rules.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            writer.push(&format!("{comma}{} = if(", source.mark));
            writer.matcher(&source.compiled.whole());
            writer.push(", 1)");
        }
        let marked: Vec<String> = self.rules.iter().map(|source| format!("{} = 1", source.mark)).collect();
        writer.push(&format!("\n| filter {}", marked.join(" or ")));
        writer.push(&format!("\n| alter sigma_time = to_epoch({time}, \"MILLIS\")"));
        for (index, step) in self.steps.iter().enumerate() {
            let is_last = index + 1 == self.steps.len();
            self.step(writer, step, index, is_last);
        }
        let is_bucketed = self.steps.last().is_some_and(|step| is_bucketed(&step.correlation.kind));
        if !is_bucketed {
            writer.push(&format!("\n| filter {last} = 1"));
        }
    }

    fn step(&self, writer: &mut Writer<'_>, step: &Step<'_>, index: usize, is_last: bool) {
        let correlation = step.correlation;
        let mut keys = Vec::new();
        for (at, field) in correlation.group_by.iter().enumerate() {
            let key = format!("sigma_c{index}_by{at}");
            let value = self.value(writer, step, field);
            writer.push(&format!("\n| alter {key} = {value}"));
            keys.push(key);
        }
        if is_bucketed(&correlation.kind) {
            if !is_last {
                let message = format!(
                    "a correlation of type `{}` below another correlation cannot be said in XQL",
                    correlation.kind.name()
                );
                writer.diagnostics.push(Diagnostic::error(codes::UNSUPPORTED, correlation.span, message));
            }
            return self.buckets(writer, step, &keys);
        }
        let by = if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) };
        let back = correlation.timespan;
        let window = Window { by: &by, back, index };
        let holds = match &correlation.kind {
            CorrelationKind::Temporal => window.temporal(writer, step),
            CorrelationKind::TemporalOrdered => window.ordered(writer, step),
            _ => self.measured(writer, step, &window),
        };
        let own: Vec<String> = step.members.iter().map(|(mark, _)| format!("{mark} = 1")).collect();
        // An event without the fields of the group belongs to none.
        let grouped: Vec<String> = keys.iter().map(|key| format!(" and {key} != null")).collect();
        let grouped = grouped.concat();
        writer.push(&format!("\n| alter {} = if(({}){grouped} and {holds}, 1)", step.mark, own.join(" or ")));
    }

    /// Count, sum, mean or median over the window.
    fn measured(&self, writer: &mut Writer<'_>, step: &Step<'_>, window: &Window<'_>) -> String {
        let kind = &step.correlation.kind;
        let value = format!("sigma_c{}_value", window.index);
        let measured = match measured(kind).first() {
            Some(field) => format!("to_number({})", self.value(writer, step, field)),
            None => {
                let own: Vec<String> = step.members.iter().map(|(mark, _)| format!("{mark} = 1")).collect();
                format!("if({}, 1)", own.join(" or "))
            }
        };
        writer.push(&format!("\n| alter {value} = {measured}"));
        let function = match kind {
            CorrelationKind::ValueAvg(_) => "avg",
            CorrelationKind::ValueMedian(_) => "median",
            CorrelationKind::ValueSum(_) => "sum",
            _ => "count",
        };
        let result = format!("sigma_c{}_result", window.index);
        window.push(writer, function, &value, &result);
        thresholds(&result, &step.correlation.thresholds)
    }

    /// A field of the members, which may be called differently in each.
    fn value(&self, writer: &mut Writer<'_>, step: &Step<'_>, field: &Text) -> String {
        let mut branches: Vec<(String, String)> = Vec::new();
        for (member, leaves) in step.leaves.iter().enumerate() {
            for leaf in leaves {
                let column = self.spelled(writer, step, member, *leaf, field);
                branches.push((format!("{} = 1", self.rules[*leaf].mark), column));
            }
        }
        let first = branches.first().map(|(_, column)| column.clone()).unwrap_or_default();
        if branches.iter().all(|(_, column)| *column == first) {
            let marks: Vec<String> = branches.into_iter().map(|(mark, _)| mark).collect();
            return format!("if({}, {first})", marks.join(" or "));
        }
        let cases: Vec<String> =
            branches.into_iter().map(|(mark, column)| format!("{mark}, {column}")).collect();
        format!("if({})", cases.join(", "))
    }

    /// A field as the alias of a member says it.
    fn aliased<'f>(step: &'f Step<'_>, member: usize, field: &'f Text) -> &'f Text {
        let alias = step.correlation.aliases.iter().find(|alias| alias.name.text == field.text);
        let reference = step.members.get(member).map(|(_, reference)| reference.text.as_str());
        let named = alias
            .and_then(|alias| alias.fields.iter().find(|(rule, _)| Some(rule.text.as_str()) == reference));
        named.map_or(field, |(_, field)| field)
    }

    /// What a field of a member is called in the events of one of its rules.
    pub(super) fn renamed<'f>(
        &'f self,
        step: &'f Step<'_>,
        member: usize,
        leaf: usize,
        field: &'f Text,
    ) -> &'f str {
        let name = Self::aliased(step, member, field);
        let renamed = self.rules[leaf].compiled.applied.fields.get(&name.text);
        renamed.and_then(|names| names.first()).unwrap_or(&name.text)
    }

    /// The same as XQL writes it.
    pub(super) fn spelled(
        &self,
        writer: &mut Writer<'_>,
        step: &Step<'_>,
        member: usize,
        leaf: usize,
        field: &Text,
    ) -> String {
        let span = Self::aliased(step, member, field).span;
        writer.column(self.renamed(step, member, leaf, field), span).text
    }

    /// Distinct values and percentiles: buckets of the time span.
    fn buckets(&self, writer: &mut Writer<'_>, step: &Step<'_>, keys: &[String]) {
        let correlation = step.correlation;
        let name = correlation.kind.name();
        let message =
            format!("`{name}` is computed over buckets of the time span: XQL has no sliding window for it");
        writer.diagnostics.push(
            Diagnostic::info(codes::CORRELATION, correlation.span, message)
                .help("events on both sides of a bucket's edge are not counted together"),
        );
        let values: Vec<String> =
            measured(&correlation.kind).into_iter().map(|field| self.value(writer, step, field)).collect();
        let aggregate = match &correlation.kind {
            CorrelationKind::ValuePercentile(_, percentile) => {
                writer.push(&format!("\n| alter sigma_value = to_number({})", values.concat()));
                // Quantiles of hundredths; a finer percentile would need more of them than is exact.
                let hundredth = format!("{percentile:.0}");
                (
                    "approx_quantiles(sigma_value, 100)".to_owned(),
                    format!("\n| alter sigma_result = arrayindex(sigma_quantiles, {hundredth})"),
                    "sigma_quantiles",
                )
            }
            _ if values.len() == 1 => {
                writer.push(&format!("\n| alter sigma_value = {}", values.concat()));
                ("count_distinct(sigma_value)".to_owned(), String::new(), "sigma_result")
            }
            _ => {
                // A character of the private area keeps ("a", "bc") apart from ("ab", "c").
                let joined: Vec<String> = values.iter().map(|value| format!("to_string({value})")).collect();
                let joined = joined.join(", \"\u{e0ff}\", ");
                writer.push(&format!("\n| alter sigma_value = concat({joined})"));
                ("count_distinct(sigma_value)".to_owned(), String::new(), "sigma_result")
            }
        };
        if !keys.is_empty() {
            let set: Vec<String> = keys.iter().map(|key| format!("{key} != null")).collect();
            writer.push(&format!("\n| filter {}", set.join(" and ")));
        }
        let (call, after, result) = aggregate;
        let time = writer.column(self.rules[0].compiled.applied.time_field(), correlation.span).text;
        writer.push(&format!(
            "\n| bin {time} span = {}S\n| comp {call} as {result}, min(sigma_time) as sigma_first, max(sigma_time) as sigma_last by {time}",
            correlation.timespan / 1000
        ));
        for key in keys {
            writer.push(&format!(", {key}"));
        }
        writer.push(&after);
        writer.push(&format!("\n| filter {}", thresholds("sigma_result", &correlation.thresholds)));
    }
}

fn is_bucketed(kind: &CorrelationKind) -> bool {
    matches!(kind, CorrelationKind::ValueCount(_) | CorrelationKind::ValuePercentile(..))
}

/// The fields that a correlation computes with.
pub(super) fn measured(kind: &CorrelationKind) -> Vec<&Text> {
    match kind {
        CorrelationKind::ValueCount(fields) => fields.iter().collect(),
        CorrelationKind::ValueSum(field)
        | CorrelationKind::ValueAvg(field)
        | CorrelationKind::ValueMedian(field)
        | CorrelationKind::ValuePercentile(field, _) => vec![field],
        _ => Vec::new(),
    }
}

fn thresholds(value: &str, thresholds: &[Threshold]) -> String {
    let tests: Vec<String> =
        thresholds.iter().map(|one| format!("{value} {} {}", one.operator.symbol(), one.value)).collect();
    tests.join(" and ")
}

/// The events of a group up to `back` milliseconds before an event, the event and those of its time included.
struct Window<'a> {
    by: &'a str,
    back: i64,
    index: usize,
}

impl Window<'_> {
    fn push(&self, writer: &mut Writer<'_>, function: &str, value: &str, result: &str) {
        let Self { by, back, .. } = self;
        writer.push(&format!(
            "\n| windowcomp {function}({value}){by} sort asc sigma_time between -{back} and 0 frame_type = range as {result}"
        ));
    }

    /// Each member has an event in the window, or as the condition over their names says.
    fn temporal(&self, writer: &mut Writer<'_>, step: &Step<'_>) -> String {
        let seen = self.seen(writer, step);
        match &step.correlation.rule_condition {
            Some(condition) => over_rules(condition, step, &seen, &mut writer.diagnostics),
            None => seen.iter().map(|seen| format!("{seen} > 0")).collect::<Vec<_>>().join(" and "),
        }
    }

    fn seen(&self, writer: &mut Writer<'_>, step: &Step<'_>) -> Vec<String> {
        let mut seen = Vec::new();
        for (at, (mark, _)) in step.members.iter().enumerate() {
            let result = format!("sigma_c{}_seen{at}", self.index);
            self.push(writer, "count", mark, &result);
            seen.push(result);
        }
        seen
    }

    /// The members in their order: for each event the latest start of a chain that has come as far as its rule. The
    /// last rule's event holds when that start lies within the time span.
    fn ordered(&self, writer: &mut Writer<'_>, step: &Step<'_>) -> String {
        let Self { by, back, index } = self;
        let mut before = String::from("sigma_time");
        let last = step.members.len().saturating_sub(1);
        for (at, (mark, _)) in step.members.iter().enumerate() {
            let start = format!("sigma_c{index}_start{at}");
            writer.push(&format!("\n| alter {start} = if({mark} = 1, {before})"));
            if at == last {
                let within = format!("{start} != null and subtract(sigma_time, {start}) <= {back}");
                return match &step.correlation.rule_condition {
                    Some(condition) => {
                        let seen = self.seen(writer, step);
                        let extended = over_rules(condition, step, &seen, &mut writer.diagnostics);
                        format!("{within} and {extended}")
                    }
                    None => within,
                };
            }
            let reached = format!("sigma_c{index}_reached{at}");
            writer.push(&format!(
                "\n| windowcomp max({start}){by} sort asc sigma_time between null and 0 frame_type = range as {reached}"
            ));
            before = reached;
        }
        "1 = 0".to_owned()
    }
}

/// A condition over the names of rules, in terms of the numbers of their events.
fn over_rules(condition: &Condition, step: &Step<'_>, seen: &[String], out: &mut Vec<Diagnostic>) -> String {
    let names = || step.members.iter().map(|(_, reference)| reference.text.as_str());
    match condition {
        Condition::Name(name, span) => match names().position(|own| own == name) {
            Some(at) => format!("{} > 0", seen[at]),
            None => {
                let message = format!("the correlation has no rule `{name}`");
                out.push(Diagnostic::error(codes::REFERENCE, *span, message));
                "1 = 0".to_owned()
            }
        },
        Condition::Of { all, pattern, span } => {
            let selected =
                names().enumerate().filter(|(_, name)| crate::condition::is_selected(pattern, name));
            let tests: Vec<String> = selected.map(|(at, _)| format!("{} > 0", seen[at])).collect();
            if tests.is_empty() {
                let message = format!("no rule of the correlation is named like `{pattern}`");
                out.push(Diagnostic::error(codes::REFERENCE, *span, message));
                return "1 = 0".to_owned();
            }
            format!("({})", tests.join(if *all { " and " } else { " or " }))
        }
        // Counts are never null, so that a plain `not` is right.
        Condition::Not(inner) => format!("not ({})", over_rules(inner, step, seen, out)),
        Condition::And(parts) => joined(parts, " and ", step, seen, out),
        Condition::Or(parts) => joined(parts, " or ", step, seen, out),
    }
}

fn joined(
    parts: &[Condition],
    word: &str,
    step: &Step<'_>,
    seen: &[String],
    out: &mut Vec<Diagnostic>,
) -> String {
    let parts: Vec<String> = parts.iter().map(|part| over_rules(part, step, seen, out)).collect();
    format!("({})", parts.join(word))
}
