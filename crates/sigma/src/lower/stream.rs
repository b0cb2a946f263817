//! Correlations for matchers of streams: the rows of each rule, and what their windows must hold.
//!
//! A stream has no query over all events. What remains of a correlation is one row-wise query for each of its rules,
//! which also computes the fields that the windows are grouped by and measure, and the description of the windows.
//! Windows slide for every type: other than in XQL nothing is counted in buckets.

use atalanta_diag::{Diagnostic, Severity};

use super::correlate::{Plan, Step, measured};
use super::finish;
use super::write::Writer;
use crate::codes;
use crate::condition::{Condition, is_selected};
use crate::correlation::{Correlation, CorrelationKind, Operator};
use crate::document::Document;
use crate::pipeline::Pipeline;

/// Most rules of a correlation and those of its chain together.
const MOST_INPUTS: usize = 64;

/// A correlation for a matcher of streams.
#[derive(Clone, Debug, PartialEq)]
pub struct Streamed {
    /// The rows of its rules.
    pub inputs: Vec<StreamInput>,
    /// Its windows and those of the correlations below it, which stand before it; the last step reports.
    pub steps: Vec<StreamStep>,
}

/// The rows of one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamInput {
    /// A row-wise query. Its rows have all columns of the events, and for each step [`StreamStep::key_column`] and
    /// [`StreamStep::value_column`].
    pub query: String,
    /// Columns that the rule's conditions read.
    pub shown: Vec<String>,
}

/// Sliding windows over marked events.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamStep {
    /// What is computed over a window.
    pub measure: Measure,
    /// What marks events, in the order of the correlation.
    pub members: Vec<StreamMember>,
    /// The inputs whose rows come here in the end. Of a row that several inputs have, the first of these says its key
    /// and values.
    pub leaves: Vec<usize>,
    /// Names of the fields whose values must agree.
    pub keys: Vec<String>,
    /// Names of the fields that are measured.
    pub values: Vec<String>,
    /// How far a window reaches back from an event, µs; the end is in it.
    pub span: i64,
    /// What must hold for the result.
    pub thresholds: Vec<(Operator, f64)>,
    /// Which members must be there, when it is not simply all.
    pub condition: Option<Seen>,
    step: usize,
}

/// What is computed over a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Number of events.
    Count,
    /// Number of different values, or tuples of values.
    Distinct,
    /// Sum of the numbers.
    Sum,
    /// Mean of the numbers.
    Mean,
    /// Median of the numbers.
    Median,
    /// A percentile of the numbers, from 0 to 100.
    Percentile(f64),
    /// Whether every member has an event.
    All,
    /// Whether every member has an event, one after the other.
    InOrder,
}

/// What marks events.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamMember {
    /// The name by which the correlation calls it.
    pub name: String,
    /// Where its events come from.
    pub from: Origin,
}

/// Where the events of a member come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Rows of an input.
    Input(usize),
    /// Events at which an earlier step held.
    Step(usize),
}

/// A condition over members.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The member has an event.
    Member(usize),
    /// All hold.
    All(Vec<Seen>),
    /// One holds.
    Any(Vec<Seen>),
    /// Does not hold.
    Not(Box<Seen>),
}

impl StreamStep {
    /// The column with the value of a key's part.
    pub fn key_column(&self, part: usize) -> String {
        format!("sigma_s{}_by{part}", self.step)
    }

    /// The column with a measured value: a number where the measure needs one.
    pub fn value_column(&self, field: usize) -> String {
        format!("sigma_s{}_value{field}", self.step)
    }

    /// Whether more events can never take back that the condition holds.
    ///
    /// # Soundness
    /// Numbers of events and of different values grow, and so does what was seen. Sums may have negative terms.
    pub fn only_grows(&self) -> bool {
        let above =
            || self.thresholds.iter().all(|(operator, _)| matches!(operator, Operator::Gt | Operator::Gte));
        match self.measure {
            Measure::Count | Measure::Distinct => above(),
            Measure::All | Measure::InOrder => self.condition.as_ref().is_none_or(Seen::only_grows),
            _ => false,
        }
    }
}

impl Seen {
    /// Whether it holds when exactly these members have events.
    pub fn holds(&self, has: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Self::Member(member) => has(*member),
            Self::All(parts) => parts.iter().all(|part| part.holds(has)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(has)),
            Self::Not(inner) => !inner.holds(has),
        }
    }

    fn only_grows(&self) -> bool {
        match self {
            Self::Member(_) => true,
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::only_grows),
            Self::Not(_) => false,
        }
    }
}

