//! What names mean at one point of a pipeline.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use atalanta_diag::Span;
use atalanta_schema::{Catalog, Dataset, Type};

use super::Resolver;
use crate::distance::distance;
use crate::env::Input;
use crate::facts::{FactKind, Usage};
use crate::ir::{Column, Expr, ExprKind, OperationKind, Row};

/// A row type that an earlier stage replaced; what it had and the current one lacks was lost there.
#[derive(Clone, Debug)]
struct Replaced {
    row: Row,
    stage: usize,
    span: Span,
}

/// A field that an earlier stage removed.
#[derive(Clone, Debug)]
struct Lost {
    ty: Type,
    stage: usize,
    span: Span,
}

/// The right side of a join while its condition is resolved.
#[derive(Clone, Debug)]
pub(super) struct RightSide {
    pub alias: String,
    pub row: Row,
}

/// Names in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// The incoming row.
    pub row: Row,
    /// Row types that were replaced, the oldest first.
    replaced: Vec<Replaced>,
    /// Of the first `indexed` of them: the last one that has a column of this name (folded).
    holders: HashMap<String, usize>,
    indexed: usize,
    /// Catalogue datasets whose aliases apply.
    datasets: Vec<&'static Dataset>,
    /// Set inside a join condition.
    pub right: Option<RightSide>,
    /// `alias.column` of earlier joins: (folded) to the column that holds it.
    pub joined: HashMap<String, String>,
    /// Whether the rows are those of the data model.
    pub datamodel: bool,
    /// Type of `@element` inside an array function.
    pub element: Option<Type>,
}

impl Scope {
    /// Replaces the row type; columns that are gone are remembered with the stage that removed them.
    pub fn replace_row(&mut self, columns: Vec<Column>, open: bool, stage: usize, span: Span) {
        let row = std::mem::replace(&mut self.row, Row::new(columns, open));
        self.replaced.push(Replaced { row, stage, span });
    }

    /// Where a name that the current row lacks was lost last. Most queries never ask, so that what the rows
    /// held is gathered only then, each row once.
    fn lost(&mut self, name: &str) -> Option<Lost> {
        for (at, old) in self.replaced.iter().enumerate().skip(self.indexed) {
            for column in old.row.columns.iter() {
                self.holders.insert(column.name.to_ascii_lowercase(), at);
            }
        }
        self.indexed = self.replaced.len();
        let old = &self.replaced[*self.holders.get(&name.to_ascii_lowercase())?];
        let column = old.row.find(name)?;
        Some(Lost { ty: column.ty.clone(), stage: old.stage, span: old.span })
    }

    /// Adds or replaces a column.
    pub fn set(&mut self, name: &str, ty: Type, field: Option<String>) {
        let columns = Arc::make_mut(&mut self.row.columns);
        if let Some(column) = columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(name)) {
            let column = Arc::make_mut(column);
            column.ty = ty;
            column.field = field;
            column.empty = false;
            return;
        }
        columns.push(Arc::new(Column { name: name.to_owned(), ty, field, system: false, empty: false }));
    }

    /// Makes a column survive `fields`.
    pub fn mark_system(&mut self, name: &str) {
        let columns = Arc::make_mut(&mut self.row.columns);
        if let Some(column) = columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(name)) {
            Arc::make_mut(column).system = true;
        }
    }

    /// The physical name behind an alias, with the alias's standing in Cortex.
    fn alias(&self, name: &str) -> Option<&'static str> {
        let found = self.datasets.iter().find_map(|dataset| dataset.field(name))?;
        found.via_alias.map(|_| found.field.name.as_str())
    }
}

