//! Mapping rules (`.xif`) as programs over record batches.
//!
//! A program evaluates the row-wise stages of each statement directly on batches, without planning a query
//! per batch. Every statement is a pipeline of its own over the incoming rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use atalanta_diag::Diagnostic;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::facts::Fact;
use atalanta_xql::ir::{self, Column, OperationKind, Row};
use atalanta_xql::resolve::resolve_statement;
use atalanta_xql::syntax::ast::{Call, Query, Stage, StageKind};
use atalanta_xql::syntax::rules::{RulesFile, parse_rules};
use datafusion::common::DFSchema;
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;

use crate::error::EngineError;
use crate::functions::json::together::Together;
use crate::plan::expr::ExprContext;
use crate::types::xql_type;

/// Deepest nesting of `call` in rules.
const MAX_CALLS: usize = 32;

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

#[derive(Debug)]
struct Statement {
    steps: Vec<Step>,
    output: SchemaRef,
}

#[derive(Debug)]
enum Step {
    Filter(Arc<dyn PhysicalExpr>),
    /// Replaced or appended columns: their places and values; the schema is the one after the step.
    Assign(Vec<usize>, Together, SchemaRef),
    /// Kept columns by position.
    Project(Vec<usize>, SchemaRef),
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
                let query = inline(statement, &file, 0)?;
                let row = input_row(input);
                let resolved = resolve_statement(&query, row, &Env::new(Mode::Compat));
                compiled.facts.extend(resolved.facts);
                note_reads(&resolved.plan, input, &mut reads);
                statements.push(Statement::compile(&resolved.plan, input, &context)?);
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
        self.statements.iter().map(|statement| statement.run(batch)).collect()
    }
}

fn input_row(schema: &Schema) -> Row {
    let column = |field: &Arc<Field>| Column {
        name: field.name().clone(),
        ty: xql_type(field.data_type()),
        field: None,
        system: false,
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

/// Replaces `call name` by the stages of the rule.
fn inline(query: &Query, file: &RulesFile, depth: usize) -> Result<Query, EngineError> {
    if depth > MAX_CALLS {
        return Err(EngineError::Query("rules call each other in a circle".to_owned()));
    }
    let mut stages: Vec<Stage> = Vec::with_capacity(query.stages.len());
    for stage in &query.stages {
        let StageKind::Call(Call { name, .. }) = &stage.kind else {
            stages.push(stage.clone());
            continue;
        };
        let rule = file
            .rule(&name.text)
            .ok_or_else(|| EngineError::Query(format!("there is no rule `{}` in this file", name.text)))?;
        for statement in &rule.statements {
            stages.extend(inline(statement, file, depth + 1)?.stages);
        }
    }
    Ok(Query { stages, span: query.span })
}

impl Statement {
    fn compile(plan: &ir::Plan, input: &Schema, context: &SessionContext) -> Result<Self, EngineError> {
        let mut schema = Arc::new(input.clone());
        let mut steps = Vec::new();
        for operation in &plan.operations {
            let step = match &operation.kind {
                OperationKind::Filter(condition) => {
                    let lowered = lower(condition, &schema, false)?;
                    let df_schema = DFSchema::try_from(schema.as_ref().clone())?;
                    Step::Filter(context.create_physical_expr(lowered, &df_schema)?)
                }
                OperationKind::Assign(assigns) => {
                    let step = assign(assigns, &schema, context)?;
                    if let Step::Assign(_, _, after) = &step {
                        schema = Arc::clone(after);
                    }
                    step
                }
                OperationKind::Project(columns) => {
                    let (kept, after) = project(columns, &schema);
                    schema = Arc::clone(&after);
                    Step::Project(kept, after)
                }
                OperationKind::Source { .. } | OperationKind::Keep => continue,
                _ => {
                    let word = "only filter, alter, fields, drop and call can stand in a mapping rule";
                    return Err(EngineError::unsupported(word));
                }
            };
            steps.push(step);
        }
        Ok(Self { steps, output: schema })
    }

    fn run(&self, batch: &RecordBatch) -> Result<RecordBatch, EngineError> {
        let mut current = batch.clone();
        for step in &self.steps {
            if current.num_rows() == 0 {
                return Ok(RecordBatch::new_empty(Arc::clone(&self.output)));
            }
            current = step.run(&current)?;
        }
        Ok(current)
    }
}

impl Step {
    fn run(&self, batch: &RecordBatch) -> Result<RecordBatch, EngineError> {
        match self {
            Self::Filter(condition) => {
                let mask = condition.evaluate(batch)?.into_array(batch.num_rows())?;
                let mask: &BooleanArray = mask.as_boolean();
                Ok(filter_record_batch(batch, mask)?)
            }
            Self::Assign(places, values, schema) => {
                let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
                for (index, array) in places.iter().zip(values.evaluate(batch)?) {
                    if *index < columns.len() {
                        columns[*index] = array;
                    } else {
                        columns.push(array);
                    }
                }
                Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
            }
            Self::Project(kept, schema) => {
                let columns = kept.iter().map(|index| Arc::clone(batch.column(*index))).collect();
                Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
            }
        }
    }
}

fn lower(expr: &ir::Expr, schema: &SchemaRef, typed: bool) -> Result<Expr, EngineError> {
    let df_schema = Arc::new(DFSchema::try_from(schema.as_ref().clone())?);
    let lowering = ExprContext { lowering: None, schema: &df_schema, now: 0, sides: None };
    if typed { lowering.lower_typed(expr) } else { lowering.lower(expr) }
}

fn assign(
    assigns: &[(String, ir::Expr)],
    schema: &SchemaRef,
    context: &SessionContext,
) -> Result<Step, EngineError> {
    let lowered = assigns.iter().map(|(_, value)| lower(value, schema, true));
    let values = Together::new(lowered.collect::<Result<_, _>>()?, schema, context)?;
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    let mut places = Vec::with_capacity(assigns.len());
    for ((name, _), ty) in assigns.iter().zip(values.types()) {
        let at = fields.iter().position(|field| field.name().eq_ignore_ascii_case(name));
        let index = at.unwrap_or(fields.len());
        let shown = at.map_or(name.clone(), |at| fields[at].name().clone());
        let field = Arc::new(Field::new(shown, ty.clone(), true));
        if index < fields.len() {
            fields[index] = field;
        } else {
            fields.push(field);
        }
        places.push(index);
    }
    Ok(Step::Assign(places, values, Arc::new(Schema::new(fields))))
}

fn project(columns: &[(String, String)], schema: &SchemaRef) -> (Vec<usize>, SchemaRef) {
    let (mut kept, mut fields) = (Vec::new(), Vec::new());
    for (from, to) in columns {
        let at = schema.fields().iter().position(|field| field.name().eq_ignore_ascii_case(from));
        if let Some(at) = at {
            kept.push(at);
            fields.push(Arc::new(schema.field(at).clone().with_name(to)));
        }
    }
    (kept, Arc::new(Schema::new(fields)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};

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