/// A correlation for streams, or why it has none; `documents` are the files in which its rules stand.
pub fn stream_correlation(
    correlation: &Correlation,
    documents: &[Document],
    pipeline: &Pipeline,
) -> (Option<Streamed>, Vec<Diagnostic>) {
    let mut plan = Plan::new(documents, pipeline);
    plan.add(correlation, 0);
    let mut out = std::mem::take(&mut plan.out);
    if plan.rules.len() > MOST_INPUTS {
        let message = format!("a correlation of more than {MOST_INPUTS} rules cannot follow a stream");
        out.push(Diagnostic::error(codes::UNSUPPORTED, correlation.span, message));
    }
    if has_error(&out) || plan.rules.is_empty() {
        return (None, out);
    }
    let inputs: Vec<StreamInput> = (0..plan.rules.len()).map(|rule| input(&plan, rule, &mut out)).collect();
    let steps: Vec<StreamStep> =
        plan.steps.iter().enumerate().map(|(at, own)| step(&plan, at, own, &mut out)).collect();
    let whole = (!has_error(&out)).then_some(Streamed { inputs, steps });
    (whole, out)
}

fn has_error(out: &[Diagnostic]) -> bool {
    out.iter().any(|one| one.severity == Severity::Error)
}

/// The query of a rule, with the fields that the steps ask for.
fn input(plan: &Plan<'_>, rule: usize, out: &mut Vec<Diagnostic>) -> StreamInput {
    let compiled = &plan.rules[rule].compiled;
    let dataset = compiled.applied.dataset();
    let whole = compiled.whole();
    let mut writer = Writer::new(&compiled.applied);
    writer.push(&format!("dataset = {dataset}\n| filter "));
    writer.matcher(&whole);
    for (at, own) in plan.steps.iter().enumerate() {
        let Some(member) = own.leaves.iter().position(|leaves| leaves.contains(&rule)) else { continue };
        let of_numbers = !matches!(own.correlation.kind, CorrelationKind::ValueCount(_));
        for (part, field) in own.correlation.group_by.iter().enumerate() {
            let column = plan.spelled(&mut writer, own, member, rule, field);
            writer.push(&format!("\n| alter sigma_s{at}_by{part} = {column}"));
        }
        for (part, field) in measured(&own.correlation.kind).into_iter().enumerate() {
            let column = plan.spelled(&mut writer, own, member, rule, field);
            let column = if of_numbers { format!("to_number({column})") } else { column };
            writer.push(&format!("\n| alter sigma_s{at}_value{part} = {column}"));
        }
    }
    let mut shown: Vec<String> = Vec::new();
    for field in whole.tests().into_iter().filter_map(|test| test.field.as_deref()) {
        let column = field.split(" -> ").next().unwrap_or(field);
        if !shown.iter().any(|known| known == column) {
            shown.push(column.to_owned());
        }
    }
    let mut lowered = finish(writer, None, dataset.to_owned());
    out.append(&mut lowered.diagnostics);
    StreamInput { query: lowered.xql, shown }
}

fn step(plan: &Plan<'_>, at: usize, own: &Step<'_>, out: &mut Vec<Diagnostic>) -> StreamStep {
    let correlation = own.correlation;
    let member = |(mark, reference): &(String, crate::meta::Text)| {
        let input = plan.rules.iter().position(|rule| rule.mark == *mark).map(Origin::Input);
        let step = || plan.steps.iter().position(|step| step.mark == *mark).map(Origin::Step);
        let from = input.or_else(step)?;
        Some(StreamMember { name: reference.text.clone(), from })
    };
    let members: Vec<StreamMember> = own.members.iter().filter_map(member).collect();
    let condition = correlation.rule_condition.as_ref().map(|condition| seen(condition, &members, out));
    StreamStep {
        measure: match &correlation.kind {
            CorrelationKind::EventCount => Measure::Count,
            CorrelationKind::ValueCount(_) => Measure::Distinct,
            CorrelationKind::ValueSum(_) => Measure::Sum,
            CorrelationKind::ValueAvg(_) => Measure::Mean,
            CorrelationKind::ValueMedian(_) => Measure::Median,
            CorrelationKind::ValuePercentile(_, percentile) => Measure::Percentile(*percentile),
            CorrelationKind::Temporal => Measure::All,
            CorrelationKind::TemporalOrdered => Measure::InOrder,
        },
        members,
        leaves: own.leaves.concat(),
        keys: correlation.group_by.iter().map(|field| named(plan, own, field)).collect(),
        values: measured(&correlation.kind).into_iter().map(|field| named(plan, own, field)).collect(),
        span: correlation.timespan.saturating_mul(1_000),
        thresholds: correlation.thresholds.iter().map(|one| (one.operator, one.value)).collect(),
        condition,
        step: at,
    }
}

/// What people call a field: its column, if it is the same plain one in every rule.
fn named(plan: &Plan<'_>, step: &Step<'_>, field: &crate::meta::Text) -> String {
    let mut names =
        step.leaves.iter().enumerate().flat_map(|(member, leaves)| {
            leaves.iter().map(move |leaf| plan.renamed(step, member, *leaf, field))
        });
    let Some(first) = names.next() else { return field.text.clone() };
    if first.contains(" -> ") || names.any(|name| name != first) {
        field.text.clone()
    } else {
        first.to_owned()
    }
}

