//! Reads conditions that compare one field with literal texts, whatever operator they are written with.

use atalanta_diag::Span;

use crate::syntax::ast::{Expr, ExprKind, Operator};

/// `field = "…"`, `contains`, `like`, `in ("…")` and their negations, as wildcard patterns.
#[derive(Clone, Debug)]
pub(super) struct StringTest<'a> {
    /// The field as written.
    pub field: &'a str,
    /// Patterns of which one has to fit; `*` stands for any run of characters.
    pub patterns: Vec<String>,
    /// Places of the literals, one for each pattern.
    pub literals: Vec<Span>,
    /// Whether the test is negated.
    pub negated: bool,
    /// The whole test.
    pub span: Span,
}

/// The test that the expression makes, if it is one.
pub(super) fn read(expr: &Expr) -> Option<StringTest<'_>> {
    let inner = expr.unparen();
    match &inner.kind {
        ExprKind::Not(operand) => {
            let test = read(operand)?;
            Some(StringTest { negated: !test.negated, span: expr.span, ..test })
        }
        ExprKind::Binary { operator, negated, left, right, .. } => {
            let (field, value) = (left.as_name()?, right.as_str()?);
            let (pattern, negative) = pattern(*operator, value)?;
            Some(StringTest {
                field,
                patterns: vec![pattern],
                literals: vec![right.span],
                negated: *negated != negative,
                span: expr.span,
            })
        }
        ExprKind::In { negated, left, list, .. } => Some(StringTest {
            field: left.as_name()?,
            patterns: list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            literals: list.iter().map(|item| item.span).collect(),
            negated: *negated,
            span: expr.span,
        }),
        _ => None,
    }
}

fn pattern(operator: Operator, value: &str) -> Option<(String, bool)> {
    match operator {
        Operator::Eq => Some((value.to_owned(), false)),
        Operator::Ne => Some((value.to_owned(), true)),
        // A star is literal in these two; a wildcard pattern could not say so.
        Operator::Contains if !value.contains('*') => Some((format!("*{value}*"), false)),
        Operator::Like if !value.contains('*') => Some((value.replace('%', "*"), false)),
        _ => None,
    }
}

/// Whether a text can stand between double quotes as it is.
pub(super) fn quotable(text: &str) -> bool {
    !text.contains('"') && !text.ends_with('\\')
}

/// `field in ("a", "b")`, or `field = "a"` for a single pattern.
pub(super) fn write(field: &str, patterns: &[String]) -> String {
    let quoted: Vec<_> = patterns.iter().map(|pattern| format!("\"{pattern}\"")).collect();
    match quoted.as_slice() {
        [single] => format!("{field} = {single}"),
        _ => format!("{field} in ({})", quoted.join(", ")),
    }
}
