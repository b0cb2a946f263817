//! From a rule to what runs: the checked plan, what wakes it, and how its rows become hits.

use std::collections::BTreeSet;

use atalanta_diag::{Diagnostic, Severity, Span};
use atalanta_engine::program::row_plan::{column_names, names_read, row_wise};
use atalanta_schema::{Catalog, DatasetKind, Type};
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::ir::{AggregateCall, Comparison, Expr, ExprKind, Operation, OperationKind, Plan, Row};
use atalanta_xql::parameters::{self, Value};
use atalanta_xql::syntax::ast::{JoinKind, TimeFrame};

use crate::correlation;
use crate::lookup::Change;
use crate::machine::{self, Machine};
use crate::rule::{Allow, HOUR, Logic, Rule, RuleProblem, codes};

/// A rule that can run.
#[derive(Debug)]
pub struct Compiled {
    /// The rule.
    pub rule: Rule,
    /// Version of its logic, part of the ids of its alerts.
    pub version: String,
    /// How it runs.
    pub run: Run,
    /// Rows that concern it.
    pub triggers: Vec<Trigger>,
    /// Alerts of the same entities within this time are one, µs.
    pub bucket: i64,
    /// Fields that it writes to a lookup, with their types as far as they are known.
    pub fields: Vec<(String, Type)>,
}

/// How a rule runs.
#[derive(Debug)]
pub enum Run {
    /// Every row by itself; the operations of the one trigger give its hits.
    Rows,
    /// A query over windows of time.
    Windows(Windows),
    /// A machine.
    Machine(Box<dyn Machine>),
}

/// A query over windows of time.
#[derive(Clone, Debug)]
pub struct Windows {
    /// The text, tunables put in.
    pub text: String,
    /// Whether a window is looked at before it has ended: what is found then stays found.
    pub early: bool,
    /// Whether windows without any concerning row are looked at too.
    pub always: bool,
    /// Columns of the last grouping.
    pub keys: Vec<String>,
}

/// Rows that concern a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Their dataset; all if none.
    pub dataset: Option<String>,
    /// Row-wise operations that they pass.
    pub operations: Vec<Operation>,
    /// Columns that are of use, lower case; all if none.
    pub columns: Option<BTreeSet<String>>,
}

/// Columns that say when an event was and which.
const OF_EVERY_EVENT: [&str; 4] = ["_time", "_path", "_line", "event_id"];

impl Trigger {
    /// Rows whose result is used.
    fn with_result(dataset: Option<String>, operations: &[Operation], entities: &[String]) -> Self {
        let columns = column_names(operations).map(|mut names| {
            names.extend(entities.iter().map(|name| name.to_lowercase()));
            names.extend(OF_EVERY_EVENT.map(str::to_owned));
            names
        });
        Self { dataset, operations: operations.to_vec(), columns }
    }

    /// Rows of which only the time is used.
    fn marking(dataset: Option<String>, operations: &[Operation]) -> Self {
        let mut names = names_read(operations);
        names.insert("_time".to_owned());
        Self { dataset, operations: operations.to_vec(), columns: Some(names) }
    }

    /// Whether the rows that concern the rule are those that fulfil its conditions, unchanged.
    pub fn only_filters(&self) -> bool {
        let filters =
            |operation: &Operation| matches!(operation.kind, OperationKind::Filter(_) | OperationKind::Keep);
        self.operations.iter().all(filters)
    }

    /// Whether rows that fulfil its conditions pass all of its operations, changed or not.
    pub fn is_its_conditions(&self) -> bool {
        let filters = self.operations.iter().filter(|one| matches!(one.kind, OperationKind::Filter(_)));
        filters.count() == self.conditions().len()
    }

    /// Conditions on the columns as they come in that every concerning row fulfils.
    pub fn conditions(&self) -> Vec<&Expr> {
        let mut changed: BTreeSet<String> = BTreeSet::new();
        let mut conditions = Vec::new();
        for operation in &self.operations {
            match &operation.kind {
                OperationKind::Filter(condition) if !reads(condition, &changed) => conditions.push(condition),
                OperationKind::Assign(assigns) => {
                    changed.extend(assigns.iter().map(|(name, _)| name.to_lowercase()));
                }
                OperationKind::Project(columns) => {
                    let renamed = columns.iter().filter(|(from, to)| !from.eq_ignore_ascii_case(to));
                    changed.extend(renamed.map(|(_, to)| to.to_lowercase()));
                }
                _ => {}
            }
        }
        conditions
    }
}

