//! `transaction`: events of equal keys become one row.

use atalanta_schema::Type;

use super::Resolver;
use crate::facts::Usage;
use crate::ir::{Bucket, Column, Mark, OperationKind, Transaction};
use crate::syntax::ast::{self, ExprKind, Literal};
use crate::syntax::codes;

/// Most events of a transaction when `maxevents` is not written.
pub const DEFAULT_EVENTS: u64 = 100;
/// Most columns of a transaction.
pub const MOST_COLUMNS: usize = 50;

/// The columns that a transaction adds.
pub const ADDED: [(&str, Type); 5] = [
    ("_start_time", Type::Timestamp),
    ("_end_time", Type::Timestamp),
    ("_duration", Type::Float),
    ("_num_of_rows", Type::Int),
    ("_transaction_id", Type::Int),
];

/// The options as far as they were read.
struct Options {
    shift: Option<i64>,
    zone: Option<String>,
    starts: Option<Mark>,
    ends: Option<Mark>,
    allow_unclosed: Option<bool>,
    max_events: u64,
}

impl Resolver<'_> {
    pub(super) fn transaction(&mut self, stage: &ast::Transaction) {
        let keys: Vec<String> =
            stage.fields.iter().filter_map(|key| self.column_name(key, Usage::Key)).collect();
        let options = self.transaction_options(stage);
        let row = self.scope.row.clone();
        let is_key = |name: &str| keys.iter().any(|key| key.eq_ignore_ascii_case(name));
        let others: Vec<&Column> = row
            .columns
            .iter()
            .map(AsRef::as_ref)
            .filter(|column: &&Column| !column.system && !is_key(&column.name))
            .collect();
        if others.len() + keys.len() > MOST_COLUMNS {
            let message =
                format!("`transaction` keeps {MOST_COLUMNS} of {} columns", others.len() + keys.len());
            self.remark(codes::LIMIT, self.stage_span, message, "choose them with `fields` before it");
        }
        let columns: Vec<String> = others.iter().map(|column| column.name.clone()).collect();
        let mut output: Vec<Column> = keys.iter().filter_map(|key| row.find(key).cloned()).collect();
        let list =
            |name: &str, ty| Column { name: name.to_owned(), ty, field: None, system: false, empty: false };
        output.extend(columns.iter().map(|name| list(name, Type::array(Type::String))));
        output.extend(ADDED.iter().map(|(name, ty)| list(name, ty.clone())));
        let span = stage.span.map(|size| Bucket::Time { size, shift: options.shift, zone: options.zone });
        let transaction = Transaction {
            keys,
            columns,
            span,
            starts: options.starts,
            ends: options.ends,
            allow_unclosed: options.allow_unclosed.unwrap_or(true),
            max_events: options.max_events,
        };
        self.scope.replace_row(output, false, self.stage, self.stage_span);
        self.emit(OperationKind::Transaction(transaction));
    }

    fn transaction_options(&mut self, stage: &ast::Transaction) -> Options {
        let mut options = Options {
            shift: None,
            zone: None,
            starts: None,
            ends: None,
            allow_unclosed: None,
            max_events: DEFAULT_EVENTS,
        };
        for option in &stage.options {
            let literal = match &option.value.unparen().kind {
                ExprKind::Literal(literal) => Some(literal),
                _ => None,
            };
            match (option.name.folded().as_str(), literal) {
                ("maxevents", Some(Literal::Int(count))) if *count > 0 => {
                    options.max_events = count.unsigned_abs();
                }
                ("timeshift", Some(Literal::Int(seconds))) => options.shift = Some(*seconds),
                ("timezone", Some(Literal::String { value, .. })) => options.zone = Some(value.clone()),
                ("allowunclosed", Some(Literal::Bool(value))) => options.allow_unclosed = Some(*value),
                ("startswith", _) => options.starts = Some(self.mark(&option.value)),
                ("endswith", _) => options.ends = Some(self.mark(&option.value)),
                ("maxevents" | "timeshift" | "timezone" | "allowunclosed", _) => {
                    let message = format!("the value of `{}` does not fit", option.name.text);
                    let help =
                        "maxevents = 10, timeshift = 1615353499, timezone = \"+08:00\", allowunclosed = true";
                    self.defect(codes::OPTION, option.value.span, message, Some(help));
                }
                (other, _) => {
                    let message = format!("`transaction` has no option `{other}`");
                    let help =
                        "it has span, timeshift, timezone, startswith, endswith, allowunclosed, maxevents";
                    self.defect(codes::OPTION, option.name.span, message, Some(help));
                }
            }
        }
        self.exclusive(stage, &options);
        options
    }

    fn exclusive(&mut self, stage: &ast::Transaction, options: &Options) {
        let marks = options.starts.is_some() || options.ends.is_some();
        if stage.span.is_some() && marks {
            let help = "use either `span` or `startswith` and `endswith`";
            self.defect(
                codes::OPTION,
                self.stage_span,
                "`span` beside `startswith` or `endswith`",
                Some(help),
            );
        }
        if stage.span.is_none() && (options.shift.is_some() || options.zone.is_some()) {
            let message = "`timeshift` and `timezone` without `span`";
            self.departure(codes::OPTION, self.stage_span, message, "they shift the buckets of `span`");
        }
        if options.allow_unclosed.is_some() && options.ends.is_none() {
            let message = "`allowunclosed` without `endswith`";
            self.remark(codes::OPTION, self.stage_span, message, "without an end nothing is ever closed");
        }
    }

    /// A text is looked for in every column; anything else is a condition.
    fn mark(&mut self, value: &ast::Expr) -> Mark {
        match value.as_str() {
            Some(text) => Mark::Text(text.to_owned()),
            None => Mark::Condition(self.condition(value)),
        }
    }
}
