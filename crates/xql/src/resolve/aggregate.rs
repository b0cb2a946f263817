//! `comp`, `windowcomp` and `top`.

use atalanta_schema::Type;

use super::Resolver;
use super::expr::{clash, mismatch, null};
use crate::facts::{FactKind, Usage};
use crate::ir::{AggregateCall, Column, Expr, ExprKind, OperationKind, WindowCall};
use crate::signatures::Signature;
use crate::syntax::ast;
use crate::syntax::codes;

/// Name of the column of `addrawdata` when none is written.
const RAW_DATA: &str = "raw_data";
/// The aggregate behind `addrawdata`: the rows of a group as objects. No query can name it.
pub const RAW_ROWS: &str = "raw rows";

impl Resolver<'_> {
    pub(super) fn comp(&mut self, comp: &ast::Comp) {
        let mut columns: Vec<Column> = Vec::new();
        let mut keys = Vec::new();
        for key in &comp.by {
            let value = self.field_expr(&key.text, key.span, Usage::Key);
            let column = self.key_column(&key.text, &value);
            keys.push((column.name.clone(), value));
            self.add_output(&mut columns, column, key.span);
        }
        let mut names = Self::aggregate_names(comp);
        let taken: Vec<String> = keys.iter().map(|(name, _)| name.clone()).collect();
        for at in 0..names.len() {
            if taken.iter().any(|key| key.eq_ignore_ascii_case(&names[at])) {
                self.fact(FactKind::DuplicateColumn { name: names[at].clone() }, comp.aggregates[at].span);
                let others: Vec<String> = taken.iter().chain(&names).cloned().collect();
                names[at] = unique(names[at].clone(), &others);
            }
        }
        let mut aggregates = Vec::new();
        for (aggregate, name) in comp.aggregates.iter().zip(names) {
            if name == "*" {
                self.aggregate_all(aggregate, comp, &mut aggregates, &mut columns);
                continue;
            }
            let call = self.aggregate_call(aggregate, false);
            let column =
                Column { name: name.clone(), ty: call.ty.clone(), field: None, system: false, empty: false };
            self.add_output(&mut columns, column, aggregate.span);
            aggregates.push((name, call));
        }
        if let Some(alias) = &comp.raw_data {
            let name = alias.as_ref().map_or_else(|| RAW_DATA.to_owned(), |alias| alias.text.clone());
            let ty = Type::array(Type::Json);
            let column =
                Column { name: name.clone(), ty: ty.clone(), field: None, system: false, empty: false };
            self.add_output(&mut columns, column, self.stage_span);
            let (function, span) = (RAW_ROWS.to_owned(), self.stage_span);
            aggregates
                .push((name, AggregateCall { function, argument: None, parameters: Vec::new(), ty, span }));
        }
        self.scope.replace_row(columns, false, self.stage, self.stage_span);
        self.emit(OperationKind::Aggregate { keys, aggregates });
    }

    fn add_output(&mut self, columns: &mut Vec<Column>, column: Column, span: atalanta_diag::Span) {
        if columns.iter().any(|known| known.name.eq_ignore_ascii_case(&column.name)) {
            self.fact(FactKind::DuplicateColumn { name: column.name.clone() }, span);
            return;
        }
        columns.push(column);
    }

    fn key_column(&self, written: &str, value: &Expr) -> Column {
        let known = match &value.kind {
            ExprKind::Column(name) => self.scope.row.find(name),
            _ => None,
        };
        let field = known.and_then(|column| column.field.clone());
        let empty = known.is_some_and(|column| column.empty);
        let system = matches!(&value.kind, ExprKind::Column(name) if self.catalog.is_system_field(name));
        Column { name: written.to_owned(), ty: value.ty.clone(), field, system, empty }
    }

    /// Result names: `as`, then the trailing alias for one without, then `<function>_<field>`.
    fn aggregate_names(comp: &ast::Comp) -> Vec<String> {
        let last_bare = comp.aggregates.iter().rposition(|aggregate| aggregate.alias.is_none());
        let mut names: Vec<String> = Vec::new();
        for (index, aggregate) in comp.aggregates.iter().enumerate() {
            let name = match (&aggregate.alias, &comp.trailing_alias) {
                (Some(alias), _) => alias.text.clone(),
                (None, Some((alias, _))) if Some(index) == last_bare => alias.text.clone(),
                _ => default_name(aggregate),
            };
            names.push(unique(name, &names));
        }
        names
    }

    fn aggregate_all(
        &mut self,
        aggregate: &ast::Aggregate,
        comp: &ast::Comp,
        aggregates: &mut Vec<(String, AggregateCall)>,
        columns: &mut Vec<Column>,
    ) {
        let is_key = |name: &str| comp.by.iter().any(|key| key.text.eq_ignore_ascii_case(name));
        let row = self.scope.row.clone();
        for column in row.columns.iter().filter(|column| !is_key(&column.name)) {
            let argument = super::scope::column_expr(column, aggregate.span);
            let Some(signature) = self.aggregate_signature(&aggregate.function, false) else { return };
            let fits = signature.param(0).is_none_or(|param| param.accepts(&column.ty));
            if column.system && !fits {
                // No query can take them away, so that they do not count as what was meant.
                continue;
            }
            self.check_summed(signature, &argument, aggregate.span);
            let ty = result_type(signature, Some(&argument));
            let call = AggregateCall {
                function: signature.name.to_owned(),
                argument: Some(argument),
                parameters: Vec::new(),
                ty: ty.clone(),
                span: aggregate.span,
            };
            let output = Column { name: column.name.clone(), ty, field: None, system: false, empty: false };
            self.add_output(columns, output, aggregate.span);
            aggregates.push((column.name.clone(), call));
        }
    }

    pub(super) fn aggregate_call(&mut self, aggregate: &ast::Aggregate, window: bool) -> AggregateCall {
        let star = |argument: &&ast::Expr| argument.as_name() == Some("*");
        let mut arguments = aggregate.arguments.iter().filter(|argument| !star(argument));
        let argument = arguments.next().map(|argument| self.aggregate_argument(argument));
        let parameters: Vec<Expr> = arguments.map(|parameter| self.expr(parameter)).collect();
        let Some(signature) = self.aggregate_signature(&aggregate.function, window) else {
            let function = aggregate.function.folded();
            let argument = argument.or_else(|| Some(null(aggregate.span)));
            return AggregateCall { function, argument, parameters, ty: Type::Any, span: aggregate.span };
        };
        let given = usize::from(argument.is_some()) + parameters.len();
        self.check_aggregate_arity(signature, given, aggregate.call_span);
        if let Some(argument) = &argument {
            self.check_summed(signature, argument, argument.span);
        }
        let ty = result_type(signature, argument.as_ref());
        AggregateCall { function: signature.name.to_owned(), argument, parameters, ty, span: aggregate.span }
    }

    /// Records an argument that is no number where numbers are summed; a text is read as one.
    fn check_summed(&mut self, signature: &Signature, argument: &Expr, span: atalanta_diag::Span) {
        let Some(param) = signature.param(0) else { return };
        if param.accepts(&argument.ty) {
            return;
        }
        let place = format!("argument 1 of {}", signature.name);
        let found = argument.ty.clone();
        let readable = found == Type::String;
        let kind = if readable {
            mismatch(&place, param.words(), found)
        } else {
            clash(&place, param.words(), found)
        };
        self.fact(kind, span);
    }

    fn check_aggregate_arity(&mut self, signature: &Signature, given: usize, span: atalanta_diag::Span) {
        let required = signature.params.iter().filter(|param| !param.optional).count();
        if given >= required && given <= signature.params.len() {
            return;
        }
        let expected = if required == signature.params.len() {
            required.to_string()
        } else {
            format!("{required} to {}", signature.params.len())
        };
        self.fact(FactKind::Arity { function: signature.name.to_owned(), expected, given }, span);
    }

    pub(super) fn windowcomp(&mut self, items: &[ast::WindowItem]) {
        let mut calls = Vec::new();
        let mut outputs: Vec<(String, Type)> = Vec::new();
        for item in items {
            let call = self.aggregate_call(&item.call, true);
            let name = match &item.call.alias {
                Some(alias) => alias.text.clone(),
                None => default_name(&item.call),
            };
            let by = item.by.iter().filter_map(|key| self.column_name(key, Usage::Key)).collect();
            let sort = item
                .sort
                .iter()
                .filter_map(|key| {
                    let name = self.column_name(&key.field, Usage::Sorted)?;
                    Some((name, key.descending.unwrap_or(false)))
                })
                .collect();
            self.window_rules(item, &call);
            let frame = item.frame.map(|frame| (frame.start, frame.end, frame.range));
            outputs.push((name.clone(), call.ty.clone()));
            calls.push((name, WindowCall { call, by, sort, frame }));
        }
        for (name, ty) in outputs {
            self.scope.set(&name, ty, None);
        }
        self.emit(OperationKind::Window(calls));
    }

    /// Which functions need an order, which take no frame, and what a frame may be.
    fn window_rules(&mut self, item: &ast::WindowItem, call: &AggregateCall) {
        let (span, function) = (item.call.span, call.function.as_str());
        let numbering = matches!(function, "rank" | "dense_rank" | "row_number");
        let ordered = matches!(function, "rank" | "dense_rank" | "lag" | "first_value" | "last_value");
        if ordered && item.sort.is_empty() {
            let message = format!("`{function}` without `sort`");
            self.defect(codes::EXPECTED, span, message, Some("add `sort asc _time`: the rows need an order"));
        }
        let Some(frame) = item.frame else { return };
        if numbering || function == "lag" {
            let message = format!("`{function}` takes no frame");
            self.departure(codes::OPTION, span, message, "leave `between …` out; it has no effect");
        }
        if frame.start.is_some() && matches!(function, "approx_top" | "approx_quantiles") {
            let message = format!("`{function}` over a frame that rows leave");
            self.defect(codes::OPTION, span, message, Some("let the frame begin with `null`"));
        }
        let (start, end) = (frame.start.unwrap_or(i64::MIN), frame.end.unwrap_or(i64::MAX));
        if end < start {
            let message = format!("the frame ends ({end}) before it starts ({start})");
            self.defect(codes::NUMBER, span, message, Some("write the smaller bound first"));
        }
        let bounded = frame.start.is_some_and(|n| n != 0) || frame.end.is_some_and(|n| n != 0);
        if frame.range && bounded && item.sort.len() != 1 {
            let help = "distances of values need exactly one number to sort by";
            self.defect(
                codes::OPTION,
                span,
                "`frame_type = range` with bounds and not one sort key",
                Some(help),
            );
        }
    }

    /// The physical column behind a name; none when it does not exist (a fact is recorded).
    pub(super) fn column_name(&mut self, name: &ast::Name, usage: Usage) -> Option<String> {
        match self.field_expr(&name.text, name.span, usage).kind {
            ExprKind::Column(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn top(&mut self, top: &ast::Top) {
        let Some(column) = self.column_name(&top.field, Usage::Computed) else {
            self.emit(OperationKind::Limit(0));
            return;
        };
        let by: Vec<String> = top.by.iter().filter_map(|key| self.column_name(key, Usage::Key)).collect();
        let (count_as, percent_as) = match (&top.count_alias, &top.percent_alias) {
            (None, None) => (Some("TOP_COUNT".to_owned()), Some("TOP_PERCENT".to_owned())),
            (count, percent) => {
                (count.as_ref().map(|name| name.text.clone()), percent.as_ref().map(|name| name.text.clone()))
            }
        };
        let kept = by.iter().chain(std::iter::once(&column));
        let mut columns: Vec<Column> = kept.filter_map(|name| self.scope.row.find(name).cloned()).collect();
        let mut add = |name: &Option<String>, ty| {
            if let Some(name) = name {
                columns.push(Column { name: name.clone(), ty, field: None, system: false, empty: false });
            }
        };
        add(&count_as, Type::Int);
        add(&percent_as, Type::Float);
        self.scope.replace_row(columns, false, self.stage, self.stage_span);
        let count = top.count.unwrap_or(10);
        self.emit(OperationKind::Top { count, column, by, count_as, percent_as });
    }
}

fn result_type(signature: &Signature, argument: Option<&Expr>) -> Type {
    let types: Vec<Type> = argument.iter().map(|argument| argument.ty.clone()).collect();
    signature.result(&types)
}

/// `<function>_<field>`; `count` for `count()`.
fn default_name(aggregate: &ast::Aggregate) -> String {
    let function = aggregate.function.folded();
    match aggregate.arguments.first().and_then(ast::Expr::as_name) {
        Some("*") | None => function,
        Some(field) => format!("{function}_{}", field.replace('.', "_")),
    }
}

fn unique(name: String, taken: &[String]) -> String {
    let is_taken = |name: &str| taken.iter().any(|other| other.eq_ignore_ascii_case(name));
    if name == "*" || !is_taken(&name) {
        return name;
    }
    // One more candidate than there are names: one of them is free.
    let candidates = 2..taken.len() + 3;
    candidates.map(|n| format!("{name}_{n}")).find(|name| !is_taken(name)).unwrap_or(name)
}
