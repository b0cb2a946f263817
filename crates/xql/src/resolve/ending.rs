//! Stages about the result as a whole: `target`, `transpose`, `view`.

use atalanta_schema::Type;

use super::Resolver;
use crate::facts::Usage;
use crate::ir::{Column, OperationKind, Target, Transpose, View};
use crate::parameters::Value;
use crate::syntax::ast::{self, ExprKind, Literal, Option_, StageKind};
use crate::syntax::codes;

/// Most rows that `transpose` turns into columns.
pub const MOST_TRANSPOSED: usize = 50;
/// Rows that `transpose` turns when no number is written.
pub const DEFAULT_TRANSPOSED: usize = 5;

/// The graph types of `view`.
pub const GRAPHS: &[&str] =
    &["area", "bubble", "column", "funnel", "gauge", "line", "map", "pie", "scatter", "single", "wordcloud"];

impl Resolver<'_> {
    pub(super) fn target(&mut self, target: &ast::Target, stages: &[ast::Stage]) {
        let name = target.name.folded();
        let valid = !name.starts_with('_')
            && !name.is_empty()
            && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !valid {
            let message = format!("`{}` cannot name a dataset", target.name.text);
            let help = "a dataset has letters, digits and `_` and does not start with `_`";
            self.defect(codes::EXPECTED, target.name.span, message, Some(help));
        }
        if name.starts_with("external_") {
            let message = "`target` cannot write an external dataset";
            self.defect(codes::PLACE, target.name.span, message, None);
        }
        if let Some(known) = self.catalog.dataset(&name).filter(|_| valid) {
            let message =
                format!("`{}` is a dataset of the catalogue, its rows cannot be replaced", known.name);
            self.defect(codes::PLACE, target.name.span, message, Some("choose another name"));
        }
        let listed = listed(stages);
        self.plan.target = Some(Target { name, lookup: target.lookup, append: target.append, listed });
        self.emit(OperationKind::Keep);
    }

    pub(super) fn transpose(&mut self, options: &[Option_]) {
        let mut transpose = Transpose {
            rows: DEFAULT_TRANSPOSED,
            column_name: "field_name".to_owned(),
            header_field: None,
            include_empty: true,
        };
        for option in options {
            let value = &option.value.unparen().kind;
            match (option.name.folded().as_str(), value) {
                ("", ExprKind::Literal(Literal::Int(rows))) => transpose.rows = self.turned(*rows, option),
                ("column_name", ExprKind::Literal(Literal::String { value, .. })) => {
                    transpose.column_name.clone_from(value);
                }
                ("header_field", ExprKind::Name(name)) => {
                    let field = ast::Name { text: name.clone(), span: option.value.span };
                    transpose.header_field = self.column_name(&field, Usage::Computed);
                }
                ("include_empty", ExprKind::Literal(Literal::Bool(value))) => {
                    transpose.include_empty = *value;
                }
                (name, _) => {
                    let message = format!("`transpose` has no option `{name}` with such a value");
                    let help = "it has a number of rows, column_name = \"…\", header_field = f, include_empty = true";
                    self.defect(codes::OPTION, option.name.span, message, Some(help));
                }
            }
        }
        let text = |name: String| Column { name, ty: Type::String, field: None, system: false, empty: false };
        let mut columns = vec![text(transpose.column_name.clone())];
        let open = transpose.header_field.is_some();
        if !open {
            columns.extend((1..=transpose.rows).map(|n| text(format!("value_{n}"))));
        }
        self.emit(OperationKind::Limit(transpose.rows as u64));
        self.plan.transpose = Some(transpose);
        self.scope.replace_row(columns, open, self.stage, self.stage_span);
        self.emit(OperationKind::Keep);
    }

    /// 1 to 50; more are cut.
    fn turned(&mut self, rows: i64, option: &Option_) -> usize {
        let most = i64::try_from(MOST_TRANSPOSED).unwrap_or(i64::MAX);
        if rows < 1 {
            self.defect(codes::NUMBER, option.value.span, "`transpose` turns at least one row", None);
        }
        if rows > most {
            let message = format!("`transpose` turns {MOST_TRANSPOSED} rows at most");
            self.remark(codes::LIMIT, option.value.span, message, "further rows are left out");
        }
        usize::try_from(rows.clamp(1, most)).unwrap_or(1)
    }

    pub(super) fn view(&mut self, view: &ast::View) {
        let view = match view {
            ast::View::Graph { kind, parameters } => self.graph(kind, parameters),
            ast::View::Highlight { fields, values } => {
                let fields = fields.iter().map(|field| self.shown(field)).collect();
                let values = values.iter().filter_map(Value::of).map(|value| value_text(&value)).collect();
                View::Highlight { fields, values }
            }
            ast::View::ColumnOrder(order) => {
                if !order.is("default") && !order.is("populated") {
                    let message = format!("no column order is called `{}`", order.text);
                    self.defect(codes::OPTION, order.span, message, Some("it is `default` or `populated`"));
                }
                View::ColumnOrder { populated: order.is("populated") }
            }
        };
        self.plan.views.push(view);
        self.emit(OperationKind::Keep);
    }

    fn graph(&mut self, kind: &ast::Name, parameters: &[(ast::Name, Vec<ast::Expr>)]) -> View {
        if !GRAPHS.iter().any(|known| kind.is(known)) {
            let message = format!("no graph type is called `{}`", kind.text);
            let help = format!("types are {}", GRAPHS.join(", "));
            self.defect(codes::OPTION, kind.span, message, Some(&help));
        }
        let mut out = Vec::new();
        for (name, values) in parameters {
            let axis = ["xaxis", "yaxis", "series"].contains(&name.folded().as_str());
            let mut texts = Vec::new();
            for value in values {
                match value.as_name().filter(|_| axis) {
                    Some(field) => texts.push(self.axis(name, field, value.span)),
                    None => texts.extend(Value::of(value).map(|value| value_text(&value))),
                }
            }
            out.push((name.folded(), texts.join(",")));
        }
        View::Graph { kind: kind.folded(), parameters: out }
    }

    /// An axis holds single values, not arrays or objects.
    fn axis(&mut self, name: &ast::Name, field: &str, span: atalanta_diag::Span) -> String {
        let column = self.field_expr(field, span, Usage::Shown);
        if matches!(column.ty, Type::Array(_) | Type::Json) {
            let context = format!("`{}` of a graph", name.folded());
            self.fact(super::expr::mismatch(&context, "string, number or datetime", column.ty), span);
        }
        field.to_owned()
    }

    fn shown(&mut self, field: &ast::Name) -> String {
        self.field_expr(&field.text, field.span, Usage::Shown);
        field.text.clone()
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) => text.clone(),
    }
}

/// Names that `fields` and the keys of `comp` list: a lookup keeps such system columns.
fn listed(stages: &[ast::Stage]) -> Vec<String> {
    let mut names = Vec::new();
    for stage in stages {
        match &stage.kind {
            StageKind::Fields(fields) if !fields.exclude => {
                names.extend(fields.items.iter().map(|item| item.pattern.folded()));
            }
            StageKind::Comp(comp) => names.extend(comp.by.iter().map(ast::Name::folded)),
            _ => {}
        }
    }
    names
}
