//! Follows a plan from its source down and reports conditions that can never, or always, hold.
//!
//! **Soundness.** For every row that may leave an operation, the conditions kept for it hold of that
//! row, or, after a grouping, of some row of its group that has the same keys. Stages that are not
//! understood drop all conditions. The outer side of a join keeps a condition only as "or null". After
//! an aggregation without keys, which gives a row even for no input, nothing is kept.

use atalanta_diag::Span;
use atalanta_schema::{Catalog, Content, DatasetKind, Type};

use super::Finding;
use super::condition::Reader;
use super::domain::Values;
use super::explain;
use super::formula::{Condition, Fact, Formula, Outcome};
use super::glob::Glob;
use super::model::Conditions;
use super::named::{Named, folded};
use super::number::NumberSet;
use super::report::{MAX_ALTERNATIVES, Segment, alternatives};
use super::solve::Logic;
use super::term::{Columns, Slot, TermId, TermKey};
use super::text::{Test, TextSet};
use crate::ir::{AggregateCall, Expr, ExprKind, JoinColumn, Operation, OperationKind, Plan, Row};
use crate::syntax::ast::JoinKind;

/// Automaton steps of one analysis.
const FUEL: u64 = 4_000_000;
/// Conditions kept at once; further ones are left out.
const MAX_CONDITIONS: usize = 200;
/// Findings of one analysis.
const MAX_FINDINGS: usize = 200;
/// Sub-queries inside each other.
const MAX_NESTING: usize = 16;

/// Everything that can be proved about the conditions of a plan, in the order of its stages; sub-queries
/// come where they stand.
pub fn analyze(plan: &Plan) -> Vec<Finding> {
    let mut walker = Walker {
        logic: Logic::new(FUEL),
        named: Named::of(plan),
        findings: Vec::new(),
        cores: Vec::new(),
        segments: Vec::new(),
        texts: Vec::new(),
        base: 0,
        depth: MAX_NESTING,
    };
    walker.plan(plan);
    walker.segments_on_one_value();
    walker.findings
}

/// The state between two operations.
#[derive(Debug, Default)]
pub(super) struct State {
    columns: Columns,
    pub(super) conditions: Conditions,
    /// No row gets here.
    pub(super) dead: bool,
    case_sensitive: bool,
}

/// Place of an operation.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) stage: usize,
    /// Findings other than contradictions are not wanted (join conditions).
    quiet: bool,
}

/// The walk along one plan and its sub-plans.
pub(super) struct Walker {
    pub(super) logic: Logic,
    named: Named,
    pub(super) findings: Vec<Finding>,
    /// For each [`FindingKind::Never`]: number of the finding, its formulas, spans of its conditions.
    pub(super) cores: Vec<(usize, Vec<Formula>, Vec<Span>)>,
    pub(super) segments: Vec<Segment>,
    /// Conditions on texts, for the examples.
    pub(super) texts: Vec<(TermId, TextSet)>,
    /// Number of findings when the current (sub-)plan began.
    base: usize,
    depth: usize,
}

impl Walker {
    fn plan(&mut self, plan: &Plan) -> State {
        let mut state = State { case_sensitive: plan.case_sensitive, ..State::default() };
        let Some(depth) = self.depth.checked_sub(1) else {
            self.fresh_row(&mut state, &plan.row());
            return state;
        };
        self.depth = depth;
        let base = std::mem::replace(&mut self.base, self.findings.len());
        for operation in &plan.operations {
            self.operation(operation, &mut state);
            match &operation.kind {
                OperationKind::Assign(items) => {
                    let names = items.iter().map(|(name, _)| name);
                    self.settle_some(names, &mut state, &operation.row);
                }
                OperationKind::Window(items) => {
                    let names = items.iter().map(|(name, _)| name);
                    self.settle_some(names, &mut state, &operation.row);
                }
                kind if keeps_columns(kind) => {}
                _ => self.settle(&mut state, &operation.row),
            }
        }
        self.base = base;
        self.depth += 1;
        state
    }