impl Resolver<'_> {
    /// Opens datasets as the source of the pipeline.
    pub(super) fn open_datasets(&mut self, names: &[(String, Span)]) {
        let mut columns: Vec<Arc<Column>> = Vec::new();
        let mut open = false;
        for (name, span) in names {
            if name.contains('*') {
                open = true;
                continue;
            }
            let row = self.dataset_row(name, *span);
            open |= row.open;
            if columns.is_empty() && names.len() == 1 {
                self.scope.row = row;
                let datasets = vec![name.clone()];
                self.emit(OperationKind::Source { datasets });
                return;
            }
            for column in row.columns.iter() {
                if !columns.iter().any(|known| known.name.eq_ignore_ascii_case(&column.name)) {
                    columns.push(column.clone());
                }
            }
        }
        self.scope.row = Row { columns: Arc::new(columns), open };
        let datasets = names.iter().map(|(name, _)| name.clone()).collect();
        self.emit(OperationKind::Source { datasets });
    }

    pub(super) fn dataset_row(&mut self, name: &str, span: Span) -> Row {
        let known = self.catalog.dataset(name);
        let input = self.env.input(name);
        if let Some(dataset) = known {
            self.scope.datasets.push(dataset);
        } else if input.is_none() {
            let nearest =
                self.catalog.nearest(name).map(ToOwned::to_owned).or_else(|| self.nearest_input(name));
            self.fact(FactKind::UnknownDataset { name: name.to_owned(), nearest }, span);
        }
        let mut columns = known.map(|dataset| catalogue_columns(self.catalog, dataset)).unwrap_or_default();
        for (name, ty) in input.map(|input| input.columns.as_slice()).unwrap_or_default() {
            if !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
                let system = self.catalog.is_system_field(name);
                let column = Column { name: name.clone(), ty: ty.clone(), field: None, system, empty: false };
                Arc::make_mut(&mut columns).push(Arc::new(column));
            }
        }
        if let Some(input) = input {
            mark_empty(&mut columns, input);
        }
        let open = match (known, input) {
            (Some(dataset), None) => dataset.open,
            (None, None) => true,
            _ => false,
        };
        Row { columns, open }
    }

    /// Looks a field up; what does not exist reads as null.
    pub(super) fn field_expr(&mut self, name: &str, span: Span, usage: Usage) -> Expr {
        match self.find_column(name, span, usage) {
            Some(column) => column,
            None => self.missing_field(name, span, usage),
        }
    }

    /// A column of the row (or of the right side), through aliases too; no fact when there is none.
    fn find_column(&mut self, name: &str, span: Span, _usage: Usage) -> Option<Expr> {
        if let Some(right) = &self.scope.right
            && let Some((alias, rest)) = name.split_once('.')
            && alias.eq_ignore_ascii_case(&right.alias)
        {
            let (right, rest) = (right.clone(), rest.to_owned());
            return Some(self.right_column(&right, &rest, span));
        }
        if let Some(column) = self.scope.row.find(name) {
            return Some(column_expr(column, span));
        }
        if let Some(target) = self.scope.joined.get(&name.to_lowercase()) {
            return self.scope.row.find(target).map(|column| column_expr(column, span));
        }
        let physical = self.scope.alias(name)?;
        let column = self.scope.row.find(physical)?;
        let found = column_expr(column, span);
        let alias_is_cortex = self.catalog.is_cortex_field(name);
        let kind =
            FactKind::AliasField { alias: name.to_owned(), column: physical.to_owned(), alias_is_cortex };
        self.fact(kind, span);
        Some(found)
    }

    fn missing_field(&mut self, name: &str, span: Span, usage: Usage) -> Expr {
        let physical = self.scope.alias(name).unwrap_or(name);
        if let Some(lost) = self.scope.lost(physical).or_else(|| self.scope.lost(name)) {
            let kind = FactKind::LostField {
                name: name.to_owned(),
                ty: lost.ty.clone(),
                removed_by: lost.stage,
                removed_at: lost.span,
                usage,
            };
            self.fact(kind, span);
            return Expr { kind: ExprKind::Null, ty: lost.ty, span };
        }
        if let Some(unmapped) = self.unmapped(name, span) {
            return unmapped;
        }
        if self.scope.row.open {
            return Expr { kind: ExprKind::Column(name.to_owned()), ty: Type::Any, span };
        }
        let nearest = nearest_column(&self.scope.row, name);
        let cortex = self.catalog.is_cortex_field(name);
        self.fact(FactKind::UnknownField { name: name.to_owned(), nearest, cortex }, span);
        Expr { kind: ExprKind::Null, ty: Type::Null, span }
    }

    /// The dataset at hand that is called nearly so, or the only one there is.
    fn nearest_input(&self, name: &str) -> Option<String> {
        let name = name.to_lowercase();
        let limit = (name.chars().count() / 3).max(1);
        let names = self.env.inputs.iter().map(|input| &input.name);
        let near = names.filter_map(|known| Some((distance(&name, &known.to_lowercase(), limit)?, known)));
        let only = match self.env.inputs.as_slice() {
            [input] => Some(&input.name),
            _ => None,
        };
        near.min().map(|(_, known)| known).or(only).cloned()
    }

    /// A column of the joined query; records a fact if it has none of this name.
    pub(super) fn right_column(&mut self, right: &RightSide, name: &str, span: Span) -> Expr {
        let physical = self.scope.alias(name).unwrap_or(name);
        if let Some(column) = right.row.find(name).or_else(|| right.row.find(physical)) {
            let kind = ExprKind::RightColumn(column.name.clone());
            return Expr { kind, ty: column.ty.clone(), span };
        }
        if right.row.open {
            return Expr { kind: ExprKind::RightColumn(name.to_owned()), ty: Type::Any, span };
        }
        let nearest = nearest_column(&right.row, name).map(|near| format!("{}.{near}", right.alias));
        let name = format!("{}.{name}", right.alias);
        self.fact(FactKind::UnknownField { name, nearest, cortex: false }, span);
        Expr { kind: ExprKind::Null, ty: Type::Null, span }
    }

    /// Whether a name is a column here, without recording anything.
    pub(super) fn is_column(&self, name: &str) -> bool {
        self.scope.row.find(name).is_some()
    }

    /// The catalogue field whose values an expression holds, if it is a plain column.
    pub(super) fn catalog_field(&self, expr: &Expr) -> Option<&'static atalanta_schema::Field> {
        let ExprKind::Column(name) = &expr.kind else { return None };
        let field = self.scope.row.find(name)?.field.as_deref()?;
        let found = self.scope.datasets.iter().find_map(|dataset| dataset.field(field))?;
        Some(found.field)
    }
}

