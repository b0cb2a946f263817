//! Statements of rules files resolved against the row they see.

use atalanta_diag::Span;
use atalanta_schema::{Type, Xdm, XdmField};

use crate::env::Env;
use crate::ir::{Expr, ExprKind, OperationKind, Row};
use crate::resolve::{Resolved, resolve_statement};
use crate::syntax::ast::Query;

/// The function that brings a value to the type of its XDM field: `xdm_cast(value, "int array")`. Texts of numbers
/// become numbers, single values of array fields arrays of one; an array stays an array even where the field
/// holds one value, and nulls in arrays are left out.
pub const CAST: &str = "xdm_cast";

/// The prefix of the data model's fields.
pub const XDM_PREFIX: &str = "xdm.";

/// Resolves a statement of a parsing rule over rows of a given type.
pub fn rule_statement(query: &Query, row: Row, env: &Env) -> Resolved {
    let env = Env { rules: true, ..env.clone() };
    resolve_statement(query, row, &env)
}

/// Resolves a statement of a data-model rule: assignments to `xdm.*` get the catalogue's spelling and type.
pub fn model_statement(query: &Query, row: Row, env: &Env) -> Resolved {
    let mut resolved = rule_statement(query, row, env);
    for operation in &mut resolved.plan.operations {
        if let OperationKind::Assign(assigns) = &mut operation.kind {
            for (name, value) in assigns.iter_mut().filter(|(name, _)| is_xdm(name)) {
                name.make_ascii_lowercase();
                if let Some(ty) = Xdm::builtin().field(name).and_then(XdmField::ty) {
                    cast(value, ty);
                }
            }
        }
    }
    resolved
}

/// Whether a column is one of the data model, by its name.
pub fn is_xdm(name: &str) -> bool {
    name.get(..XDM_PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(XDM_PREFIX))
}

fn cast(value: &mut Expr, ty: &Type) {
    let span = value.span;
    let result = match (&value.ty, ty) {
        (found, wanted) if found == wanted && !matches!(wanted, Type::Array(_)) => return,
        (Type::Any, _) => Type::Any,
        (Type::Array(_), Type::Array(_)) => ty.clone(),
        (Type::Array(_), single) => Type::array(single.clone()),
        _ => ty.clone(),
    };
    let inner =
        std::mem::replace(value, Expr { kind: ExprKind::Null, ty: Type::Null, span: Span::default() });
    let word = Expr { kind: ExprKind::String(ty.to_string()), ty: Type::String, span };
    let kind = ExprKind::Call { function: CAST.to_owned(), arguments: vec![inner, word] };
    *value = Expr { kind, ty: result, span };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Column;
    use crate::syntax::rules::parse_rules;

    fn assigned(text: &str) -> Vec<(String, Type)> {
        let file = parse_rules(&format!("[MODEL: dataset = x] {text};"));
        let column =
            |name: &str, ty| Column { name: name.to_owned(), ty, field: None, system: false, empty: false };
        let row = Row::new([column("n", Type::Int), column("s", Type::String)], false);
        let resolved = model_statement(&file.sections[0].statements[0], row, &Env::default());
        let mut out = Vec::new();
        for operation in resolved.plan.operations {
            if let OperationKind::Assign(assigns) = operation.kind {
                out.extend(assigns.into_iter().map(|(name, value)| (name, value.ty)));
            }
        }
        out
    }

    #[test]
    fn targets_have_the_catalogues_names_and_types() {
        let one = |name: &str, ty| vec![(name.to_owned(), ty)];
        assert_eq!(assigned("alter XDM.Source.Port = s"), one("xdm.source.port", Type::Int));
        assert_eq!(assigned("alter xdm.event.id = n"), one("xdm.event.id", Type::String));
        let texts = Type::array(Type::String);
        assert_eq!(
            assigned("alter xdm.source.host.ipv4_addresses = s"),
            one("xdm.source.host.ipv4_addresses", texts.clone())
        );
        assert_eq!(assigned("alter xdm.event.id = arraycreate(s)"), one("xdm.event.id", texts));
        assert_eq!(assigned("alter xdm.no.such = n"), one("xdm.no.such", Type::Int));
        assert_eq!(assigned("alter tmp = n"), one("tmp", Type::Int));
    }

    #[test]
    fn constants_have_the_value_that_results_show() {
        let file = parse_rules("[MODEL: dataset = x] alter xdm.event.outcome = XDM_CONST.OUTCOME_SUCCESS;");
        let row = Row::default();
        let resolved = model_statement(&file.sections[0].statements[0], row, &Env::default());
        let OperationKind::Assign(assigns) = &resolved.plan.operations[1].kind else { panic!() };
        assert_eq!(assigns[0].1.kind, ExprKind::String("SUCCESS".to_owned()));
    }
}
