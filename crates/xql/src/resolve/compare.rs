//! Comparisons: wildcards, enums, null tests, membership, substring and regex tests.
//!
//! Null logic is that of `XQL.md` section 1.6: `!=` and `not in` are true for a null on the left, everything
//! else is unknown.

use atalanta_diag::Span;
use atalanta_schema::{Enum, Field, Type};

use super::Resolver;
use super::expr::{boolean, call, clash, mismatch, null, string};
use crate::distance::distance;
use crate::facts::FactKind;
use crate::ir::{Comparison, Expr, ExprKind, Pattern};
use crate::literals;
use crate::syntax::ast::{self, Literal, Operator};

/// The column that holds the highest known protocol and the one that holds the transport below it.
const PROTOCOL: &str = "action_network_protocol";
const TRANSPORT: &str = "network_transport";

/// In strict mode a list that holds anything but literals is left as it is while the left side is folded, as documented
/// for the product; the dialect folds both sides.
pub const STRICT_FOLDS_LEFT_ONLY: bool = true;

impl Resolver<'_> {
    pub(super) fn comparison(
        &mut self,
        operator: Operator,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Expr {
        let Some(comparison) = comparison_of(operator) else { return null(span) };
        if let Some(test) = self.null_test(comparison, left, right, span) {
            return test;
        }
        let value = self.expr(left);
        if let Some(field) = self.catalog_field(&value)
            && let Some(list) = self.catalog.enum_of(field)
            && let Some(test) = self.enum_test(&value, field, list, right, span)
        {
            return Self::signed(comparison, &value, test, span);
        }
        if let (Comparison::Eq | Comparison::Ne, Some(text)) = (comparison, self.string_operand(right)) {
            let test = self.string_test(&value, &text, right.span, span);
            return Self::signed(comparison, &value, test, span);
        }
        let other = self.expr(right);
        self.plain(comparison, value, other, span)
    }

    /// The text of a string literal that is not `@element`.
    fn string_operand(&self, expr: &ast::Expr) -> Option<String> {
        let text = expr.as_str()?;
        (self.scope.element.is_none() || text != "@element").then(|| text.to_owned())
    }

    /// `x = null` and `x != null`.
    fn null_test(
        &mut self,
        comparison: Comparison,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let is_null = |expr: &ast::Expr| matches!(expr.unparen().kind, ast::ExprKind::Literal(Literal::Null));
        if !is_null(right) {
            return None;
        }
        let value = Box::new(self.expr(left));
        let test = boolean(ExprKind::IsNull(value), span);
        match comparison {
            Comparison::Eq => Some(test),
            Comparison::Ne => Some(boolean(ExprKind::Not(Box::new(test)), span)),
            _ => Some(Expr { ty: Type::Bool, ..null(span) }),
        }
    }

    /// A positive test made into `=` or the null-safe `!=`.
    fn signed(comparison: Comparison, value: &Expr, test: Expr, span: Span) -> Expr {
        if comparison != Comparison::Ne {
            return test;
        }
        let unset = boolean(ExprKind::IsNull(Box::new(value.clone())), span);
        let differs = boolean(ExprKind::Not(Box::new(test)), span);
        boolean(ExprKind::Or(vec![unset, differs]), span)
    }

    /// A comparison of a value-list column with a constant, a string or a number.
    fn enum_test(
        &mut self,
        value: &Expr,
        field: &Field,
        list: &Enum,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let (written, quoted) = match &right.unparen().kind {
            ast::ExprKind::Name(name) if list.value(name).is_some() || !self.is_column(name) => {
                (name.clone(), false)
            }
            ast::ExprKind::Constant { name, .. } => (name.text.clone(), false),
            ast::ExprKind::Literal(Literal::String { value, .. }) if !value.contains('*') => {
                (value.clone(), true)
            }
            ast::ExprKind::Literal(Literal::Int(number)) => (number.to_string(), false),
            _ => return None,
        };
        let name = self.enum_value(field, list, &written, quoted, right.span);
        let test = equals(value.clone(), &name, false, span);
        if field.name == PROTOCOL && matches!(name.as_str(), "TCP" | "UDP") {
            return Some(self.with_transport(test, &name, span));
        }
        Some(test)
    }

    /// The stored spelling of a value; records what Cortex would not accept.
    pub(super) fn enum_value(
        &mut self,
        field: &Field,
        list: &Enum,
        written: &str,
        quoted: bool,
        span: Span,
    ) -> String {
        let field_name = field.name.clone();
        let Some(found) = list.value(written) else {
            let folded = written.trim_start_matches("ENUM.");
            if list.closed || !quoted {
                let known = known_values(list, folded);
                let value = written.to_owned();
                self.fact(FactKind::UnknownEnumValue { field: field_name, value, known }, span);
            }
            return folded.to_owned();
        };
        let value = written.to_owned();
        let any_cortex = list.values.iter().any(|value| value.cortex);
        if !found.cortex && any_cortex && found.cortex_equivalent.is_none() {
            let cortex = list.values.iter().filter(|value| value.cortex);
            let cortex = cortex.map(|value| value.name.clone()).collect();
            self.fact(FactKind::ForeignEnumValue { field: field_name, value, cortex }, span);
        } else if quoted && any_cortex {
            self.fact(FactKind::EnumAsString { field: field_name, value }, span);
        }
        found.name.clone()
    }

    /// `= "TCP"` also holds for a row whose highest known protocol is HTTP but whose transport is TCP.
    fn with_transport(&self, test: Expr, name: &str, span: Span) -> Expr {
        let Some(column) = self.scope.row.find(TRANSPORT) else { return test };
        let transport = super::scope::column_expr(column, span);
        let below = equals(transport, &name.to_lowercase(), false, span);
        boolean(ExprKind::Or(vec![test, below]), span)
    }

    /// A test of a value against a string literal, by the value's type.
    fn string_test(&mut self, value: &Expr, text: &str, at: Span, span: Span) -> Expr {
        match &value.ty {
            Type::Int | Type::Float => {
                self.fact(mismatch("a comparison", &value.ty.to_string(), Type::String), at);
                let Ok(number) = text.trim().parse::<f64>() else {
                    let shown = call("to_string", vec![value.clone()], Type::String, span);
                    return self.pattern_test(shown, text, span);
                };
                let right = Expr { kind: ExprKind::Float(number), ty: Type::Float, span: at };
                compare(Comparison::Eq, value.clone(), right, span)
            }
            Type::Bool => {
                self.fact(mismatch("a comparison", "boolean", Type::String), at);
                let shown = call("to_string", vec![value.clone()], Type::String, span);
                self.pattern_test(shown, text, span)
            }
            Type::Timestamp => compare(Comparison::Eq, value.clone(), timestamp(text, at), span),
            _ => self.pattern_test(value.clone(), text, span),
        }
    }

    fn pattern_test(&self, value: Expr, text: &str, span: Span) -> Expr {
        let pattern = if text.contains('*') {
            Pattern::Wildcard(text.to_owned())
        } else {
            Pattern::Equals(text.to_owned())
        };
        let fold = !self.plan.case_sensitive;
        boolean(ExprKind::Matches { value: Box::new(value), pattern, fold }, span)
    }

    /// A comparison of two values, converted to a common type where that is safe.
    fn plain(&mut self, operator: Comparison, left: Expr, right: Expr, span: Span) -> Expr {
        let textual = |ty: &Type| matches!(ty, Type::String | Type::Json);
        let (left, right) = match (&left.ty, &right.ty) {
            (ty, Type::Timestamp) if textual(ty) => {
                let at = left.span;
                let left = match &left.kind {
                    ExprKind::String(text) => timestamp(text, at),
                    _ => left,
                };
                (left, right)
            }
            (Type::Timestamp, ty) if textual(ty) => {
                let at = right.span;
                let right = match &right.kind {
                    ExprKind::String(text) => timestamp(text, at),
                    _ => right,
                };
                (left, right)
            }
            (ty, other) if textual(ty) && other.is_numeric() => {
                self.fact(mismatch("a comparison", "string", other.clone()), right.span);
                (call("to_number", vec![left], Type::Float, span), right)
            }
            (ty, other) if ty.is_numeric() && textual(other) => {
                self.fact(mismatch("a comparison", &ty.to_string(), other.clone()), right.span);
                let at = right.span;
                (left, call("to_number", vec![right], Type::Float, at))
            }
            (ty, Type::Bool) if textual(ty) => {
                self.fact(mismatch("a comparison", "string", Type::Bool), right.span);
                (call("to_boolean", vec![left], Type::Bool, span), right)
            }
            _ => (left, right),
        };
        self.check_comparable("a comparison", &left, &right);
        if operator == Comparison::Ne && left.ty.element().is_some() && right.ty.element().is_none() {
            // Of an array no element may be the value, so that one other element is not enough.
            let alone = |unset: &Expr, set: &Expr| {
                let is_null = |side: &Expr| boolean(ExprKind::IsNull(Box::new(side.clone())), span);
                let known = boolean(ExprKind::Not(Box::new(is_null(set))), span);
                boolean(ExprKind::And(vec![is_null(unset), known]), span)
            };
            let sides = [alone(&left, &right), alone(&right, &left)];
            let equal = compare(Comparison::Eq, left, right, span);
            let differs = boolean(ExprKind::Not(Box::new(equal)), span);
            return boolean(ExprKind::Or(sides.into_iter().chain([differs]).collect()), span);
        }
        compare(operator, left, right, span)
    }

    /// Records a comparison of two types that have no value in common. An array on the left is compared by its
    /// elements.
    fn check_comparable(&mut self, place: &str, left: &Expr, right: &Expr) {
        let element = left.ty.element().filter(|_| right.ty.element().is_none());
        let left_type = element.unwrap_or(&left.ty);
        if comparable(left_type, &right.ty) {
            return;
        }
        let expected = left_type.to_string();
        self.fact(clash(place, &expected, right.ty.clone()), right.span);
    }

    pub(super) fn membership(
        &mut self,
        negated: bool,
        left: &ast::Expr,
        list: &[ast::Expr],
        span: Span,
    ) -> Expr {
        let value = self.expr(left);
        let field = self.catalog_field(&value);
        let values = field.and_then(|field| self.catalog.enum_of(field).map(|list| (field, list)));
        let mut items: Vec<Expr> = Vec::with_capacity(list.len());
        for item in list {
            let constant = self.xdm_operand(left, item);
            let item = constant.as_ref().unwrap_or(item);
            items.push(match values {
                Some((field, list)) => self.enum_item(field, list, item),
                None => self.list_item(&value, item),
            });
        }
        let literal = |item: &Expr| !matches!(item.kind, ExprKind::Column(_) | ExprKind::Call { .. });
        let ignores_case = !self.plan.case_sensitive && values.is_none();
        let left_only = STRICT_FOLDS_LEFT_ONLY && self.strict() && !items.iter().all(literal);
        let value = if ignores_case && left_only && value.ty == Type::String {
            call("lowercase", vec![value], Type::String, span)
        } else {
            value
        };
        let fold = ignores_case && !left_only;
        boolean(ExprKind::In { value: Box::new(value), list: items, negated, fold }, span)
    }

    fn enum_item(&mut self, field: &Field, list: &Enum, item: &ast::Expr) -> Expr {
        let (written, quoted) = match &item.unparen().kind {
            ast::ExprKind::Name(name) if list.value(name).is_some() || !self.is_column(name) => {
                (name.clone(), false)
            }
            ast::ExprKind::Constant { name, .. } => (name.text.clone(), false),
            ast::ExprKind::Literal(Literal::String { value, .. }) if !value.contains('*') => {
                (value.clone(), true)
            }
            ast::ExprKind::Literal(Literal::Int(number)) => (number.to_string(), false),
            _ => return self.expr(item),
        };
        let name = self.enum_value(field, list, &written, quoted, item.span);
        string(&name, item.span)
    }

    fn list_item(&mut self, value: &Expr, item: &ast::Expr) -> Expr {
        let resolved = self.expr(item);
        let number = match &resolved.kind {
            ExprKind::String(text) if value.ty.is_numeric() => text.trim().parse::<f64>().ok(),
            _ => None,
        };
        if let Some(number) = number {
            self.fact(mismatch("a list", &value.ty.to_string(), Type::String), item.span);
            return Expr { kind: ExprKind::Float(number), ty: Type::Float, span: item.span };
        }
        if let (Type::Timestamp, ExprKind::String(text)) = (&value.ty, &resolved.kind) {
            return timestamp(text, item.span);
        }
        if value.ty == Type::String && resolved.ty.is_numeric() {
            self.fact(mismatch("a list", "string", resolved.ty.clone()), item.span);
            let text = match resolved.kind {
                ExprKind::Int(number) => number.to_string(),
                ExprKind::Float(number) => number.to_string(),
                _ => return resolved,
            };
            return string(&text, item.span);
        }
        let read_as_text = value.ty.is_numeric() || value.ty == Type::Bool;
        match (&value.ty, &resolved.ty) {
            (ty, Type::String) if read_as_text => {
                self.fact(mismatch("a list", &ty.to_string(), Type::String), item.span);
            }
            (Type::String | Type::Json, Type::Int | Type::Float | Type::Bool) => {}
            _ => self.check_comparable("a list", value, &resolved),
        }
        resolved
    }

    pub(super) fn contains(&mut self, left: &ast::Expr, right: &ast::Expr, span: Span) -> Expr {
        let value = self.expr(left);
        let value = match value.ty {
            Type::Int | Type::Float | Type::Bool | Type::Timestamp => {
                call("to_string", vec![value], Type::String, span)
            }
            _ => value,
        };
        let fold = !self.plan.case_sensitive;
        let needle = match self.expr(right) {
            Expr { kind: ExprKind::String(text), .. } => text,
            Expr { kind: ExprKind::Int(number), .. } => number.to_string(),
            other => {
                let fold = boolean(ExprKind::Bool(fold), span);
                return call("contains", vec![value, other, fold], Type::Bool, span);
            }
        };
        let pattern = Pattern::Contains(needle);
        boolean(ExprKind::Matches { value: Box::new(value), pattern, fold }, span)
    }

    pub(super) fn regex(&mut self, left: &ast::Expr, right: &ast::Expr, span: Span) -> Expr {
        let value = self.expr(left);
        let pattern = match self.expr(right) {
            Expr { kind: ExprKind::String(text), .. } => crate::re2::to_rust(&text).into_owned(),
            other => return call("regex_match", vec![value, other], Type::Bool, span),
        };
        if let Some(reason) = literals::regex_problem(&pattern) {
            self.fact(FactKind::BadRegex { reason }, right.span);
        }
        let pattern = Pattern::Regex(pattern);
        boolean(ExprKind::Matches { value: Box::new(value), pattern, fold: false }, span)
    }

    /// SQL's `like` as runbooks use it: `%` is any run, `_` is literal.
    pub(super) fn like(&mut self, left: &ast::Expr, right: &ast::Expr, span: Span) -> Expr {
        let value = self.expr(left);
        let fold = !self.plan.case_sensitive;
        let text = match self.expr(right) {
            Expr { kind: ExprKind::String(text), .. } => text,
            other => {
                let fold = boolean(ExprKind::Bool(fold), span);
                return call("like", vec![value, other, fold], Type::Bool, span);
            }
        };
        let pattern = like_pattern(&text, fold);
        boolean(ExprKind::Matches { value: Box::new(value), pattern, fold }, span)
    }
}