fn nearest_column(row: &Row, name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let limit = (name.chars().count() / 3).max(1);
    let near = row
        .columns
        .iter()
        .filter_map(|column| Some((distance(&name, &column.name.to_lowercase(), limit)?, &column.name)));
    near.min().map(|(_, name)| name.clone())
}

pub(super) fn column_expr(column: &Column, span: Span) -> Expr {
    Expr { kind: ExprKind::Column(column.name.clone()), ty: column.ty.clone(), span }
}

/// Notes which columns of a dataset the data at hand never fill.
fn mark_empty(columns: &mut Arc<Vec<Arc<Column>>>, input: &Input) {
    if input.empty.is_empty() {
        return;
    }
    for column in Arc::make_mut(columns) {
        if input.empty.contains(&column.name.to_lowercase()) {
            Arc::make_mut(column).empty = true;
        }
    }
}

/// The columns of a catalogued dataset, made once.
fn catalogue_columns(catalog: &'static Catalog, dataset: &Dataset) -> Arc<Vec<Arc<Column>>> {
    static MADE: LazyLock<Made> = LazyLock::new(|| {
        let datasets = Catalog::builtin().datasets();
        datasets.iter().map(|dataset| (dataset.name.as_str(), OnceLock::new())).collect()
    });
    let make = || {
        let column = |field: &atalanta_schema::Field| Column {
            name: field.name.clone(),
            ty: field.ty.clone(),
            field: Some(field.name.clone()),
            system: catalog.is_system_field(&field.name),
            empty: false,
        };
        Row::new(dataset.fields.iter().map(column), false).columns
    };
    match MADE.get(dataset.name.as_str()) {
        Some(made) => Arc::clone(made.get_or_init(make)),
        None => make(),
    }
}

/// Columns of the built-in datasets that were asked for, by dataset.
type Made = HashMap<&'static str, OnceLock<Arc<Vec<Arc<Column>>>>>;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn scope(rows: usize, columns: usize) -> Scope {
        let column = |number| Column {
            name: format!("Column{number}"),
            ty: Type::Int,
            field: None,
            system: false,
            empty: false,
        };
        let wide = Row::new((0..columns).map(column), false);
        let mut scope = Scope { row: Row::new([column(columns)], false), ..Scope::default() };
        scope.replace_row(vec![column(0)], false, 1, Span::new(0, 1));
        for stage in 0..rows {
            scope.row = wide.clone();
            scope.replace_row(vec![column(0)], false, stage + 2, Span::new(0, 1));
        }
        scope
    }

    #[test]
    fn a_name_was_lost_where_a_row_had_it_last() {
        let mut scope = scope(2, 3);
        assert_eq!(scope.lost("COLUMN1").map(|lost| lost.stage), Some(3));
        assert_eq!(scope.lost("column3").map(|lost| lost.stage), Some(1));
        assert!(scope.lost("column9").is_none());
        scope.row = Row::new([Column { ty: Type::Bool, ..(*scope.row.columns[0]).clone() }], false);
        scope.replace_row(Vec::new(), false, 7, Span::new(0, 1));
        assert_eq!(scope.lost("column0").map(|lost| (lost.stage, lost.ty)), Some((7, Type::Bool)));
    }

    #[test]
    fn names_that_never_were_are_not_looked_for_in_every_row_again() {
        let mut scope = scope(3000, 300);
        let started = Instant::now();
        for number in 0..3000 {
            assert!(scope.lost(&format!("nowhere{number}")).is_none());
        }
        // Some 2.7 thousand million comparisons of names would take minutes.
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    }
}
