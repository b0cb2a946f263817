//! `join` and `union`.

use atalanta_diag::Span;
use atalanta_schema::Type;

use super::Resolver;
use super::scope::RightSide;
use crate::facts::FactKind;
use crate::ir::{Column, Comparison, Expr, ExprKind, JoinColumn, OperationKind, Plan, Row};
use crate::syntax::ast::{self, JoinKind, JoinSide, Operator, Query, Stage, StageKind, Strategy};
use crate::syntax::codes;

/// First running number of columns renamed under `conflict_strategy = both` (`XQL.md` O-11).
const FIRST_JOINED: usize = 10;

impl Resolver<'_> {
    pub(super) fn join(&mut self, join: &ast::Join) {
        let right = self.side(&join.right);
        let row = right.row();
        let alias = join.alias.as_ref().map_or_else(|| "right".to_owned(), |name| name.text.clone());
        let form = FactKind::JoinForm {
            no_alias: join.alias.is_none(),
            no_condition: join.condition.is_none() || join.on.is_some(),
        };
        if join.alias.is_none() || join.condition.is_none() || join.on.is_some() {
            self.fact(form, self.stage_span);
        }
        self.scope.right = Some(RightSide { alias: alias.clone(), row: row.clone() });
        let condition = match &join.condition {
            Some(condition) if join.on.is_some() => self.on_condition(condition),
            Some(condition) => self.condition(condition),
            None => Expr { kind: ExprKind::Bool(true), ty: Type::Bool, span: self.stage_span },
        };
        self.scope.right = None;
        let kind = join.kind.map_or(JoinKind::Inner, |(kind, _)| kind);
        let strategy = join.strategy.map_or(Strategy::Right, |(strategy, _)| strategy);
        let output = self.join_output(&row, &alias, strategy, &condition);
        let right = Box::new(right);
        self.emit(OperationKind::Join { kind, strategy, right, alias, condition, output });
    }

    fn side(&mut self, side: &JoinSide) -> Plan {
        match side {
            JoinSide::Query(query) => self.subplan(query),
            JoinSide::Dataset(name) => {
                let source = ast::Source { kind: ast::SourceKind::Dataset, names: vec![name.clone()] };
                let kind = StageKind::Source(source);
                let stage = Stage { kind, span: name.span, keyword: name.span };
                self.subplan(&Query { stages: vec![stage], span: name.span })
            }
            JoinSide::Missing(_) => Plan::default(),
        }
    }

    /// The runbook's `on a = b`: the left name belongs to the left side, the right name to the right side.
    fn on_condition(&mut self, condition: &ast::Expr) -> Expr {
        let span = condition.span;
        match &condition.unparen().kind {
            ast::ExprKind::Logic { and: true, operands } => {
                let operands = operands.iter().map(|operand| self.on_condition(operand)).collect();
                Expr { kind: ExprKind::And(operands), ty: Type::Bool, span }
            }
            ast::ExprKind::Binary { operator: Operator::Eq, left, right, negated: false, .. } => {
                let left_side = self.without_right(|resolver| resolver.expr(left));
                let right_side = match right.as_name() {
                    Some(name) => self.right_name(name, right.span),
                    None => self.expr(right),
                };
                equal(left_side, right_side, span)
            }
            _ => self.condition(condition),
        }
    }

    fn without_right(&mut self, resolve: impl FnOnce(&mut Self) -> Expr) -> Expr {
        let right = self.scope.right.take();
        let expr = resolve(self);
        self.scope.right = right;
        expr
    }

    fn right_name(&mut self, name: &str, span: Span) -> Expr {
        let plain = name.rsplit('.').next().unwrap_or(name).to_owned();
        let Some(right) = self.scope.right.clone() else { return self.null_here() };
        self.right_column(&right, &plain, span)
    }

    /// The columns of the result under the conflict strategy, left columns first.
    fn join_output(
        &mut self,
        right: &Row,
        alias: &str,
        strategy: Strategy,
        condition: &Expr,
    ) -> Vec<JoinColumn> {
        let pairs = equated(condition);
        let fallback = |name: &str| {
            pairs.iter().any(|(l, r)| l.eq_ignore_ascii_case(name) && r.eq_ignore_ascii_case(name))
        };
        let mut output = Vec::new();
        let mut columns: Vec<Column> = Vec::new();
        let left = self.scope.row.clone();
        let mut number = FIRST_JOINED;
        let mut renamed: Vec<(String, String)> = Vec::new();
        for column in left.columns.iter() {
            let column: &Column = column;
            let twin = right.find(&column.name);
            let from_right = twin.is_some() && strategy == Strategy::Right;
            let source = if from_right { twin.map_or("", |twin| &twin.name) } else { &column.name };
            output.push(JoinColumn {
                name: column.name.clone(),
                from_right,
                source: source.to_owned(),
                fallback: (twin.is_some() && fallback(&column.name)).then(|| column.name.clone()),
            });
            let shown = if from_right { twin.unwrap_or(column) } else { column };
            let empty = shown.empty && twin.is_none_or(|twin| twin.empty && column.empty);
            columns.push(Column { name: column.name.clone(), empty, ..shown.clone() });
            if twin.is_some() && strategy == Strategy::Both {
                renamed.push((column.name.clone(), format!("{}_joined_{number}", column.name)));
                number += 1;
            }
        }
        for column in right.columns.iter() {
            let conflict = left.find(&column.name).is_some();
            let new_name = renamed.iter().find(|(old, _)| old.eq_ignore_ascii_case(&column.name));
            let name = match new_name {
                Some((_, new_name)) => new_name.clone(),
                None if conflict => column.name.clone(),
                None => column.name.clone(),
            };
            let reference = format!("{alias}.{}", column.name).to_lowercase();
            if strategy != Strategy::Left || !conflict {
                self.scope.joined.insert(reference, name.clone());
            }
            if conflict && strategy != Strategy::Both {
                continue;
            }
            let source = column.name.clone();
            output.push(JoinColumn { name: name.clone(), from_right: true, source, fallback: None });
            columns.push(Column { name, system: false, ..Column::clone(column) });
        }
        self.scope.replace_row(columns, left.open || right.open, self.stage, self.stage_span);
        output
    }

    pub(super) fn union(&mut self, union: &ast::Union) {
        let right = self.side(&union.right);
        let row = right.row();
        let mut columns: Vec<Column> =
            self.scope.row.columns.iter().map(|column| Column::clone(column)).collect();
        let mut conflicts: Vec<String> = Vec::new();
        for column in row.columns.iter() {
            match columns.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&column.name)) {
                Some(known) => {
                    let common = Type::common(&known.ty, &column.ty);
                    if common.is_none() {
                        conflicts.push(format!("{} ({} and {})", known.name, known.ty, column.ty));
                    }
                    known.ty = common.unwrap_or(Type::String);
                    if known.field != column.field {
                        known.field = None;
                    }
                    known.empty &= column.empty;
                }
                None => columns.push(Column::clone(column)),
            }
        }
        if !conflicts.is_empty() {
            let message = format!("columns of different types are united: {}", conflicts.join(", "));
            self.departure(codes::EXPECTED, self.stage_span, message, "convert one side; both become text");
        }
        let open = self.scope.row.open || row.open;
        self.scope.replace_row(columns, open, self.stage, self.stage_span);
        self.emit(OperationKind::Union(Box::new(right)));
    }
}

fn equal(left: Expr, right: Expr, span: Span) -> Expr {
    let (left, right) = (Box::new(left), Box::new(right));
    Expr { kind: ExprKind::Compare { operator: Comparison::Eq, left, right }, ty: Type::Bool, span }
}

/// Pairs (left column, right column) that the condition equates.
fn equated(condition: &Expr) -> Vec<(String, String)> {
    match &condition.kind {
        ExprKind::And(operands) => operands.iter().flat_map(equated).collect(),
        ExprKind::Compare { operator: Comparison::Eq, left, right } => match (&left.kind, &right.kind) {
            (ExprKind::Column(l), ExprKind::RightColumn(r))
            | (ExprKind::RightColumn(r), ExprKind::Column(l)) => vec![(l.clone(), r.clone())],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