fn reads(condition: &Expr, changed: &BTreeSet<String>) -> bool {
    let mut found = false;
    condition.walk(&mut |expr| {
        if let ExprKind::Column(name) = &expr.kind {
            found |= changed.contains(&name.to_lowercase());
        }
    });
    found
}

/// Compiles a rule. Problems that do not stop it come beside it.
pub fn compile(rule: &Rule) -> (Option<Compiled>, Vec<RuleProblem>) {
    match &rule.logic {
        Logic::Xql { text, place } => compile_xql(rule, text, place),
        Logic::Machine { kind, config } => said(
            rule,
            compile_machine(rule, kind, config),
            "docs/detect.md shows the configuration of each kind",
        ),
        Logic::Correlation(streamed) => {
            let built = correlation::build(rule, streamed).and_then(|machine| with_machine(rule, machine));
            said(rule, built, "docs/detect.md says which correlations run")
        }
    }
}

fn said(rule: &Rule, built: Result<Compiled, String>, help: &str) -> (Option<Compiled>, Vec<RuleProblem>) {
    match built {
        Ok(compiled) => (Some(compiled), Vec::new()),
        Err(message) => {
            let diagnostic = Diagnostic::error(codes::LOGIC, Span::at(0), message).help(help);
            (None, vec![RuleProblem::new(&rule.place, "", diagnostic)])
        }
    }
}

fn compile_machine(rule: &Rule, kind: &str, config: &serde_json::Value) -> Result<Compiled, String> {
    let known = machine::KINDS.iter().find(|known| known.name == kind);
    let known = known.ok_or_else(|| format!("there is no logic `{kind}`"))?;
    with_machine(rule, (known.build)(rule, config)?)
}

/// A rule around a machine.
pub(crate) fn with_machine(rule: &Rule, machine: Box<dyn Machine>) -> Result<Compiled, String> {
    let mut triggers = Vec::new();
    for (number, input) in machine.inputs().into_iter().enumerate() {
        let checked = atalanta_xql::check(&input, &Env::new(Mode::Compat));
        if let Some(error) = checked.diagnostics.iter().find(|one| one.severity == Severity::Error) {
            return Err(format!("`{input}`: {}", error.message));
        }
        let mut plan = checked.resolved.plan;
        allow(&mut plan, &rule.allow);
        let (operations, whole) = row_wise(&plan);
        let dataset = plain_dataset(&plan);
        if !whole || dataset.is_none() {
            return Err(format!(
                "`{input}`: an input looks at single rows of one dataset: filter, alter, fields"
            ));
        }
        let mut trigger = Trigger::with_result(dataset, operations, &[]);
        if let Some(names) = machine.columns(number) {
            let mut columns = names_read(operations);
            columns.extend(names.iter().map(|name| name.to_lowercase()));
            columns.extend(OF_EVERY_EVENT.map(str::to_owned));
            trigger.columns = Some(columns);
        }
        triggers.push(trigger);
    }
    Ok(Compiled {
        version: rule.version(),
        run: Run::Machine(machine),
        triggers,
        bucket: rule.suppress.unwrap_or(HOUR),
        fields: fields(rule, &Row::default()),
        rule: rule.clone(),
    })
}

