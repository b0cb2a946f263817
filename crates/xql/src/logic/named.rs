//! The columns that some expression of a plan reads: only these are followed through the pipeline.
//!
//! **Soundness.** A column that is left out is an unknown value at every place that would read it, which
//! claims less. The set holds every name that an expression of the plan or of a sub-plan reads, and the names
//! that such a column had before a later stage renamed it.

use std::borrow::Cow;

use super::Set;

use crate::ir::{Expr, ExprKind, Mark, OperationKind, Plan};

/// Folded column names.
#[derive(Debug, Default)]
pub(super) struct Named {
    names: Set<String>,
    /// For each first letter the last letters that some name has, so that most of the hundreds of columns
    /// of a row need no look-up.
    ends: [u32; 32],
}

/// The low bits of the first and the last byte, which are the same in either case; none for names that begin
/// or end in other characters than ASCII ones.
fn ends(name: &str) -> Option<(usize, u32)> {
    let (first, last) = (name.as_bytes().first()?, name.as_bytes().last()?);
    let ascii = first.is_ascii() && last.is_ascii();
    ascii.then(|| (usize::from(first & 31), 1 << (last & 31)))
}

/// The name in lower case.
pub(super) fn folded(name: &str) -> Cow<'_, str> {
    let plain = name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if plain { Cow::Borrowed(name) } else { Cow::Owned(name.to_lowercase()) }
}

impl Named {
    /// The names that a plan reads.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut named = Self::default();
        named.plan(plan);
        named
    }

    /// The folded name if it is one of them.
    pub(super) fn find<'a>(&self, name: &'a str) -> Option<Cow<'a, str>> {
        if ends(name).is_some_and(|(first, last)| self.ends[first] & last == 0) {
            return None;
        }
        Some(folded(name)).filter(|name| self.names.contains(name.as_ref()))
    }

    fn add(&mut self, name: &str) {
        let name = folded(name);
        if !self.names.contains(name.as_ref()) {
            if let Some((first, last)) = ends(&name) {
                self.ends[first] |= last;
            }
            self.names.insert(name.into_owned());
        }
    }

    fn reads(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// From the last operation back, so that a name is known before the rename that gave it.
    fn plan(&mut self, plan: &Plan) {
        for operation in plan.operations.iter().rev() {
            match &operation.kind {
                OperationKind::Filter(condition) => self.expr(condition),
                OperationKind::Assign(items) => items.iter().for_each(|(_, value)| self.expr(value)),
                OperationKind::Project(items) => {
                    for (from, to) in items {
                        if from != to && self.reads(to) {
                            self.add(from);
                        }
                    }
                }
                OperationKind::Aggregate { keys, aggregates } => {
                    keys.iter().for_each(|(_, key)| self.expr(key));
                    aggregates.iter().for_each(|(_, call)| self.exprs(call.argument.as_ref()));
                }
                OperationKind::Window(items) => {
                    items.iter().for_each(|(_, window)| self.exprs(window.call.argument.as_ref()));
                }
                OperationKind::Join { right, condition, output, .. } => {
                    for column in output.iter().filter(|column| column.name != column.source) {
                        if self.reads(&column.name) {
                            self.add(&column.source);
                        }
                    }
                    self.expr(condition);
                    self.plan(right);
                }
                OperationKind::Union(right) => self.plan(right),
                OperationKind::Transaction(transaction) => {
                    for mark in [&transaction.starts, &transaction.ends].into_iter().flatten() {
                        if let Mark::Condition(condition) = mark {
                            self.expr(condition);
                        }
                    }
                }
                OperationKind::Source { .. }
                | OperationKind::Search { .. }
                | OperationKind::IpLoc { .. }
                | OperationKind::GetRole { .. }
                | OperationKind::Sort(_)
                | OperationKind::Limit(_)
                | OperationKind::Dedup { .. }
                | OperationKind::Bin { .. }
                | OperationKind::ArrayExpand { .. }
                | OperationKind::Top { .. }
                | OperationKind::Keep
                | OperationKind::Unsupported(_) => {}
            }
        }
    }

    fn exprs(&mut self, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        expr.walk(&mut |part| match &part.kind {
            ExprKind::Column(name) | ExprKind::RightColumn(name) => self.add(name),
            ExprKind::InQuery { query, .. } => self.plan(query),
            _ => {}
        });
    }
}
