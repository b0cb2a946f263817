//! Expressions: names, literals, logic, arrows and calls.

use atalanta_diag::Span;
use atalanta_schema::{Type, XDM_CONST, Xdm};

use super::Resolver;
use crate::env::Mode;
use crate::facts::{FactKind, Usage};
use crate::ir::{Expr, ExprKind};
use crate::syntax::ast::{self, ArrowKind, Literal, Operator};

/// The text that stands for the current element in array functions.
const ELEMENT: &str = "@element";

impl Resolver<'_> {
    /// Resolves a value or condition.
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Expr {
        let span = expr.span;
        if let Some(test) = self.alias_test(expr) {
            return test;
        }
        match &expr.kind {
            ast::ExprKind::Literal(literal) => self.literal(literal, span),
            ast::ExprKind::Name(name) => self.field_expr(name, span, Usage::Computed),
            ast::ExprKind::Constant { prefix, name } => self.constant(prefix, name, span),
            ast::ExprKind::Parameter(name) => {
                if let Some(value) = self.env.constant(name) {
                    return self.literal(value, span);
                }
                let kind = FactKind::UnknownField { name: format!("${name}"), nearest: None, cortex: false };
                self.fact(kind, span);
                null(span)
            }
            ast::ExprKind::Call { function, arguments } => self.call(function, arguments, span),
            ast::ExprKind::Logic { and, operands } => {
                let operands = operands.iter().map(|operand| self.condition(operand)).collect();
                boolean(if *and { ExprKind::And(operands) } else { ExprKind::Or(operands) }, span)
            }
            ast::ExprKind::Not(inner) => {
                let inner = self.condition(inner);
                boolean(ExprKind::Not(Box::new(inner)), span)
            }
            ast::ExprKind::Binary { operator, negated, left, right, .. } => {
                self.binary(*operator, *negated, left, right, span)
            }
            ast::ExprKind::In { negated, left, list, .. } => self.membership(*negated, left, list, span),
            ast::ExprKind::InQuery { negated, left, query } => {
                let value = Box::new(self.expr(left));
                if matches!(value.ty, Type::Array(_)) {
                    let place = "the test of `in` with a sub-query";
                    self.fact(
                        clash(place, "one value (`arrayexpand` gives them)", value.ty.clone()),
                        left.span,
                    );
                }
                let query_span = query.span;
                let query = Box::new(self.subplan(query));
                self.one_column(&query, query_span);
                boolean(ExprKind::InQuery { value, query, negated: *negated }, span)
            }
            ast::ExprKind::Arrow { left, path, take } => self.arrow(left, path, *take, span),
            ast::ExprKind::PathArrow { left, path } => {
                let arguments = vec![self.expr(left), self.expr(path)];
                call("json_path_extract", arguments, Type::String, span)
            }
            ast::ExprKind::Paren(inner) => Expr { span, ..self.expr(inner) },
            ast::ExprKind::Missing => null(span),
        }
    }

    /// The sub-query of `in` delivers one column; system columns do not count.
    fn one_column(&mut self, plan: &crate::ir::Plan, span: Span) {
        let row = plan.row();
        let shown: Vec<&str> =
            row.columns.iter().filter(|column| !column.system).map(|column| column.name.as_str()).collect();
        if shown.len() > 1 && !row.open {
            let message = format!("the sub-query of `in` has {} columns", shown.len());
            let help = format!("end it with `fields {}`; the first column is taken", shown[0]);
            self.departure(crate::syntax::codes::EXPECTED, span, message, &help);
        }
    }

    /// Resolves a condition: a bare number is true when it is neither null nor zero.
    pub(super) fn condition(&mut self, expr: &ast::Expr) -> Expr {
        let resolved = self.expr(expr);
        match resolved.ty {
            Type::Bool | Type::Any => resolved,
            Type::Null => Expr { ty: Type::Bool, ..resolved },
            Type::Int | Type::Float => {
                let span = resolved.span;
                self.fact(mismatch("a condition", "boolean", resolved.ty.clone()), span);
                let zero = Box::new(Expr { kind: ExprKind::Int(0), ty: Type::Int, span });
                let operator = crate::ir::Comparison::Ne;
                let left = Box::new(resolved.clone());
                let differs = boolean(ExprKind::Compare { operator, left, right: zero }, span);
                let null_test = boolean(ExprKind::IsNull(Box::new(resolved)), span);
                let set = boolean(ExprKind::Not(Box::new(null_test)), span);
                boolean(ExprKind::And(vec![set, differs]), span)
            }
            ref other => {
                let kind = clash("a condition", "boolean", other.clone());
                self.fact(kind, resolved.span);
                resolved
            }
        }
    }

    fn literal(&mut self, literal: &Literal, span: Span) -> Expr {
        match literal {
            Literal::Null => null(span),
            Literal::Bool(value) => boolean(ExprKind::Bool(*value), span),
            Literal::Int(value) => Expr { kind: ExprKind::Int(*value), ty: Type::Int, span },
            Literal::Float(value) => Expr { kind: ExprKind::Float(*value), ty: Type::Float, span },
            Literal::String { value, .. } if value == ELEMENT && self.scope.element.is_some() => {
                let ty = self.scope.element.clone().unwrap_or(Type::Any);
                Expr { kind: ExprKind::Element, ty, span }
            }
            Literal::String { value, .. } => string(value, span),
        }
    }

    /// `XDM_CONST.OUTCOME_SUCCESS` is the text `SUCCESS`: events hold the value, the group is known from the field.
    fn constant(&mut self, prefix: &str, name: &ast::Name, span: Span) -> Expr {
        if prefix != XDM_CONST {
            return string(&name.text, span);
        }
        let xdm = Xdm::builtin();
        let Some(constant) = xdm.constant(&name.text) else {
            let nearest = xdm.nearest_constant(&name.text.to_uppercase());
            self.fact(FactKind::UnknownXdmConstant { name: name.text.clone(), nearest }, span);
            return string(&name.text, span);
        };
        if !constant.listed && !constant.group.open {
            let nearest = xdm.nearest_constant(&name.text.to_uppercase());
            self.fact(FactKind::UnknownXdmConstant { name: name.text.clone(), nearest }, span);
        }
        string(&constant.value, span)
    }

    fn arrow(&mut self, left: &ast::Expr, path: &str, take: ArrowKind, span: Span) -> Expr {
        let left = self.expr(left);
        let path = string(path, span);
        let (function, ty) = match take {
            ArrowKind::Scalar => ("json_extract_scalar", Type::String),
            ArrowKind::Object => ("json_extract", Type::Json),
            ArrowKind::Array => ("json_extract_array", Type::array(Type::String)),
        };
        call(function, vec![left, path], ty, span)
    }

    fn binary(
        &mut self,
        operator: Operator,
        negated: bool,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Expr {
        let constant = self.xdm_operand(left, right);
        let right = constant.as_ref().unwrap_or(right);
        let resolved = match operator {
            Operator::Add | Operator::Sub | Operator::Mul | Operator::Div | Operator::Rem => {
                return self.arithmetic(operator, left, right, span);
            }
            Operator::Contains => self.contains(left, right, span),
            Operator::Regex | Operator::NotRegex => self.regex(left, right, span),
            Operator::Like => self.like(left, right, span),
            Operator::InCidr | Operator::InCidr6 => {
                let value = Box::new(self.expr(left));
                let ranges = Box::new(self.expr(right));
                let v6 = operator == Operator::InCidr6;
                if let Some(reason) =
                    ranges.as_text().and_then(|text| crate::literals::range_problem(text, v6))
                {
                    self.fact(FactKind::BadLiteral { reason }, ranges.span);
                }
                boolean(ExprKind::InCidr { value, ranges, v6: operator == Operator::InCidr6 }, span)
            }
            comparison => return self.comparison(comparison, left, right, span),
        };
        if negated != (operator == Operator::NotRegex) {
            return boolean(ExprKind::Not(Box::new(resolved)), span);
        }
        resolved
    }

    /// `+` joins two strings; other infix arithmetic exists in the runbook dialect only.
    fn arithmetic(&mut self, operator: Operator, left: &ast::Expr, right: &ast::Expr, span: Span) -> Expr {
        let (left, right) = (self.expr(left), self.expr(right));
        let strings = left.ty == Type::String && right.ty == Type::String;
        if operator == Operator::Add && strings {
            return call("concat", vec![left, right], Type::String, span);
        }
        let (glyph, function) = match operator {
            Operator::Sub => ('-', "subtract"),
            Operator::Mul => ('*', "multiply"),
            Operator::Div => ('/', "divide"),
            Operator::Rem => ('%', "mod"),
            _ => ('+', "add"),
        };
        self.fact(FactKind::InfixArithmetic { function }, span);
        let float = operator == Operator::Div || left.ty == Type::Float || right.ty == Type::Float;
        let ty = if float { Type::Float } else { Type::Int };
        let (left, right) = (Box::new(left), Box::new(right));
        Expr { kind: ExprKind::Arithmetic { operator: glyph, left, right }, ty, span }
    }

    pub(super) fn strict(&self) -> bool {
        self.env.mode == Mode::Strict
    }
}

pub(super) fn mismatch(context: &str, expected: &str, found: Type) -> FactKind {
    FactKind::TypeMismatch { context: context.to_owned(), expected: expected.to_owned(), found, fatal: false }
}

/// As [`mismatch`], where no conversion makes the query run.
pub(super) fn clash(context: &str, expected: &str, found: Type) -> FactKind {
    FactKind::TypeMismatch { context: context.to_owned(), expected: expected.to_owned(), found, fatal: true }
}

pub(super) fn null(span: Span) -> Expr {
    Expr { kind: ExprKind::Null, ty: Type::Null, span }
}

pub(super) fn string(value: &str, span: Span) -> Expr {
    Expr { kind: ExprKind::String(value.to_owned()), ty: Type::String, span }
}

pub(super) fn boolean(kind: ExprKind, span: Span) -> Expr {
    Expr { kind, ty: Type::Bool, span }
}

pub(super) fn call(function: &str, arguments: Vec<Expr>, ty: Type, span: Span) -> Expr {
    Expr { kind: ExprKind::Call { function: function.to_owned(), arguments }, ty, span }
}