fn compile_xql(rule: &Rule, text: &str, place: &str) -> (Option<Compiled>, Vec<RuleProblem>) {
    let values: Vec<(String, Value)> =
        rule.tunables.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
    let problem = |text: &str, diagnostic| RuleProblem::new(place, text, diagnostic);
    let full = match parameters::substitute(text, &values) {
        Ok(full) => full,
        Err(missing) => return (None, missing.into_iter().map(|one| problem(text, one)).collect()),
    };
    let checked = atalanta_xql::check(&full, &Env::new(Mode::Compat));
    let errors: Vec<RuleProblem> = checked
        .diagnostics
        .into_iter()
        .filter(|one| one.severity == Severity::Error)
        .map(|one| problem(&full, one))
        .collect();
    if !errors.is_empty() {
        return (None, errors);
    }
    let mut plan = checked.resolved.plan;
    if plan.target.is_some() || plan.transpose.is_some() {
        let message = "a rule cannot end in `target` or `transpose`: its rows are its hits";
        let diagnostic = Diagnostic::error(codes::LOGIC, Span::at(0), message);
        return (None, vec![problem(&full, diagnostic.help("leave the stage out"))]);
    }
    if let Some(TimeFrame::Between(..)) = plan.timeframe {
        let message = "the query has a fixed time frame, and would look at the same time in every run";
        let diagnostic = Diagnostic::error(codes::TIME, Span::at(0), message);
        return (None, vec![problem(&full, diagnostic.help("leave `config timeframe` out, set `schedule`"))]);
    }
    plan.timeframe = None;
    let row = plan.row();
    if let Some((message, help)) = unknown_column(rule, &row) {
        let diagnostic = Diagnostic::error(codes::LOGIC, Span::at(0), message);
        return (None, vec![problem(&full, diagnostic.help(help))]);
    }
    allow(&mut plan, &rule.allow);
    (Some(shaped(rule, full, &plan)), Vec::new())
}

/// A column that the rule's action takes and that the result does not have, with what to do.
fn unknown_column(rule: &Rule, row: &Row) -> Option<(String, String)> {
    let action = rule.action.as_ref().filter(|_| !row.open)?;
    let (_, column) = action.columns.iter().find(|(_, column)| row.find(column).is_none())?;
    let message = format!("the result has no column `{column}`, which the rule's action takes");
    let own: Vec<&str> = row.columns.iter().filter(|one| !one.system).map(|one| one.name.as_str()).collect();
    let help = if own.len() > 20 {
        "name a column that the query gives, or end it with `fields`".to_owned()
    } else {
        format!("it has: {}", own.join(", "))
    };
    Some((message, help))
}

/// Fields that a rule writes to a lookup, with the types of the columns that fill them.
fn fields(rule: &Rule, row: &Row) -> Vec<(String, Type)> {
    let Some(action) = &rule.action else { return Vec::new() };
    let all = row.columns.iter().filter(|_| action.columns.is_empty());
    let all = all.map(|column| (column.name.to_lowercase(), column.ty.clone()));
    let typed = |column: &str| row.find(column).map_or(Type::Any, |found| found.ty.clone());
    let named = action.columns.iter().map(|(field, column)| (field.clone(), typed(column)));
    let time = (action.change == Change::Save).then(|| ("_time".to_owned(), Type::Timestamp));
    time.into_iter().chain(all.filter(|(name, _)| name != "_time")).chain(named).collect()
}

fn shaped(rule: &Rule, text: String, plan: &Plan) -> Compiled {
    let (operations, whole) = row_wise(plan);
    let dataset = plain_dataset(plan);
    let version = rule.version();
    let fields = fields(rule, &plan.row());
    if whole && dataset.is_some() {
        let trigger = Trigger::with_result(dataset, operations, &rule.entities);
        let bucket = rule.suppress.unwrap_or(HOUR);
        return Compiled {
            rule: rule.clone(),
            version,
            run: Run::Rows,
            triggers: vec![trigger],
            bucket,
            fields,
        };
    }
    let mut triggers = Vec::new();
    let mut always = false;
    concerning(plan, &mut triggers, &mut always);
    let early = rule.schedule.early.unwrap_or_else(|| only_grows(plan));
    let keys = plan.group_keys().unwrap_or_default();
    let bucket = rule.suppress.unwrap_or(rule.schedule.every);
    let run = Run::Windows(Windows { text, early, always, keys });
    Compiled { rule: rule.clone(), version, run, triggers, bucket, fields }
}

/// Takes rows of the allow-lists out, before anything else looks at them.
pub fn allow(plan: &mut Plan, lists: &[Allow]) {
    for list in lists.iter().filter(|list| !list.values.is_empty()) {
        let Some(source) = plan.operations.first() else { return };
        let node = |kind, ty| Expr { kind, ty, span: Span::at(0) };
        let value = node(ExprKind::Column(list.field.clone()), Type::String);
        let values =
            list.values.iter().map(|text| node(ExprKind::String(text.clone()), Type::String)).collect();
        let kind = ExprKind::In { value: Box::new(value), list: values, negated: true, fold: true };
        let filter = Operation {
            kind: OperationKind::Filter(node(kind, Type::Bool)),
            stage: source.stage,
            span: source.span,
            row: source.row.clone(),
        };
        plan.operations.insert(1, filter);
    }
}

