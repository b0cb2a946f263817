//! `call`: a saved query in the place of the stage.

use atalanta_diag::Span;

use super::Resolver;
use crate::facts::FactKind;
use crate::ir::{Expr, ExprKind, OperationKind, Plan, Transaction};
use crate::parameters::{Value, substitute};
use crate::syntax::ast::{Call, StageKind};
use crate::syntax::{codes, parse};

/// Deepest nesting of saved queries that call each other.
const MAX_CALLS: usize = 16;

impl Resolver<'_> {
    pub(super) fn call_query(&mut self, call: &Call) {
        let at = self.stage_span;
        let Some(text) = self.saved_text(call) else {
            self.scope.row.open = true;
            self.emit(OperationKind::Unsupported(format!("call \"{}\"", call.name.text)));
            return;
        };
        let parsed = parse(&text);
        if let Some(error) =
            parsed.diagnostics.iter().find(|one| one.severity == atalanta_diag::Severity::Error)
        {
            let message = format!("the saved query \"{}\" cannot be read: {}", call.name.text, error.message);
            self.defect(codes::CALL, at, message, None);
        }
        let mut inner = Resolver::new(self.env);
        inner.plan.case_sensitive = self.plan.case_sensitive;
        inner.calls = self.calls.iter().cloned().chain([call.name.folded()]).collect();
        let ends = parsed.query.stages.last().map(|stage| &stage.kind);
        let ends = matches!(ends, Some(StageKind::Target(_) | StageKind::Transpose(_)));
        inner.pipeline(&parsed.query, self.outermost && self.last_stage || !ends);
        let stage = self.stage;
        self.facts.extend(inner.facts.into_iter().map(|mut fact| {
            fact.span = at;
            fact.stage = stage;
            if let FactKind::LostField { removed_at, removed_by, .. } = &mut fact.kind {
                (*removed_at, *removed_by) = (at, stage);
            }
            fact
        }));
        let mut plan = inner.plan;
        place(&mut plan, stage, at);
        self.plan.case_sensitive = plan.case_sensitive;
        self.plan.timeframe = plan.timeframe.or(self.plan.timeframe.take());
        self.plan.max_runtime_minutes = plan.max_runtime_minutes.or(self.plan.max_runtime_minutes);
        self.plan.views.append(&mut plan.views);
        self.plan.target = plan.target;
        self.plan.transpose = plan.transpose;
        self.plan.operations.append(&mut plan.operations);
        self.scope = inner.scope;
    }

    /// The text of the saved query with its parameters; a defect is recorded when there is none.
    fn saved_text(&mut self, call: &Call) -> Option<String> {
        let name = &call.name.text;
        let Some(saved) = self.env.library.find(name) else {
            // A text that is checked by itself may belong to any library.
            if !self.env.with_data && self.env.library.iter().next().is_none() {
                return None;
            }
            let help = match self.env.library.nearest(name) {
                Some(near) => format!("there is a saved query \"{near}\""),
                None => "saved queries come from the folder given with --library".to_owned(),
            };
            self.defect(
                codes::CALL,
                call.name.span,
                format!("no saved query is called \"{name}\""),
                Some(&help),
            );
            return None;
        };
        if self.calls.contains(&call.name.folded()) || self.calls.len() >= MAX_CALLS {
            let path = self.calls.join("\" calls \"");
            let message = format!("saved queries call each other in a circle: \"{path}\" calls \"{name}\"");
            self.defect(codes::CALL, call.name.span, message, None);
            return None;
        }
        let text = saved.text.clone();
        let mut values = Vec::new();
        for parameter in &call.parameters {
            match Value::of(&parameter.value) {
                Some(value) => values.push((parameter.name.text.clone(), value)),
                None => {
                    let message = format!("the value of `{}` is no literal", parameter.name.text);
                    self.defect(codes::OPTION, parameter.value.span, message, None);
                    return None;
                }
            }
        }
        self.unused(call, &text);
        match substitute(&text, &values) {
            Ok(text) => Some(text),
            Err(missing) => {
                for one in missing {
                    let message = format!("in the saved query \"{name}\" {}", one.message);
                    let help = format!("write `call \"{name}\" parameter = value`");
                    self.defect(codes::CALL, call.name.span, message, Some(&help));
                }
                None
            }
        }
    }

    fn unused(&mut self, call: &Call, text: &str) {
        let known = crate::parameters::names(text);
        for parameter in &call.parameters {
            if known.iter().any(|name| parameter.name.is(&name.to_lowercase())) {
                continue;
            }
            let message = format!("the saved query has no parameter `${}`", parameter.name.text);
            let help = match known.len() {
                0 => "it has no parameters".to_owned(),
                _ => format!("its parameters are {}", known.join(", ")),
            };
            self.departure(codes::OPTION, parameter.name.span, message, &help);
        }
    }
}

/// Moves a plan of another text to the place of the call.
fn place(plan: &mut Plan, stage: usize, span: Span) {
    for operation in &mut plan.operations {
        operation.stage = stage;
        operation.span = span;
        match &mut operation.kind {
            OperationKind::Filter(condition) => place_expr(condition, stage, span),
            OperationKind::Assign(assigns) => {
                assigns.iter_mut().for_each(|(_, value)| place_expr(value, stage, span));
            }
            OperationKind::Aggregate { keys, aggregates } => {
                keys.iter_mut().for_each(|(_, key)| place_expr(key, stage, span));
                for (_, call) in aggregates {
                    call.span = span;
                    call.argument
                        .iter_mut()
                        .chain(&mut call.parameters)
                        .for_each(|e| place_expr(e, stage, span));
                }
            }
            OperationKind::Window(items) => {
                for (_, item) in items {
                    item.call.span = span;
                    let call = &mut item.call;
                    call.argument
                        .iter_mut()
                        .chain(&mut call.parameters)
                        .for_each(|e| place_expr(e, stage, span));
                }
            }
            OperationKind::Sort(keys) => keys.iter_mut().for_each(|(key, _)| place_expr(key, stage, span)),
            OperationKind::Join { right, condition, .. } => {
                place_expr(condition, stage, span);
                place(right, stage, span);
            }
            OperationKind::Union(right) => place(right, stage, span),
            OperationKind::Transaction(Transaction { starts, ends, .. }) => {
                for mark in [starts, ends] {
                    if let Some(crate::ir::Mark::Condition(condition)) = mark {
                        place_expr(condition, stage, span);
                    }
                }
            }
            _ => {}
        }
    }
}

fn place_expr(expr: &mut Expr, stage: usize, span: Span) {
    expr.span = span;
    match &mut expr.kind {
        ExprKind::Call { arguments, .. } | ExprKind::And(arguments) | ExprKind::Or(arguments) => {
            arguments.iter_mut().for_each(|argument| place_expr(argument, stage, span));
        }
        ExprKind::Not(inner) | ExprKind::IsNull(inner) => place_expr(inner, stage, span),
        ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
            place_expr(left, stage, span);
            place_expr(right, stage, span);
        }
        ExprKind::Matches { value, .. } => place_expr(value, stage, span),
        ExprKind::In { value, list, .. } => {
            place_expr(value, stage, span);
            list.iter_mut().for_each(|item| place_expr(item, stage, span));
        }
        ExprKind::InQuery { value, query, .. } => {
            place_expr(value, stage, span);
            place(query, stage, span);
        }
        ExprKind::InCidr { value, ranges, .. } => {
            place_expr(value, stage, span);
            place_expr(ranges, stage, span);
        }
        _ => {}
    }
}
