//! `datamodel`: datasets seen through their data-model rules.
//!
//! The source becomes, for each statement of the rules, the dataset, the statement's operations and a selection of
//! the `xdm.*` columns; the parts are appended to one another. The dataset's own fields stay reachable as
//! `<dataset>.<field>`. Without rules at hand the row is the whole data model, so that a query can be checked.

use atalanta_diag::Span;
use atalanta_schema::{Type, XDM_CONST, Xdm, XdmField};

use super::Resolver;
use crate::facts::FactKind;
use crate::ir::{Column, Expr, ExprKind, Operation, OperationKind, Plan, Row};
use crate::rules::check::SYSTEM_COLUMNS;
use crate::rules::model_statement;
use crate::rules::statement::is_xdm;
use crate::syntax::ast::{self, Literal, Name, Operator, Query, StageKind};
use crate::syntax::codes;

/// Columns that a row of the data model has beside `xdm.*`.
const KEPT: [&str; 4] = ["_time", "_insert_time", "_vendor", "_product"];

impl Resolver<'_> {
    /// Opens the datasets that the names stand for; all that have rules when there is no name.
    pub(super) fn datamodel(&mut self, names: &[Name]) {
        self.scope.datamodel = true;
        let models = std::sync::Arc::clone(&self.env.models);
        let at_hand = |dataset: &str| !self.env.with_data || self.env.input(dataset).is_some();
        let mut parts: Vec<(String, Query)> = Vec::new();
        let mut found = 0;
        for dataset in models.datasets() {
            let name = names.iter().find(|name| is_named(&name.text, dataset));
            let asked = name.is_some_and(|name| !name.text.contains('*'));
            if (names.is_empty() || name.is_some()) && (asked || at_hand(dataset)) {
                found += 1;
                let statements = models.of(dataset).flat_map(|model| &model.statements);
                parts.extend(statements.map(|statement| (dataset.to_owned(), statement.clone())));
            }
        }
        for name in names.iter().filter(|name| !name.text.contains('*')) {
            let unknown = self.env.input(&name.text).is_none() && models.of(&name.text).next().is_none();
            if self.env.with_data && unknown {
                let nearest = models.datasets().into_iter().next().map(ToOwned::to_owned);
                self.fact(FactKind::UnknownDataset { name: name.text.clone(), nearest }, name.span);
            }
        }
        if found == 0 && self.env.with_data {
            return self.without_rules(names);
        }
        if found == 0 {
            return self.whole_model(names);
        }
        let plans: Vec<Plan> =
            parts.iter().map(|(dataset, statement)| self.part(dataset, statement)).collect();
        self.append(plans);
    }

    /// Data without rules: rows of nulls would look like an answer, so this is an error.
    fn without_rules(&mut self, names: &[Name]) {
        let datasets = names.iter().map(|name| format!("`{}`", name.text)).collect::<Vec<_>>().join(", ");
        let of = if datasets.is_empty() { String::new() } else { format!(" of {datasets}") };
        let message = format!("`datamodel` needs data-model rules{of}, and none are at hand");
        self.defect(codes::PLACE, self.stage_span, message, Some("give them with --rules FILE.xif"));
        self.scope.row = Row::new(Vec::new(), true);
        self.emit(OperationKind::Unsupported("datamodel".to_owned()));
    }

    /// The row of a query whose rules are not at hand: every field of the data model.
    fn whole_model(&mut self, names: &[Name]) {
        let leaf = |(path, ty): (&str, &Type)| column(path, ty, false);
        let system = SYSTEM_COLUMNS.iter().map(|(name, ty)| column(name, ty, *name == "_time"));
        self.scope.row = Row::new(Xdm::builtin().leaves().map(leaf).chain(system), true);
        let datasets = names.iter().map(Name::folded).collect();
        self.emit(OperationKind::Source { datasets });
    }

    /// One statement over its dataset, with the columns that the data model shows.
    fn part(&mut self, dataset: &str, statement: &Query) -> Plan {
        // The rules of a dataset are no part of the query's text: what is wrong with them is said elsewhere.
        let said = self.facts.len();
        let mut source = self.dataset_row(dataset, Span::default());
        self.facts.truncate(said);
        let columns = std::sync::Arc::make_mut(&mut source.columns);
        for (name, ty) in SYSTEM_COLUMNS {
            if !columns.iter().any(|known| known.name.eq_ignore_ascii_case(name)) {
                columns.push(std::sync::Arc::new(column(name, ty, true)));
            }
        }
        let resolved = model_statement(statement, source.clone(), self.env);
        let mut plan = resolved.plan;
        if let Some(first) = plan.operations.first_mut() {
            first.kind = OperationKind::Source { datasets: vec![dataset.to_owned()] };
        }
        let mapped = plan.row();
        let mut projection: Vec<(String, String)> = Vec::new();
        let mut shown: Vec<Column> = Vec::new();
        for one in mapped.columns.iter() {
            let name = &one.name;
            let is_kept = KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept));
            if is_xdm(name) || is_kept {
                let to = if is_xdm(name) { name.to_lowercase() } else { name.clone() };
                projection.push((name.clone(), to.clone()));
                shown.push(column(&to, &self.target_type(&to, &one.ty), name.eq_ignore_ascii_case("_time")));
            }
            if source.find(name).is_some() {
                let to = format!("{dataset}.{name}");
                projection.push((name.clone(), to.clone()));
                shown.push(column(&to, &one.ty, false));
            }
        }
        let row = Row::new(shown, source.open);
        let kind = OperationKind::Project(projection);
        plan.operations.push(Operation { kind, stage: self.stage, span: self.stage_span, row });
        for operation in &mut plan.operations {
            (operation.stage, operation.span) = (self.stage, self.stage_span);
        }
        plan
    }

    /// The type of a mapped column: arrays stay arrays, all else is what the catalogue says.
    #[expect(clippy::unused_self, reason = "reads as a question to the resolver beside its neighbours")]
    fn target_type(&self, name: &str, found: &Type) -> Type {
        match (Xdm::builtin().field(name).and_then(XdmField::ty), found) {
            (Some(_), Type::Array(_)) | (None, _) => found.clone(),
            (Some(ty), _) => ty.clone(),
        }
    }

    fn append(&mut self, plans: Vec<Plan>) {
        let mut plans = plans.into_iter();
        let Some(first) = plans.next() else { return self.whole_model(&[]) };
        self.scope.row = first.row();
        self.plan.operations.extend(first.operations);
        for plan in plans {
            let more = plan.row();
            let mut columns: Vec<Column> =
                self.scope.row.columns.iter().map(|column| Column::clone(column)).collect();
            for new in more.columns.iter() {
                if !columns.iter().any(|known| known.name.eq_ignore_ascii_case(&new.name)) {
                    columns.push(Column::clone(new));
                }
            }
            self.scope.row = Row::new(columns, self.scope.row.open || more.open);
            self.emit(OperationKind::Union(Box::new(plan)));
        }
    }

    /// A query over the data model without a selection of its own shows the core fields.
    pub(super) fn core_fields(&mut self, query: &Query) {
        let chooses = |kind: &StageKind| {
            matches!(
                kind,
                StageKind::Fields(_)
                    | StageKind::Comp(_)
                    | StageKind::Top(_)
                    | StageKind::Transaction(_)
                    | StageKind::Pivot(_)
                    | StageKind::Transpose(_)
            )
        };
        if !self.scope.datamodel || query.stages.iter().any(|stage| chooses(&stage.kind)) {
            return;
        }
        let core = Xdm::builtin().fieldset("xdm_core").unwrap_or_default();
        let known = |column: &&Column| {
            let made = !is_xdm(&column.name) && !column.name.contains('.') && !is_kept_column(&column.name);
            column.system || made || core.contains(&column.name.to_lowercase().as_str())
        };
        let columns = self.scope.row.columns.iter().map(AsRef::as_ref).filter(known);
        let columns: Vec<Column> = columns.cloned().collect();
        let projection = columns.iter().map(|column| (column.name.clone(), column.name.clone())).collect();
        self.scope.row = Row::new(columns, false);
        self.emit(OperationKind::Project(projection));
    }

    /// A field of the data model that no rule fills is null; one that does not exist is a mistake.
    pub(super) fn unmapped(&mut self, name: &str, span: Span) -> Option<Expr> {
        if !self.scope.datamodel || !is_xdm(name) {
            return None;
        }
        let xdm = Xdm::builtin();
        if let Some(ty) = xdm.field(name).and_then(XdmField::ty) {
            return Some(Expr { kind: ExprKind::Null, ty: ty.clone(), span });
        }
        let nearest = xdm.nearest(name).map(ToOwned::to_owned);
        self.fact(FactKind::UnknownField { name: name.to_owned(), nearest, cortex: false }, span);
        Some(Expr { kind: ExprKind::Null, ty: Type::Null, span })
    }

    /// The right side of a comparison with a field whose values are constants: the bare value, the bare constant
    /// and its text all mean the value that events hold.
    pub(super) fn xdm_operand(&self, left: &ast::Expr, right: &ast::Expr) -> Option<ast::Expr> {
        if !self.scope.datamodel {
            return None;
        }
        let group = Xdm::builtin().field(left.as_name()?).and_then(XdmField::group)?;
        let (text, triple) = match &right.unparen().kind {
            ast::ExprKind::Name(name) if !self.is_column(name) => (name.as_str(), false),
            ast::ExprKind::Literal(Literal::String { value, triple }) => (value.as_str(), *triple),
            ast::ExprKind::Constant { prefix, name } if prefix == XDM_CONST => (name.text.as_str(), false),
            _ => return None,
        };
        let value = text.get(..group.len()).filter(|prefix| prefix.eq_ignore_ascii_case(group));
        let value = value.and_then(|_| text.get(group.len()..)?.strip_prefix('_')).unwrap_or(text);
        let kind = ast::ExprKind::Literal(Literal::String { value: value.to_owned(), triple });
        Some(ast::Expr { kind, span: right.span })
    }

    /// `XDM_ALIAS.x` on the left of a test: the test of every member, one of which must hold, or all where it is
    /// negative.
    pub(super) fn alias_test(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let (left, negative) = match &expr.kind {
            ast::ExprKind::Binary { left, operator, negated, right, .. } => {
                let null = matches!(right.kind, ast::ExprKind::Literal(Literal::Null));
                let negative = *negated || matches!(operator, Operator::Ne | Operator::NotRegex);
                (left, negative != null)
            }
            ast::ExprKind::In { left, negated, .. } | ast::ExprKind::InQuery { left, negated, .. } => {
                (left, *negated)
            }
            _ => return None,
        };
        let ast::ExprKind::Constant { prefix, name } = &left.kind else { return None };
        let members = Xdm::builtin().alias(&name.text).filter(|_| prefix == "XDM_ALIAS")?;
        let operands = members.iter().map(|member| with_left(expr, member)).collect();
        let kind = ast::ExprKind::Logic { and: negative, operands };
        Some(self.expr(&ast::Expr { kind, span: expr.span }))
    }
}

