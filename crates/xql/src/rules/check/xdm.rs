//! Paths, types and constants of the data model, and fields that nothing reads.

use atalanta_diag::{Diagnostic, Span};
use atalanta_schema::{Catalog, Type, Xdm, XdmKind};

use super::super::codes;
use super::super::statement::{CAST, is_xdm};
use super::{graded, places};
use crate::env::Mode;
use crate::facts::FactKind;
use crate::ir::{Expr, ExprKind, OperationKind};
use crate::resolve::Resolved;
use crate::syntax::ast::{self, Assign, Query, StageKind};

pub(super) fn check(
    query: &Query,
    resolved: &Resolved,
    statement: Span,
    mode: Mode,
    out: &mut Vec<Diagnostic>,
) {
    let mut maps = false;
    for (stage, assign) in assigns(query) {
        let name = assign.name.folded();
        if is_xdm(&name) {
            maps = true;
            path(assign, mode, out);
        } else if is_set_by_the_system(&name) {
            let message = format!("`{}` is set by the system", assign.name.text);
            out.push(graded(mode, codes::SYSTEM_FIELD, assign.name.span, message));
        } else if !read_later(query, stage, &name) {
            let message = format!("nothing reads `{}`", assign.name.text);
            let diagnostic = graded(mode, codes::UNUSED, assign.name.span, message);
            out.push(
                diagnostic.note("in a data-model rule a field that reaches no `xdm.*` field is an error"),
            );
        }
    }
    if !maps && query.stages.iter().all(|stage| !matches!(stage.kind, StageKind::Error | StageKind::Call(_)))
    {
        let message = "this statement assigns no field of the data model".to_owned();
        out.push(Diagnostic::warning(codes::EMPTY, statement, message));
    }
    types(resolved, mode, out);
    constants(resolved, out);
}

/// The assignments with the index of their stage.
fn assigns(query: &Query) -> impl Iterator<Item = (usize, &Assign)> {
    query.stages.iter().enumerate().flat_map(|(index, stage)| {
        let list = match &stage.kind {
            StageKind::Alter(assigns) => assigns.as_slice(),
            _ => &[],
        };
        list.iter().map(move |assign| (index, assign))
    })
}

fn path(assign: &Assign, mode: Mode, out: &mut Vec<Diagnostic>) {
    let name = &assign.name;
    let xdm = Xdm::builtin();
    match xdm.field(&name.text).map(|field| &field.kind) {
        Some(XdmKind::Leaf { .. }) => {}
        Some(XdmKind::Container) => {
            let message = format!("`{}` holds further fields and has no value of its own", name.text);
            out.push(Diagnostic::error(codes::XDM_PATH, name.span, message));
        }
        Some(XdmKind::Internal) => {
            let message = format!("`{}` is not part of the event model", name.text);
            out.push(Diagnostic::error(codes::XDM_PATH, name.span, message));
        }
        None => {
            let message = format!("the data model has no field `{}`", name.text);
            let mut diagnostic = graded(mode, codes::XDM_PATH, name.span, message);
            if let Some(near) = xdm.nearest(&name.text) {
                diagnostic = diagnostic.help(format!("did the author mean `{near}`?"));
            }
            out.push(diagnostic);
        }
    }
}

fn is_set_by_the_system(name: &str) -> bool {
    Catalog::builtin().is_system_field(name)
}

/// Whether a later stage reads a field, or an assignment of the same stage does, which then sees the new value.
fn read_later(query: &Query, stage: usize, name: &str) -> bool {
    let mut found = false;
    for later in &query.stages[stage..] {
        places::expressions(later, &mut |expr| {
            found |= matches!(&expr.kind, ast::ExprKind::Name(read) if read.eq_ignore_ascii_case(name));
        });
    }
    found
}

/// Values that need more than the obvious to become the type of their field.
fn types(resolved: &Resolved, mode: Mode, out: &mut Vec<Diagnostic>) {
    for operation in &resolved.plan.operations {
        let OperationKind::Assign(assigns) = &operation.kind else { continue };
        for (name, value) in assigns {
            let Some(wanted) = Xdm::builtin().field(name).and_then(|field| field.ty()) else { continue };
            let found = uncast(value);
            if fits(found, wanted) {
                continue;
            }
            let message = format!("`{name}` is {wanted}, found {}", found.ty);
            let mut diagnostic = graded(mode, codes::XDM_TYPE, found.span, message);
            if let Some(help) = conversion(&found.ty, wanted) {
                diagnostic = diagnostic.help(help);
            }
            out.push(diagnostic);
        }
    }
}

/// The value before the conversion that the resolver put around it.
fn uncast(value: &Expr) -> &Expr {
    match &value.kind {
        ExprKind::Call { function, arguments } if function == CAST => arguments.first().unwrap_or(value),
        _ => value,
    }
}

fn fits(found: &Expr, wanted: &Type) -> bool {
    match (&found.ty, wanted) {
        (Type::Null | Type::Any, _) => true,
        (Type::Array(found), Type::Array(wanted)) => {
            matches!(**found, Type::Any | Type::Null) || found == wanted
        }
        (Type::Json, Type::String) => true,
        (found, wanted) => found == wanted,
    }
}

fn conversion(found: &Type, wanted: &Type) -> Option<&'static str> {
    Some(match (found, wanted) {
        (Type::Array(_), Type::Array(_)) => return None,
        (_, Type::Array(_)) => "write `arraycreate(…)` around it",
        (Type::Array(_), _) => {
            "take one element with `arrayindex(…, 0)` or join them with `arraystring(…, \",\")`"
        }
        (_, Type::String) => "write `to_string(…)` around it",
        (_, Type::Int) => "write `to_integer(…)` around it",
        (_, Type::Float) => "write `to_number(…)` around it",
        (_, Type::Bool) => "write `to_boolean(…)` around it",
        _ => return None,
    })
}

/// Constants that the data model does not have.
pub(super) fn constants(resolved: &Resolved, out: &mut Vec<Diagnostic>) {
    for fact in &resolved.facts {
        let FactKind::UnknownXdmConstant { name, nearest } = &fact.kind else { continue };
        let message = format!("the data model has no constant `{name}`");
        let mut diagnostic = Diagnostic::warning(codes::CONSTANT, fact.span, message);
        if let Some(near) = nearest {
            diagnostic = diagnostic.help(format!("did the author mean `XDM_CONST.{near}`?"));
        }
        out.push(diagnostic);
    }
}
