//! Rules files (`.xif`) as programs over record batches: mapping rules of sources, parsing rules, data-model rules.
//!
//! A program evaluates the row-wise stages of each statement directly on batches, without planning a query
//! per batch. Every statement is a pipeline of its own over the incoming rows. The mapping rules of a source
//! must be right ([`Program`]); rules that come from elsewhere are run as far as they can be ([`model`],
//! [`ingest`]).

pub(crate) mod cast;
pub mod events;
pub mod ingest;
pub mod model;
mod relational;
pub mod row_plan;
mod statement;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use atalanta_diag::Diagnostic;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::facts::Fact;
use atalanta_xql::ir::{self, Column, OperationKind, Row};
use atalanta_xql::resolve::resolve_statement;
use atalanta_xql::rules::inline;
use atalanta_xql::syntax::rules::parse_rules;
use datafusion::prelude::SessionContext;

use crate::error::EngineError;
use crate::types::xql_type;
use statement::Statement;

/// A compiled rules file.
#[derive(Debug)]
pub struct Program {
    statements: Vec<Statement>,
    reads: Vec<String>,
}

/// What was noticed while compiling.
#[derive(Debug, Default)]
pub struct Compiled {
    /// Syntax errors of the rules text.
    pub diagnostics: Vec<Diagnostic>,
    /// Names and types that the resolver noticed, by statement.
    pub facts: Vec<Fact>,
}

impl Program {
    /// Compiles the `[INGEST]` statements of a rules text for rows of the given schema.
    pub fn compile(text: &str, input: &Schema) -> Result<(Self, Compiled), EngineError> {
        let file = parse_rules(text);
        let mut compiled = Compiled { diagnostics: file.diagnostics.clone(), facts: Vec::new() };
        let context = SessionContext::new();
        let mut statements = Vec::new();
        let mut reads: Vec<String> = Vec::new();
        for section in file.sections.iter().filter(|section| section.kind == "INGEST") {
            for statement in &section.statements {
                let (query, problems) = inline(statement, &file);
                if let Some(problem) = problems.first() {
                    return Err(EngineError::Query(problem.message.clone()));
                }
                let row = input_row(input);
                let resolved = resolve_statement(&query, row, &Env::new(Mode::Compat));
                compiled.facts.extend(resolved.facts);
                note_reads(&resolved.plan, input, &mut reads);
                statements.push(Statement::compile(&resolved.plan, input, &context, None, None)?);
            }
        }
        Ok((Self { statements, reads }, compiled))
    }

    /// Names of the input columns that some statement reads.
    pub fn reads(&self) -> &[String] {
        &self.reads
    }

    /// Number of statements.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there is no statement.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Runs every statement over a batch: the rows that each let through, in the order of the statements.
    pub fn run(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, EngineError> {
        self.statements.iter().map(|statement| statement.run(batch, None, None)).collect()
    }
}

fn input_row(schema: &Schema) -> Row {
    let column = |field: &Arc<Field>| Column {
        name: field.name().clone(),
        ty: xql_type(field.data_type()),
        field: None,
        system: false,
        empty: false,
    };
    Row::new(schema.fields().iter().map(column), false)
}

fn note_reads(plan: &ir::Plan, input: &Schema, reads: &mut Vec<String>) {
    let mut note = |expr: &ir::Expr| {
        expr.walk(&mut |expr| {
            if let ir::ExprKind::Column(name) = &expr.kind
                && input.column_with_name(name).is_some()
                && !reads.contains(name)
            {
                reads.push(name.clone());
            }
        });
    };
    for operation in &plan.operations {
        match &operation.kind {
            OperationKind::Filter(condition) => note(condition),
            OperationKind::Assign(assigns) => assigns.iter().for_each(|(_, value)| note(value)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, AsArray, Int64Array, StringViewArray};

    fn batch() -> RecordBatch {
        let path: ArrayRef = Arc::new(StringViewArray::from(vec![Some("/a"), Some("/healthz"), None]));
        let code: ArrayRef = Arc::new(Int64Array::from(vec![Some(200), Some(200), Some(500)]));
        RecordBatch::try_from_iter([("path", path), ("code", code)]).unwrap()
    }

    #[test]
    fn statements_are_independent_pipelines() {
        let rules = r#"
            [RULE: outcome] alter event_outcome = if(code < 400, "success", "failure");
            [INGEST: vendor = "acme", product = "gw", target_dataset = "xdr_data"]
            call outcome | alter action_http_request_uri = path | drop path = "/healthz" | fields event_outcome, action_http_request_uri;
            filter code >= 500 | fields code;
        "#;
        let (program, compiled) = Program::compile(rules, &batch().schema()).unwrap();
        assert!(compiled.diagnostics.is_empty(), "{:?}", compiled.diagnostics);
        let results = program.run(&batch()).unwrap();
        assert_eq!(results[0].num_rows(), 2, "drop keeps rows whose condition is unknown");
        assert_eq!(results[0].column(0).as_string_view().value(1), "failure");
        assert_eq!(results[1].num_rows(), 1);
        assert_eq!(program.reads(), ["code", "path"]);
    }

    #[test]
    fn circular_rules_are_refused() {
        let rules = "[RULE: a] call a; [INGEST: vendor = x, product = y, target_dataset = z] call a;";
        assert!(Program::compile(rules, &batch().schema()).is_err());
    }
}