    /// Brings the columns in line with the row type: what is new is unknown, what is gone is forgotten.
    fn settle(&mut self, state: &mut State, row: &Row) {
        let known = std::mem::take(&mut state.columns);
        if row.open {
            state.columns.clone_from(&known);
        }
        for column in row.columns.iter() {
            let Some(key) = self.named.find(&column.name) else { continue };
            let slot = known.get(key.as_ref()).filter(|slot| {
                let ty = self.logic.terms.ty(slot.term);
                *ty == column.ty || *ty == Type::Null
            });
            let slot = slot.cloned().unwrap_or_else(|| self.unknown(column.ty.clone()));
            state.columns.insert(key.into_owned(), slot);
        }
    }

    /// As [`Self::settle`], after an operation that left all but these columns as they were.
    fn settle_some<'a>(&mut self, names: impl Iterator<Item = &'a String>, state: &mut State, row: &Row) {
        for name in names {
            let Some(column) = row.find(name) else { continue };
            let key = name.to_lowercase();
            let fits = state.columns.get(&key).is_some_and(|slot| {
                let ty = self.logic.terms.ty(slot.term);
                *ty == column.ty || *ty == Type::Null
            });
            if !fits {
                let slot = self.unknown(column.ty.clone());
                state.columns.insert(key, slot);
            }
        }
    }

    fn unknown(&mut self, ty: Type) -> Slot {
        Slot { term: self.logic.terms.fresh(ty), causes: Vec::new() }
    }

    fn fresh_row(&mut self, state: &mut State, row: &Row) {
        state.columns.clear();
        state.conditions.clear();
        self.settle(state, row);
    }

    fn operation(&mut self, operation: &Operation, state: &mut State) {
        let place = Place { stage: operation.stage, quiet: false };
        match &operation.kind {
            OperationKind::Source { datasets } => self.source(datasets, operation, state),
            OperationKind::Filter(condition) => self.filter(condition, None, state, place),
            OperationKind::Assign(items) => self.assign(items, state, place),
            OperationKind::Project(items) => project(items, state),
            OperationKind::Aggregate { keys, aggregates } => self.aggregate(keys, aggregates, state),
            OperationKind::Window(items) => {
                for (name, window) in items {
                    let slot = self.aggregated(&window.call, false, true, state);
                    state.columns.insert(name.to_lowercase(), slot);
                }
            }
            OperationKind::Sort(_) | OperationKind::Limit(_) | OperationKind::Dedup { .. } => {}
            OperationKind::Keep => {}
            OperationKind::Bin { column, .. } | OperationKind::ArrayExpand { column, .. } => {
                state.columns.remove(&column.to_lowercase());
            }
            OperationKind::Join { kind, right, condition, output, .. } => {
                self.join(*kind, right, condition, output, state, place);
            }
            OperationKind::Union(right) => self.union(right, operation, state),
            OperationKind::Top { column, by, .. } => {
                state.columns.retain(|name, _| {
                    name.eq_ignore_ascii_case(column) || by.iter().any(|key| key.eq_ignore_ascii_case(name))
                });
            }
            OperationKind::IpLoc { outputs, .. } => {
                for (_, name) in outputs {
                    state.columns.remove(&name.to_lowercase());
                }
            }
            OperationKind::GetRole { name, .. } => {
                state.columns.remove(&name.to_lowercase());
            }
            OperationKind::Transaction(transaction) => {
                let is_key = |name: &str| transaction.keys.iter().any(|key| key.eq_ignore_ascii_case(name));
                state.columns.retain(|name, _| is_key(name));
            }
            OperationKind::Search { .. } => self.fresh_row(state, &operation.row),
            OperationKind::Unsupported(_) => {
                self.revive(state);
                self.fresh_row(state, &operation.row);
            }
        }
    }

    /// Rows may appear again: the contradictions so far do not empty the result.
    fn revive(&mut self, state: &mut State) {
        state.dead = false;
        for finding in &mut self.findings[self.base..] {
            finding.empty_result = false;
        }
    }

    fn source(&mut self, datasets: &[String], operation: &Operation, state: &mut State) {
        let catalog = Catalog::builtin();
        let dataset = match datasets {
            [only] => catalog.dataset(only),
            _ => None,
        };
        for column in operation.row.columns.iter() {
            let Some(key) = self.named.find(&column.name) else { continue };
            let field =
                column.field.as_ref().and_then(|field| dataset?.field(field)).map(|found| found.field);
            let noun = field.and_then(|field| noun(field.content?));
            let term = self.logic.terms.named(column.ty.clone(), noun);
            state.columns.insert(key.into_owned(), Slot { term, causes: Vec::new() });
            if let Some(list) = field.and_then(|field| catalog.enum_of(field)).filter(|list| list.closed) {
                let aliases = |value: &atalanta_schema::EnumValue| value.aliases.clone();
                let names = list.values.iter().map(|value| value.name.clone());
                let names: Vec<String> = names.chain(list.values.iter().flat_map(aliases)).collect();
                self.closed_list(term, &names, operation.span, state);
            }
        }
        if let Some(DatasetKind::Preset { filter_field, filter_values, .. }) =
            dataset.map(|dataset| &dataset.kind)
            && let Some(slot) = state.columns.get(filter_field.as_str())
        {
            let term = slot.term;
            self.closed_list(term, filter_values, operation.span, state);
        }
    }

    fn closed_list(&mut self, term: TermId, names: &[String], span: Span, state: &mut State) {
        if *self.logic.terms.ty(term) != Type::String {
            return;
        }
        let tests = names.iter().map(|name| Test::Glob { glob: Glob::equals(name), fold: false }).collect();
        let shown: Vec<String> =
            names.iter().take(explain::SHOWN_ITEMS).map(|name| explain::quoted(name)).collect();
        let phrase = explain::one_of(&shown, names.len()).into();
        let values = Values::Text(TextSet { tests, negated: false });
        self.give(Fact { null_ok: true, values, phrase, ..Fact::set(term) }, span, state);
    }

    fn give(&mut self, fact: Fact, span: Span, state: &mut State) {
        let formula = self.logic.add(fact);
        state.conditions.push(Condition { formula, span, given: true });
    }

    fn assign(&mut self, items: &[(String, Expr)], state: &mut State, place: Place) {
        let mut made = Vec::new();
        for (name, expr) in items {
            self.sub_queries(expr);
            expr.walk(&mut |part| {
                if let ExprKind::Call { function, arguments } = &part.kind
                    && function == "if"
                {
                    self.choices(arguments, state, place);
                }
            });
            let slot = self.slot(expr, state);
            made.push((name.to_lowercase(), slot));
        }
        state.columns.extend(made);
    }

    /// The conditions of an `if` in their order: each is reached only where those before it are not true.
    fn choices(&mut self, arguments: &[Expr], state: &mut State, place: Place) {
        if state.dead || self.findings.len() >= MAX_FINDINGS {
            return;
        }
        let before = state.conditions.len();
        for pair in arguments.chunks_exact(2).take(MAX_ALTERNATIVES) {
            if state.conditions.len() >= MAX_CONDITIONS {
                break;
            }
            let formula = self.formula(&pair[0], Outcome::TRUE, None, state);
            if self.is_impossible(state, &formula) {
                self.dead_choice(pair[0].span, &formula, state, place);
                continue;
            }
            let passed = self.formula(&pair[0], Outcome::NOT_TRUE, None, state);
            state.conditions.push(Condition { formula: passed, span: pair[0].span, given: false });
        }
        // What follows from functions stays true, what the branches assumed does not.
        let assumed = state.conditions.split_off(before);
        state.conditions.extend(assumed.into_iter().filter(|condition| condition.given));
    }

    fn slot(&mut self, expr: &Expr, state: &mut State) -> Slot {
        let mut reader = Reader::new(&mut self.logic, &mut state.columns, state.case_sensitive);
        let slot = reader.slot(expr);
        let given = reader.given;
        state.conditions.extend(given.into_iter().map(|f| Condition {
            formula: f,
            span: expr.span,
            given: true,
        }));
        slot
    }

    pub(super) fn formula(
        &mut self,
        expr: &Expr,
        outcome: Outcome,
        right: Option<&Columns>,
        state: &mut State,
    ) -> Formula {
        let mut reader = Reader::new(&mut self.logic, &mut state.columns, state.case_sensitive);
        reader.right = right;
        // What every row should do is shown in messages, what a dropped row would do is not.
        reader.wordless = !outcome.want;
        let formula = reader.formula(expr, outcome);
        let given = reader.given;
        state.conditions.extend(given.into_iter().map(|f| Condition {
            formula: f,
            span: expr.span,
            given: true,
        }));
        formula
    }

    /// Plans inside an expression are analysed for themselves.
    fn sub_queries(&mut self, expr: &Expr) {
        let mut plans = Vec::new();
        expr.walk(&mut |part| {
            if let ExprKind::InQuery { query, .. } = &part.kind {
                plans.push(query);
            }
        });
        for plan in plans {
            self.apart(plan);
        }
    }

    /// Analyses a plan whose emptiness does not empty the result.
    fn apart(&mut self, plan: &Plan) -> State {
        let before = self.findings.len();
        let state = self.plan(plan);
        for finding in &mut self.findings[before..] {
            finding.empty_result = false;
        }
        state
    }

    fn filter(&mut self, condition: &Expr, right: Option<&Columns>, state: &mut State, place: Place) {
        if let ExprKind::And(parts) = &condition.kind {
            for part in parts {
                self.filter(part, right, state, place);
            }
            return;
        }
        self.sub_queries(condition);
        if state.conditions.len() >= MAX_CONDITIONS || self.findings.len() >= MAX_FINDINGS {
            return;
        }
        let alternatives = alternatives(condition);
        let parts: Vec<Formula> = match &condition.kind {
            ExprKind::Or(_) => {
                alternatives.iter().map(|part| self.formula(part, Outcome::TRUE, right, state)).collect()
            }
            _ => Vec::new(),
        };
        let formula = match parts.as_slice() {
            [] => self.formula(condition, Outcome::TRUE, right, state),
            parts => self.logic.any(parts.to_vec()),
        };
        if self.is_impossible(state, &formula) {
            self.never(condition, formula, state, place);
            state.dead = true;
            return;
        }
        if !place.quiet {
            let dropped = self.formula(condition, Outcome::NOT_TRUE, right, state);
            if self.is_impossible(state, &dropped) {
                self.implied(condition, &formula, &dropped, state, place);
                return;
            }
            let formulas = alternatives.into_iter().take(MAX_ALTERNATIVES).enumerate().map(|(at, part)| {
                let known = parts.get(at).cloned();
                let formula = known.unwrap_or_else(|| self.formula(&part, Outcome::TRUE, right, state));
                (part.span, formula)
            });
            let formulas: Vec<(Span, Formula)> = formulas.collect();
            self.dead_branches(formulas, state, place);
            self.note_text(condition, &formula, place);
        }
        state.conditions.push(Condition { formula, span: condition.span, given: false });
    }

    pub(super) fn is_impossible(&mut self, state: &mut State, last: &Formula) -> bool {
        self.logic.is_excluded(&mut state.conditions, last)
    }

    fn aggregate(
        &mut self,
        keys: &[(String, Expr)],
        aggregates: &[(String, AggregateCall)],
        state: &mut State,
    ) {
        let mut made = Columns::default();
        for (name, key) in keys {
            let slot = self.slot(key, state);
            made.insert(name.to_lowercase(), slot);
        }
        if keys.is_empty() {
            self.revive(state);
            state.conditions.clear();
        }
        for (name, call) in aggregates {
            let slot = self.aggregated(call, !keys.is_empty(), false, state);
            made.insert(name.to_lowercase(), slot);
        }
        state.columns = made;
    }

    /// The result of an aggregate or window function.
    fn aggregated(&mut self, call: &AggregateCall, grouped: bool, window: bool, state: &mut State) -> Slot {
        let argument = call.argument.as_ref().map(|argument| self.slot(argument, state));
        let counts = matches!(call.function.as_str(), "count" | "count_distinct" | "approx_count");
        if let Some(null) = argument.as_ref().filter(|slot| self.logic.terms.is_null(slot.term))
            && let Some(key) = of_nulls(call, counts)
        {
            let term = self.logic.terms.intern(key, call.ty.clone());
            let mut causes = null.causes.clone();
            let result = if counts { "0" } else { "null" };
            causes.push((call.span, format!("`{}` of nulls is {result}", call.function)));
            return Slot { term, causes };
        }
        let slot = self.unknown(call.ty.clone());
        let least = match call.function.as_str() {
            "count" if grouped && argument.is_none() => 1,
            "row_number" | "rank" | "dense_rank" if window => 1,
            _ if counts => 0,
            _ => return slot,
        };
        if call.ty == Type::Int {
            let values = Values::Number(NumberSet::between(least, i64::MAX));
            let phrase = explain::range(least, i64::MAX).into();
            self.give(Fact { values, phrase, ..Fact::set(slot.term) }, call.span, state);
        }
        slot
    }

    fn join(
        &mut self,
        kind: JoinKind,
        right: &Plan,
        condition: &Expr,
        output: &[JoinColumn],
        state: &mut State,
        place: Place,
    ) {
        let inner_or_right = matches!(kind, JoinKind::Inner | JoinKind::Right);
        let mut other = if inner_or_right { self.plan(right) } else { self.apart(right) };
        self.sub_queries(condition);
        match kind {
            JoinKind::Inner => {
                state.conditions.extend(other.conditions.take());
                state.dead |= other.dead;
                let place = Place { quiet: true, ..place };
                self.filter(condition, Some(&other.columns), state, place);
            }
            JoinKind::Left => {
                self.weaken(&mut other);
                state.conditions.extend(other.conditions.take());
            }
            JoinKind::Right => {
                if state.dead && !other.dead {
                    self.revive(state);
                }
                state.dead = other.dead;
                self.weaken(state);
                state.conditions.extend(other.conditions.take());
            }
        }
        let mut made = Columns::default();
        for column in output {
            let side = if column.from_right { &other.columns } else { &state.columns };
            let slot = side.get(folded(&column.source).as_ref()).filter(|_| column.fallback.is_none());
            if let Some(slot) = slot {
                made.insert(column.name.to_lowercase(), slot.clone());
            }
        }
        state.columns = made;
    }

    /// The outer side of a join: all its columns may be null instead.
    fn weaken(&mut self, side: &mut State) {
        let terms = &self.logic.terms;
        side.columns.retain(|_, slot| matches!(terms.key(slot.term), TermKey::Symbol(_) | TermKey::Null));
        let old = side.conditions.take();
        for condition in old {
            let Formula::Fact(fact) = condition.formula else { continue };
            let fact = self.logic.fact(fact);
            if matches!(self.logic.terms.key(fact.term), TermKey::Symbol(_)) {
                let weak = Fact { null_ok: true, ..fact.clone() };
                let formula = self.logic.add(weak);
                side.conditions.push(Condition { formula, ..condition });
            }
        }
    }

    fn union(&mut self, right: &Plan, operation: &Operation, state: &mut State) {
        let before = state.dead;
        let other = self.plan(right);
        if before != other.dead || !before {
            self.revive(state);
        }
        state.dead = before && other.dead;
        let left = std::mem::take(&mut state.columns);
        self.fresh_row(state, &operation.row);
        for (name, slot) in left {
            let both = |slot: &Slot| self.logic.terms.is_null(slot.term);
            let null_there = other.columns.get(&name).is_some_and(both);
            if both(&slot) && null_there && state.columns.contains_key(&name) {
                state.columns.insert(name, slot);
            }
        }
    }
}