/// The test that a `like` pattern means.
pub fn like_pattern(text: &str, fold: bool) -> Pattern {
    let inner = text.trim_matches('%');
    let plain = !inner.contains('%');
    if plain && text.len() >= inner.len() + 2 && text.starts_with('%') && text.ends_with('%') {
        return Pattern::Contains(inner.to_owned());
    }
    if !text.contains('%') && !text.contains('*') {
        return Pattern::Equals(text.to_owned());
    }
    if !text.contains('*') {
        return Pattern::Wildcard(text.replace('%', "*"));
    }
    let parts: Vec<String> = text.split('%').map(regex_syntax::escape).collect();
    let flags = if fold { "(?is)" } else { "(?s)" };
    Pattern::Regex(format!("{flags}^{}$", parts.join(".*")))
}

/// Whether values of two types can be equal at all.
fn comparable(left: &Type, right: &Type) -> bool {
    let textual = |ty: &Type| matches!(ty, Type::String | Type::Json);
    let time = |ty: &Type| *ty == Type::Timestamp;
    let read_as = |text: &Type, other: &Type| textual(text) && (textual(other) || time(other));
    Type::common(left, right).is_some() || read_as(left, right) || read_as(right, left)
}

fn known_values(list: &Enum, written: &str) -> Vec<String> {
    let mut names: Vec<String> = list.values.iter().map(|value| value.name.clone()).collect();
    let written = written.to_lowercase();
    let apart = |name: &String| distance(&written, &name.to_lowercase(), usize::MAX);
    names.sort_by_cached_key(|name| apart(name).unwrap_or(usize::MAX));
    names
}

fn equals(value: Expr, text: &str, fold: bool, span: Span) -> Expr {
    let pattern = Pattern::Equals(text.to_owned());
    boolean(ExprKind::Matches { value: Box::new(value), pattern, fold }, span)
}

fn compare(operator: Comparison, left: Expr, right: Expr, span: Span) -> Expr {
    boolean(ExprKind::Compare { operator, left: Box::new(left), right: Box::new(right) }, span)
}

/// A timestamp written as text; the engine parses it when it plans.
fn timestamp(text: &str, span: Span) -> Expr {
    call("timestamp_text", vec![string(text, span)], Type::Timestamp, span)
}

fn comparison_of(operator: Operator) -> Option<Comparison> {
    Some(match operator {
        Operator::Eq => Comparison::Eq,
        Operator::Ne => Comparison::Ne,
        Operator::Lt => Comparison::Lt,
        Operator::Le => Comparison::Le,
        Operator::Gt => Comparison::Gt,
        Operator::Ge => Comparison::Ge,
        _ => return None,
    })
}