/// The one dataset that a plan reads, if it names it plainly.
pub(crate) fn plain_dataset(plan: &Plan) -> Option<String> {
    let Some(Operation { kind: OperationKind::Source { datasets }, .. }) = plan.operations.first() else {
        return None;
    };
    let [name] = datasets.as_slice() else { return None };
    let preset = Catalog::builtin()
        .dataset(name)
        .is_some_and(|dataset| matches!(dataset.kind, DatasetKind::Preset { .. }));
    (!preset && !name.contains('*')).then(|| name.clone())
}

/// The rows that a plan and those inside it look at.
fn concerning(plan: &Plan, triggers: &mut Vec<Trigger>, always: &mut bool) {
    let dataset = plain_dataset(plan);
    let (operations, _) = row_wise(plan);
    let operations = if dataset.is_some() { operations } else { &[] };
    let trigger = Trigger::marking(dataset, operations);
    if !triggers.contains(&trigger) {
        triggers.push(trigger);
    }
    for operation in &plan.operations {
        match &operation.kind {
            OperationKind::Join { right, .. } => concerning(right, triggers, always),
            OperationKind::Union(right) => concerning(right, triggers, always),
            OperationKind::Filter(condition) => inner(condition, triggers, always),
            OperationKind::Assign(assigns) => {
                assigns.iter().for_each(|(_, value)| inner(value, triggers, always));
            }
            // Without keys there is a row even where there are no events.
            OperationKind::Aggregate { keys, .. } if keys.is_empty() => *always = true,
            _ => {}
        }
    }
}

fn inner(expr: &Expr, triggers: &mut Vec<Trigger>, always: &mut bool) {
    expr.walk(&mut |expr| {
        if let ExprKind::InQuery { query, .. } = &expr.kind {
            concerning(query, triggers, always);
        }
    });
}

/// Aggregates whose value only grows with more rows (sums: of values that are not negative).
const GROWING: [&str; 7] = ["count", "count_distinct", "sum", "max", "values", "list", "approx_count"];

/// Whether more rows can only add rows to the result: then a window that has not ended says nothing that its end
/// would take back.
///
/// # Soundness
/// Allowed are row-wise stages, inner joins and unions of such plans, and groupings after which only keys and "growing
/// aggregate above a literal" are asked for. Sums count as growing although negative values would break that.
fn only_grows(plan: &Plan) -> bool {
    let mut counted: Option<(BTreeSet<String>, BTreeSet<String>)> = None;
    for operation in plan.operations.iter().skip(1) {
        let fine = match (&operation.kind, &counted) {
            (OperationKind::Filter(condition), Some((keys, sums))) => grows(condition, keys, sums),
            (OperationKind::Filter(condition), None) => !has_query(condition),
            (OperationKind::Assign(_), Some(_)) => false,
            (OperationKind::Join { kind, right, .. }, None) => *kind == JoinKind::Inner && only_grows(right),
            (OperationKind::Union(right), None) => only_grows(right),
            (OperationKind::Aggregate { keys, aggregates }, None) => {
                let is_growing = |call: &AggregateCall| GROWING.contains(&call.function.as_str());
                let names = |list: &[(String, AggregateCall)]| {
                    let growing = list.iter().filter(|(_, call)| is_growing(call));
                    growing.map(|(name, _)| name.to_lowercase()).collect()
                };
                let keys = keys.iter().map(|(name, _)| name.to_lowercase()).collect();
                counted = Some((keys, names(aggregates)));
                true
            }
            (
                OperationKind::Assign(_)
                | OperationKind::Project(_)
                | OperationKind::Sort(_)
                | OperationKind::Keep
                | OperationKind::Bin { .. },
                _,
            ) => true,
            _ => false,
        };
        if !fine {
            return false;
        }
    }
    true
}

fn has_query(condition: &Expr) -> bool {
    let mut found = false;
    condition.walk(&mut |expr| found |= matches!(expr.kind, ExprKind::InQuery { .. }));
    found
}

