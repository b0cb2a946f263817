//! Syntax tree to resolved plan: names are bound, dialect forms read, types inferred, stage by stage.
//!
//! The resolver never stops: a field that does not exist reads as null, a stage that cannot be read leaves an
//! open row type. What it noticed is returned as facts; the lints give them words and repairs.

mod aggregate;
mod call;
mod compare;
mod datamodel;
mod ending;
mod enrich;
mod expr;
mod functions;
mod join;
mod pivot;
mod place;
mod scope;
mod search;
mod stages;
mod transaction;

use atalanta_diag::Span;
use atalanta_schema::Catalog;

use crate::env::Env;
use crate::facts::{Fact, FactKind};
use crate::ir::{Operation, OperationKind, Plan, Row};
use crate::syntax::ast::{Query, StageKind};
use scope::Scope;

/// A resolved query with what was noticed.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The plan.
    pub plan: Plan,
    /// Observations, in the order of the text.
    pub facts: Vec<Fact>,
}

/// Dataset of a query without a source stage.
pub const DEFAULT_DATASET: &str = "xdr_data";

/// Resolves a query.
pub fn resolve(query: &Query, env: &Env) -> Resolved {
    let mut resolver = Resolver::new(env);
    resolver.pipeline(query, true);
    let mut facts = resolver.facts;
    facts.sort_by_key(|fact| fact.span);
    Resolved { plan: resolver.plan, facts }
}

/// Resolves a pipeline without a source over rows of a given type: a statement of a rules file.
pub fn resolve_statement(query: &Query, row: Row, env: &Env) -> Resolved {
    let mut resolver = Resolver::new(env);
    resolver.scope.row = row;
    resolver.push(OperationKind::Source { datasets: Vec::new() }, 0, query.span);
    for (index, stage) in query.stages.iter().enumerate() {
        resolver.stage(stage, index);
    }
    Resolved { plan: resolver.plan, facts: resolver.facts }
}

/// The state of resolving one pipeline.
struct Resolver<'a> {
    env: &'a Env,
    catalog: &'static Catalog,
    plan: Plan,
    facts: Vec<Fact>,
    scope: Scope,
    stage: usize,
    stage_span: Span,
    /// Folded names of the saved queries that are being resolved, outermost first.
    calls: Vec<String>,
    /// Whether this is the query itself, not a sub-query.
    outermost: bool,
    /// Whether the current stage is the last one.
    last_stage: bool,
}

/// Numbers and names that the stages share with the engine.
pub mod limits {
    pub use super::aggregate::RAW_ROWS;
    pub use super::ending::{DEFAULT_TRANSPOSED, GRAPHS, MOST_TRANSPOSED};
    pub use super::enrich::ROLES;
    pub use super::pivot::{MOST_AGGREGATES, MOST_KEYS, MOST_VALUES};
    pub use super::search::SEARCH_DAYS;
    pub use super::transaction::{DEFAULT_EVENTS, MOST_COLUMNS};
}

impl<'a> Resolver<'a> {
    fn new(env: &'a Env) -> Self {
        Self {
            env,
            catalog: Catalog::builtin(),
            plan: Plan::default(),
            facts: Vec::new(),
            scope: Scope::default(),
            stage: 0,
            stage_span: Span::default(),
            calls: Vec::new(),
            outermost: false,
            last_stage: false,
        }
    }

    fn fact(&mut self, kind: FactKind, span: Span) {
        self.facts.push(Fact { kind, span, stage: self.stage });
    }

    /// Appends an operation whose row type is the scope's current one.
    fn push(&mut self, kind: OperationKind, stage: usize, span: Span) {
        self.plan.operations.push(Operation { kind, stage, span, row: self.scope.row.clone() });
    }

    fn emit(&mut self, kind: OperationKind) {
        self.push(kind, self.stage, self.stage_span);
    }

    fn pipeline(&mut self, query: &Query, outermost: bool) {
        self.outermost = outermost;
        let allowed = self.places(query, outermost);
        let has_source = query.stages.iter().any(|stage| {
            matches!(stage.kind, StageKind::Source(_) | StageKind::Search(_) | StageKind::Call(_))
        });
        if !has_source {
            self.stage_span = Span::at(query.span.start as usize);
            self.open_datasets(&[(DEFAULT_DATASET.to_owned(), self.stage_span)]);
        }
        for (index, stage) in query.stages.iter().enumerate() {
            self.last_stage = index + 1 == query.stages.len();
            if let StageKind::Target(target) = &stage.kind
                && allowed[index]
            {
                (self.stage, self.stage_span) = (index, stage.span);
                self.target(target, &query.stages);
            } else if allowed[index] {
                self.stage(stage, index);
            } else {
                (self.stage, self.stage_span) = (index, stage.span);
                self.emit(OperationKind::Keep);
            }
        }
        self.core_fields(query);
    }

    /// Resolves a sub-query in the same environment.
    fn subplan(&mut self, query: &Query) -> Plan {
        let mut inner = Resolver::new(self.env);
        inner.plan.case_sensitive = self.plan.case_sensitive;
        inner.calls.clone_from(&self.calls);
        inner.pipeline(query, false);
        self.facts.append(&mut inner.facts);
        inner.plan
    }
}
