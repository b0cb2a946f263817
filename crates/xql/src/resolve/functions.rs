//! Functions: names, arity and result types, from the table in [`crate::signatures`].

use atalanta_diag::Span;
use atalanta_schema::Type;

use super::Resolver;
use crate::facts::{FactKind, Usage};
use crate::ir::{Expr, ExprKind};
use crate::signatures::{self, Kind, Signature};
use crate::syntax::ast;

impl Resolver<'_> {
    pub(super) fn call(&mut self, function: &ast::Name, arguments: &[ast::Expr], span: Span) -> Expr {
        let written = function.folded();
        let Some((signature, extra)) = self.signature(&written, function.span) else {
            for argument in arguments {
                self.expr(argument);
            }
            return Expr { kind: ExprKind::Null, ty: Type::Any, span };
        };
        if matches!(signature.kind, Kind::Aggregate | Kind::Window) {
            let kind = FactKind::AggregateMisplaced { function: written, expected_aggregate: false };
            self.fact(kind, function.span);
            return Expr { kind: ExprKind::Null, ty: Type::Any, span };
        }
        let mut resolved = self.arguments(signature, arguments);
        if let Some(part) = extra {
            let kind = ExprKind::String(part.to_owned());
            resolved.push(Expr { kind, ty: Type::String, span: function.span });
        }
        self.check_arity(signature, resolved.len(), span);
        let types: Vec<Type> = resolved.iter().map(|argument| argument.ty.clone()).collect();
        let ty = signature.result(&types);
        Expr { kind: ExprKind::Call { function: signature.name.to_owned(), arguments: resolved }, ty, span }
    }

    /// Finds a function by its XQL or runbook name; the latter may stand for an extra argument.
    fn signature(&mut self, name: &str, span: Span) -> Option<(&'static Signature, Option<&'static str>)> {
        if let Some(signature) = signatures::find(name) {
            return Some((signature, None));
        }
        if let Some(dialect) = signatures::dialect(name) {
            let standard = dialect.standard.to_owned();
            self.fact(FactKind::DialectFunction { name: name.to_owned(), standard }, span);
            return signatures::find(dialect.standard).map(|signature| (signature, dialect.extra));
        }
        let nearest = signatures::nearest(name).map(ToOwned::to_owned);
        self.fact(FactKind::UnknownFunction { name: name.to_owned(), nearest }, span);
        None
    }

    fn arguments(&mut self, signature: &Signature, arguments: &[ast::Expr]) -> Vec<Expr> {
        if signature.kind != Kind::Lambda {
            return arguments.iter().map(|argument| self.expr(argument)).collect();
        }
        let mut resolved = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            if index == 0 {
                resolved.push(self.expr(argument));
                continue;
            }
            let element = match resolved.first().map(|array: &Expr| &array.ty) {
                Some(Type::Array(element)) => (**element).clone(),
                _ => Type::Any,
            };
            let outer = self.scope.element.replace(element);
            resolved.push(self.expr(argument));
            self.scope.element = outer;
        }
        resolved
    }

    fn check_arity(&mut self, signature: &Signature, given: usize, span: Span) {
        let required = signature.params.iter().filter(|param| !param.optional).count();
        let most = if signature.variadic.is_some() { usize::MAX } else { signature.params.len() };
        if (required..=most).contains(&given) {
            return;
        }
        let expected = match (required, most) {
            (required, usize::MAX) => format!("at least {required}"),
            (required, most) if required == most => required.to_string(),
            (required, most) => format!("{required} to {most}"),
        };
        let kind = FactKind::Arity { function: signature.name.to_owned(), expected, given };
        self.fact(kind, span);
    }

    /// An aggregate's or window function's signature; records a fact if it is something else.
    pub(super) fn aggregate_signature(
        &mut self,
        name: &ast::Name,
        window: bool,
    ) -> Option<&'static Signature> {
        let (signature, _) = self.signature(&name.folded(), name.span)?;
        let fits = signature.kind == Kind::Aggregate || window && signature.kind == Kind::Window;
        if fits {
            return Some(signature);
        }
        let function = signature.name.to_owned();
        self.fact(FactKind::AggregateMisplaced { function, expected_aggregate: true }, name.span);
        None
    }

    /// The argument of an aggregate: usually a field.
    pub(super) fn aggregate_argument(&mut self, argument: &ast::Expr) -> Expr {
        match &argument.unparen().kind {
            ast::ExprKind::Name(name) => self.field_expr(name, argument.span, Usage::Computed),
            _ => self.expr(argument),
        }
    }
}