/// The same test of another field.
fn with_left(expr: &ast::Expr, field: &str) -> ast::Expr {
    let mut expr = expr.clone();
    if let ast::ExprKind::Binary { left, .. }
    | ast::ExprKind::In { left, .. }
    | ast::ExprKind::InQuery { left, .. } = &mut expr.kind
    {
        left.kind = ast::ExprKind::Name(field.to_owned());
    }
    expr
}

fn is_kept_column(name: &str) -> bool {
    KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept))
}

fn column(name: &str, ty: &Type, system: bool) -> Column {
    Column { name: name.to_owned(), ty: ty.clone(), field: None, system, empty: false }
}

/// Whether a dataset pattern, which may end in `*`, stands for a dataset.
fn is_named(pattern: &str, dataset: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => dataset.starts_with(&prefix.to_lowercase()),
        None => pattern.eq_ignore_ascii_case(dataset),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use atalanta_diag::Severity;

    use super::*;
    use crate::env::{Env, Input};
    use crate::rules::Models;
    use crate::syntax::parse;
    use crate::syntax::rules::parse_rules;

    const RULES: &str = r"
        [MODEL: dataset = a_raw] filter kind = 1 | alter xdm.event.id = id; alter xdm.source.port = port;
        [MODEL: dataset = b_raw] alter xdm.event.outcome = XDM_CONST.OUTCOME_FAILED, xdm.event.id = id;
    ";

    fn env() -> Env {
        let columns = vec![("id".to_owned(), Type::String), ("kind".to_owned(), Type::Int)];
        let input =
            |name: &str| Input { name: name.to_owned(), columns: columns.clone(), ..Input::default() };
        let models = Arc::new(Models::read(&parse_rules(RULES)).0);
        Env { inputs: vec![input("a_raw"), input("b_raw")], with_data: true, models, ..Env::default() }
    }

    fn resolved(text: &str, env: &Env) -> crate::resolve::Resolved {
        let parsed = parse(text);
        assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
        crate::resolve::resolve(&parsed.query, env)
    }

    fn names(text: &str) -> Vec<String> {
        resolved(text, &env()).plan.row().columns.iter().map(|column| column.name.clone()).collect()
    }

    #[test]
    fn statements_of_all_datasets_are_united() {
        let plan = resolved("datamodel | fields xdm.*", &env()).plan;
        let unions = plan.operations.iter().filter(|one| matches!(one.kind, OperationKind::Union(_)));
        assert_eq!(unions.count(), 2);
        assert_eq!(
            names("datamodel | fields xdm.*"),
            ["xdm.event.id", "xdm.source.port", "xdm.event.outcome", "_time"]
        );
        assert_eq!(
            names("datamodel dataset in (b*) | fields xdm.event.*"),
            ["xdm.event.outcome", "xdm.event.id", "_time"]
        );
        assert_eq!(
            names("datamodel dataset = a_raw | fields a_raw.id, xdm.event.id"),
            ["a_raw.id", "xdm.event.id", "_time"]
        );
    }

    #[test]
    fn the_core_fields_are_shown_when_none_are_chosen() {
        assert_eq!(names("datamodel dataset = b_raw"), ["_time", "xdm.event.outcome"]);
        assert_eq!(
            names("datamodel dataset = b_raw | alter x = xdm.event.id"),
            ["_time", "xdm.event.outcome", "x"]
        );
    }

    #[test]
    fn fields_that_exist_nowhere_are_noticed_and_unmapped_ones_are_null() {
        let wrong = resolved("datamodel dataset = a_raw | filter xdm.source.ipv44 = \"x\"", &env());
        assert!(wrong.facts.iter().any(|fact| matches!(&fact.kind,
            FactKind::UnknownField { nearest: Some(near), .. } if near == "xdm.source.ipv4")));
        let unmapped = resolved("datamodel dataset = a_raw | filter xdm.source.ipv4 = null", &env());
        assert!(unmapped.facts.is_empty(), "{:?}", unmapped.facts);
        let plan = resolved("datamodel dataset = c_raw | fields xdm.event.id", &env()).plan;
        assert!(matches!(plan.operations[0].kind, OperationKind::Unsupported(_)), "no rows of nulls");
        let bare = Env { models: Arc::default(), ..env() };
        let facts = resolved("datamodel", &bare).facts;
        assert!(matches!(&facts[0].kind, FactKind::Stage { severity: Severity::Error, .. }), "{facts:?}");
        let unknown = resolved("datamodel dataset = c_raw | fields xdm.event.id", &env());
        assert!(unknown.facts.iter().any(|fact| matches!(fact.kind, FactKind::UnknownDataset { .. })));
    }

    #[test]
    fn without_rules_every_field_of_the_model_is_there() {
        let plain = Env::default();
        let text = "datamodel dataset = x_raw | filter xdm.source.ipv4 = \"1.1.1.1\" and x_raw.id = 1 | fields xdm.source.*";
        let found = resolved(text, &plain);
        assert!(found.facts.is_empty(), "{:?}", found.facts);
        assert!(found.plan.row().columns.len() > 100);
    }

    fn condition(text: &str) -> String {
        let plan =
            resolved(&format!("datamodel dataset = b_raw | filter {text} | fields xdm.event.id"), &env())
                .plan;
        let filter = plan.operations.iter().find_map(|one| match &one.kind {
            OperationKind::Filter(condition) => Some(format!("{:?}", condition.kind)),
            _ => None,
        });
        filter.unwrap_or_default()
    }

    #[test]
    fn constants_compare_in_every_spelling() {
        for spelling in
            ["XDM_CONST.OUTCOME_FAILED", "OUTCOME_FAILED", "\"OUTCOME_FAILED\"", "FAILED", "\"FAILED\""]
        {
            let found = condition(&format!("xdm.event.outcome = {spelling}"));
            assert!(found.contains("Equals(\"FAILED\")"), "{spelling}: {found}");
            let found = condition(&format!("xdm.event.outcome in ({spelling}, \"X\")"));
            assert!(found.contains("String(\"FAILED\")"), "{spelling}: {found}");
        }
    }

    #[test]
    fn aliases_stand_for_their_members() {
        assert!(condition("XDM_ALIAS.ipv4 = \"1.1.1.1\"").starts_with("Or("));
        assert!(condition("XDM_ALIAS.ipv4 != \"1.1.1.1\"").starts_with("And("));
        assert!(condition("XDM_ALIAS.ipv4 != null").starts_with("Or("));
        assert!(condition("XDM_ALIAS.ipv4 incidr \"10.0.0.0/8\"").starts_with("Or("));
    }
}
