//! Data-model rules over the events of a dataset.
//!
//! A rule pack of a product is run as far as it can be: what cannot be computed is null and is reported, and the
//! other fields of the row are as they would be without it.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use atalanta_diag::Diagnostic;
use atalanta_xql::env::Env;
use atalanta_xql::facts::FactKind;
use atalanta_xql::rules::{Model, model_statement};
use datafusion::prelude::SessionContext;

use super::input_row;
use super::statement::Statement;
use crate::error::EngineError;

/// The models of one dataset, compiled.
#[derive(Debug)]
pub struct ModelProgram {
    statements: Vec<Statement>,
    missing: BTreeSet<String>,
}

impl ModelProgram {
    /// Compiles models for rows of a schema; `env` holds the constants of their file.
    pub fn compile<'a>(
        models: impl IntoIterator<Item = &'a Model>,
        input: &Schema,
        env: &Env,
    ) -> Result<(Self, Vec<Diagnostic>), EngineError> {
        let context = SessionContext::new();
        let mut program = Self { statements: Vec::new(), missing: BTreeSet::new() };
        let mut problems = Vec::new();
        for statement in models.into_iter().flat_map(|model| &model.statements) {
            let resolved = model_statement(statement, input_row(input), env);
            for fact in &resolved.facts {
                if let FactKind::UnknownField { name, .. } = &fact.kind {
                    program.missing.insert(name.clone());
                }
            }
            let compiled = Statement::compile(&resolved.plan, input, &context, None, Some(&mut problems))?;
            program.statements.push(compiled);
        }
        Ok((program, problems))
    }

    /// Fields that the rules read and the rows lack; they read as null.
    pub fn missing(&self) -> &BTreeSet<String> {
        &self.missing
    }

    /// Runs every statement over the events: the rows that each lets through, in the order of the statements.
    pub fn run(&self, batch: &RecordBatch) -> Result<(Vec<RecordBatch>, Vec<Diagnostic>), EngineError> {
        let mut problems = Vec::new();
        let rows = self.statements.iter().map(|statement| statement.run(batch, None, Some(&mut problems)));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        Ok((rows, problems))
    }

    /// The columns that each statement gives.
    pub fn schemas(&self) -> impl Iterator<Item = &SchemaRef> {
        self.statements.iter().map(Statement::schema)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array, StringViewArray};
    use arrow::datatypes::Int64Type;
    use atalanta_xql::rules::Models;
    use atalanta_xql::rules::check::with_constants;
    use atalanta_xql::syntax::rules::parse_rules;

    use super::*;

    fn events() -> RecordBatch {
        let kind: ArrayRef = Arc::new(StringViewArray::from(vec![Some("login"), Some("net"), None]));
        let port: ArrayRef = Arc::new(StringViewArray::from(vec![None, Some("443"), Some("x")]));
        let n: ArrayRef = Arc::new(Int64Array::from(vec![1, 0, 2]));
        let who: ArrayRef = Arc::new(StringViewArray::from(vec![r#"{"name":"ana"}"#, "{}", ""]));
        RecordBatch::try_from_iter([("kind", kind), ("port", port), ("n", n), ("who", who)]).unwrap()
    }

    fn run(text: &str) -> (Vec<RecordBatch>, Vec<Diagnostic>) {
        let file = parse_rules(text);
        let (models, mut problems) = Models::read(&file);
        let env = with_constants(&Env::default(), &file);
        let batch = events();
        let (program, compiled) =
            ModelProgram::compile(models.of("acme_raw"), &batch.schema(), &env).unwrap();
        let (rows, ran) = program.run(&batch).unwrap();
        problems.extend(compiled);
        problems.extend(ran);
        (rows, problems)
    }

    fn text<'a>(batch: &'a RecordBatch, name: &str, row: usize) -> Option<&'a str> {
        let column = batch.column_by_name(name).unwrap().as_string_view();
        column.is_valid(row).then(|| column.value(row))
    }

    use arrow::array::Array;

    #[test]
    fn every_statement_maps_the_rows_it_lets_through() {
        let (rows, problems) = run(r#"
            [CONST] LOGIN = "login";
            [RULE: user] alter xdm.source.user.username = who -> name;
            [MODEL: dataset = "acme_raw"]
            filter kind = $LOGIN | call user | alter xdm.event.outcome = XDM_CONST.OUTCOME_SUCCESS;
            filter kind != "login" | alter xdm.target.port = port, xdm.event.id = n;
            [MODEL: dataset = other_raw] alter xdm.event.id = "no";
        "#);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(rows.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(text(&rows[0], "xdm.source.user.username", 0), Some("ana"));
        assert_eq!(text(&rows[0], "xdm.event.outcome", 0), Some("SUCCESS"));
        let ports = rows[1].column_by_name("xdm.target.port").unwrap().as_primitive::<Int64Type>();
        assert_eq!((ports.value(0), ports.is_null(1)), (443, true));
        assert_eq!(text(&rows[1], "xdm.event.id", 1), Some("2"));
    }

    #[test]
    fn what_cannot_be_computed_is_null_and_the_rest_stands() {
        let (rows, problems) = run(r#"
            [MODEL: dataset = acme_raw]
            alter a = regextract(kind, "(l)(o)"), xdm.event.id = kind
            | alter xdm.event.description = arrayindex(a, 0), xdm.event.type = divide(1, n), xdm.event.format = kind;
        "#);
        assert_eq!(rows[0].num_rows(), 3);
        assert_eq!(text(&rows[0], "xdm.event.id", 0), Some("login"));
        assert_eq!(text(&rows[0], "xdm.event.description", 0), None);
        assert_eq!(text(&rows[0], "xdm.event.format", 1), Some("net"));
        assert!(problems.iter().any(|one| one.message.contains("at most one group")), "{problems:?}");
    }

    #[test]
    fn json_text_serves_as_array_and_missing_fields_are_null() {
        let (rows, problems) = run(r"
            [MODEL: dataset = acme_raw]
            alter xdm.event.id = arrayindex(who, 0), xdm.event.type = no_such_field, xdm.event.format = kind;
        ");
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(text(&rows[0], "xdm.event.id", 0), None);
        assert_eq!(text(&rows[0], "xdm.event.type", 0), None);
        assert_eq!(text(&rows[0], "xdm.event.format", 0), Some("login"));
    }
}