/// Whether a condition on groups that holds goes on to hold when rows are added.
fn grows(condition: &Expr, keys: &BTreeSet<String>, sums: &BTreeSet<String>) -> bool {
    match &condition.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().all(|part| grows(part, keys, sums)),
        ExprKind::Compare { operator: Comparison::Gt | Comparison::Ge, left, right } => {
            let above = match &left.kind {
                ExprKind::Column(name) => sums.contains(&name.to_lowercase()),
                _ => false,
            };
            (above && matches!(right.kind, ExprKind::Int(_) | ExprKind::Float(_)))
                || only_keys(condition, keys)
        }
        _ => only_keys(condition, keys),
    }
}

fn only_keys(condition: &Expr, keys: &BTreeSet<String>) -> bool {
    let mut only = true;
    condition.walk(&mut |expr| match &expr.kind {
        ExprKind::Column(name) => only &= keys.contains(&name.to_lowercase()),
        ExprKind::InQuery { .. } => only = false,
        _ => {}
    });
    only
}

/// The plan of a window query against the columns that a session really has.
pub fn window_plan(windows: &Windows, lists: &[Allow], env: &Env) -> Result<Plan, String> {
    let checked = atalanta_xql::check(&windows.text, env);
    if let Some(error) = checked.diagnostics.iter().find(|one| one.severity == Severity::Error) {
        return Err(error.message.clone());
    }
    let mut plan = checked.resolved.plan;
    allow(&mut plan, lists);
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(query: &str) -> Compiled {
        let rule = crate::testing::rule("r", query);
        let (compiled, problems) = compile(&rule);
        let said: Vec<String> = problems.iter().map(RuleProblem::sentence).collect();
        compiled.unwrap_or_else(|| panic!("{said:?}"))
    }

    fn windows(query: &str) -> Windows {
        match compiled(query).run {
            Run::Windows(windows) => windows,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn row_wise_rules_stream_and_the_others_run_over_windows() {
        let rule = compiled(
            "dataset = xdr_data | filter event_type = PROCESS | fields _time | sort desc _time | limit 5",
        );
        assert!(matches!(rule.run, Run::Rows));
        assert_eq!(rule.triggers[0].conditions().len(), 1);
        let counting = windows(
            "dataset = xdr_data | filter event_type = FILE | comp count() as n by actor_primary_user_sid | filter n > 3",
        );
        assert!(counting.early && !counting.always);
        assert_eq!(counting.keys, ["actor_primary_user_sid"]);
    }

    #[test]
    fn windows_are_looked_at_early_only_where_nothing_is_taken_back() {
        let head =
            "dataset = xdr_data | comp count() as n, avg(action_file_size) as a by actor_primary_user_sid";
        assert!(windows(&format!("{head} | filter n >= 3")).early);
        for no in ["filter n < 3", "filter a > 3", "filter n > 3 | alter m = multiply(n, -1) | filter m > 0"]
        {
            assert!(!windows(&format!("{head} | {no}")).early, "{no}");
        }
        assert!(windows("dataset = xdr_data | comp count() as n | filter n = 0").always);
    }

    #[test]
    fn conditions_on_new_columns_do_not_wake() {
        let rule = compiled(
            "dataset = xdr_data | alter event_type = \"x\" | filter event_type = \"x\" | filter action_file_path contains \"y\"",
        );
        assert_eq!(rule.triggers[0].conditions().len(), 1);
    }

    #[test]
    fn both_sides_of_a_join_wake() {
        let rule = compiled(
            "dataset = xdr_data | filter event_type = NETWORK | join type = inner (dataset = xdr_data | filter event_type = PROCESS) as p p.actor_primary_user_sid = actor_primary_user_sid",
        );
        assert_eq!(rule.triggers.len(), 2);
    }

    #[test]
    fn a_query_that_cannot_run_is_refused_with_its_place() {
        let rule = crate::testing::rule("r", "dataset = xdr_data | filter (");
        let (none, problems) = compile(&rule);
        assert!(none.is_none() && problems[0].sentence().starts_with("r/rule.xql:1:"), "{problems:?}");
        let fixed = crate::testing::rule(
            "r",
            "config timeframe between \"2026-01-01\" and \"2026-01-02\" | dataset = xdr_data",
        );
        assert!(compile(&fixed).0.is_none());
    }
}