/// Operations after which every column holds what it held before.
fn keeps_columns(kind: &OperationKind) -> bool {
    matches!(
        kind,
        OperationKind::Filter(_)
            | OperationKind::Sort(_)
            | OperationKind::Limit(_)
            | OperationKind::Dedup { .. }
            | OperationKind::Keep
    )
}

/// What an aggregate of nulls only gives; none when it is not known.
fn of_nulls(call: &AggregateCall, counts: bool) -> Option<TermKey> {
    if counts {
        return Some(TermKey::Int(0));
    }
    let null = matches!(
        call.function.as_str(),
        "sum"
            | "avg"
            | "min"
            | "max"
            | "median"
            | "first"
            | "last"
            | "earliest"
            | "latest"
            | "var"
            | "stddev_population"
            | "stddev_sample"
            | "first_value"
            | "last_value"
    );
    (null || (call.function == "lag" && call.parameters.is_empty())).then_some(TermKey::Null)
}

fn project(items: &[(String, String)], state: &mut State) {
    let old = std::mem::take(&mut state.columns);
    for (from, to) in items {
        if let Some(slot) = old.get(folded(from).as_ref()) {
            state.columns.insert(folded(to).into_owned(), slot.clone());
        }
    }
}

/// What a value of a class of text is called.
fn noun(content: Content) -> Option<&'static str> {
    Some(match content {
        Content::Path => "path",
        Content::Hostname => "host name",
        Content::Ip => "address",
        Content::CommandLine => "command line",
        Content::Url => "URL",
        Content::UserAgent => "user agent",
        Content::ImageName => "image name",
        _ => return None,
    })
}