fn seen(condition: &Condition, members: &[StreamMember], out: &mut Vec<Diagnostic>) -> Seen {
    let mut missing = |message: String, span| {
        out.push(Diagnostic::error(codes::REFERENCE, span, message));
        Seen::Any(Vec::new())
    };
    match condition {
        Condition::Name(name, span) => match members.iter().position(|member| member.name == *name) {
            Some(member) => Seen::Member(member),
            None => missing(format!("the correlation has no rule `{name}`"), *span),
        },
        Condition::Of { all, pattern, span } => {
            let selected: Vec<Seen> = members
                .iter()
                .enumerate()
                .filter(|(_, member)| is_selected(pattern, &member.name))
                .map(|(at, _)| Seen::Member(at))
                .collect();
            match (selected.is_empty(), all) {
                (true, _) => missing(format!("no rule of the correlation is named like `{pattern}`"), *span),
                (false, true) => Seen::All(selected),
                (false, false) => Seen::Any(selected),
            }
        }
        Condition::Not(inner) => Seen::Not(Box::new(seen(inner, members, out))),
        Condition::And(parts) => Seen::All(parts.iter().map(|part| seen(part, members, out)).collect()),
        Condition::Or(parts) => Seen::Any(parts.iter().map(|part| seen(part, members, out)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse;

    const RULES: &str = "title: a\nname: a\nlogsource: {category: process_creation}\ndetection:\n  s:\n    CommandLine|contains: x\n  condition: s\n\
        ---\ntitle: b\nname: b\nlogsource: {category: network_connection}\ndetection:\n  s:\n    DestinationPort: 443\n  condition: s\n";

    fn streamed(correlation: &str) -> (Option<Streamed>, Vec<Diagnostic>) {
        let (documents, diagnostics) = parse(&format!("{RULES}---\ntitle: c\ncorrelation:\n{correlation}"));
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let Some(Document::Correlation(last)) = documents.last() else { panic!("no correlation") };
        stream_correlation(last, &documents, Pipeline::builtin("atalanta").unwrap())
    }

    #[test]
    fn rules_give_rows_with_the_keys_of_their_windows() {
        let (whole, _) = streamed(
            "  type: temporal\n  rules: [a, b]\n  group-by: [who, Computer]\n  timespan: 5m\n  aliases:\n    who: {a: User, b: User}\n",
        );
        let whole = whole.unwrap();
        assert_eq!((whole.inputs.len(), whole.steps.len()), (2, 1));
        let query = &whole.inputs[0].query;
        assert!(query.contains("sigma_s0_by0 = action_process_username"), "{query}");
        assert!(whole.inputs[1].query.contains("sigma_s0_by0 = actor_primary_username"));
        assert_eq!(whole.inputs[0].shown, ["event_type", "event_sub_type", "action_process_command_line"]);
        let step = &whole.steps[0];
        // One field has two names, the other one.
        assert_eq!(step.keys, ["who", "agent_hostname"]);
        assert_eq!((step.span, step.measure, step.only_grows()), (300_000_000, Measure::All, true));
        assert_eq!(step.members[1].from, Origin::Input(1));
    }

    #[test]
    fn numbers_that_may_fall_do_not_only_grow() {
        let step = |text: &str| streamed(text).0.unwrap().steps.remove(0);
        let counted = |condition: &str| {
            step(&format!(
                "  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {{{condition}}}\n"
            ))
        };
        assert!(counted("gte: 3").only_grows() && counted("gt: 3").only_grows());
        assert!(!counted("lt: 3").only_grows() && !counted("gte: 3, lte: 5").only_grows());
        let sum = "  type: value_sum\n  rules: [b]\n  timespan: 1m\n  condition: {gte: 3, field: DestinationPort}\n";
        assert!(!step(sum).only_grows());
        let not = step("  type: temporal\n  rules: [a, b]\n  timespan: 1m\n  condition: a and not b\n");
        assert!(!not.only_grows());
        let condition = not.condition.unwrap();
        assert!(condition.holds(&|member| member == 0) && !condition.holds(&|_| true));
    }

    #[test]
    fn what_is_missing_is_said() {
        let (none, said) = streamed("  type: temporal\n  rules: [a, z]\n  timespan: 1m\n");
        assert!(none.is_none() && said[0].code == codes::REFERENCE, "{said:?}");
        let (none, said) =
            streamed("  type: temporal\n  rules: [a, b]\n  timespan: 1m\n  condition: a and q\n");
        assert!(none.is_none() && said[0].message.contains("`q`"), "{said:?}");
    }
}
