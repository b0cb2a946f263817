//! What conditions read of a row: columns, and scalars inside of JSON texts.

use std::borrow::Cow;
use std::collections::HashMap;

use atalanta_engine::kernels::JsonScalar;
use atalanta_xql::ir::{Expr, ExprKind};

use super::column::{Column, Value};

/// The function that takes a scalar out of a JSON text.
const SCALAR: &str = "json_extract_scalar";

/// A value of a row that conditions read.
#[derive(Debug)]
pub(super) enum Field {
    /// A column, as the condition writes it.
    Column(String),
    /// A scalar inside of the JSON text of a column.
    Scalar { column: usize, scalar: JsonScalar },
}

/// All of them, each with its number.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    all: Vec<Field>,
    /// By the column's name and the path inside of it.
    numbers: HashMap<(String, Option<String>), usize>,
}

impl Fields {
    /// The number of a column. Names in other letter case have other numbers: which column each means depends on the
    /// batch ([`super::Matcher::places`]).
    pub(super) fn number(&mut self, name: &str) -> usize {
        let key = (name.to_owned(), None);
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        self.add(key.clone(), Field::Column(key.0))
    }

    /// The number of what an expression reads, if it is nothing else than a column or a scalar in one.
    pub(super) fn of(&mut self, expr: &Expr) -> Option<usize> {
        match &expr.kind {
            ExprKind::Column(name) => Some(self.number(name)),
            ExprKind::Call { function, arguments } if function == SCALAR => {
                let [text, path] = arguments.as_slice() else { return None };
                let (ExprKind::Column(name), ExprKind::String(path)) = (&text.kind, &path.kind) else {
                    return None;
                };
                let key = (name.clone(), Some(path.clone()));
                if let Some(number) = self.numbers.get(&key) {
                    return Some(*number);
                }
                let scalar = JsonScalar::new(path)?;
                let column = self.number(name);
                Some(self.add(key, Field::Scalar { column, scalar }))
            }
            _ => None,
        }
    }

    fn add(&mut self, key: (String, Option<String>), field: Field) -> usize {
        self.all.push(field);
        self.numbers.insert(key, self.all.len() - 1);
        self.all.len() - 1
    }

    /// What a number stands for.
    pub(super) fn field(&self, number: usize) -> &Field {
        &self.all[number]
    }

    /// The column that a value is, or is in.
    pub(super) fn column_of(&self, number: usize) -> usize {
        match &self.all[number] {
            Field::Column(_) => number,
            Field::Scalar { column, .. } => *column,
        }
    }

    /// All of them by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.all.iter()
    }
}

/// One row after the other of a batch. A scalar is looked for once in a row, and only if it is asked for.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    fields: &'a Fields,
    columns: &'a [Column<'a>],
    row: usize,
    /// By field: the row in which the scalar was looked for, and what it was.
    scalars: Vec<(usize, Option<Cow<'a, str>>)>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(fields: &'a Fields, columns: &'a [Column<'a>]) -> Self {
        Self { fields, columns, row: 0, scalars: vec![(usize::MAX, None); fields.all.len()] }
    }

    /// The column that a value is, or is in.
    pub(super) fn column_of(&self, field: usize) -> usize {
        self.fields.column_of(field)
    }

    /// How many values a row has.
    pub(super) fn fields(&self) -> usize {
        self.scalars.len()
    }

    /// Goes to a row.
    pub(super) fn enter(&mut self, row: usize) {
        self.row = row;
    }

    /// A value of the row.
    pub(super) fn value(&mut self, field: usize) -> Value<'_> {
        let Field::Scalar { column, scalar } = self.fields.field(field) else {
            return self.columns[field].value(self.row);
        };
        match self.columns[*column].value(self.row) {
            Value::Null => Value::Null,
            Value::Text(text) => {
                let (row, found) = &mut self.scalars[field];
                if *row != self.row {
                    (*row, *found) = (self.row, scalar.of(text));
                }
                found.as_deref().map_or(Value::Null, Value::Text)
            }
            _ => Value::Other,
        }
    }
}
