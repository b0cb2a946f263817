//! Functions: names, arity and result types, from the table in [`crate::signatures`].

use atalanta_diag::Span;
use atalanta_schema::Type;

use super::Resolver;
use super::expr::{call, clash, mismatch, null};
use crate::facts::{FactKind, Usage};
use crate::ir::{Expr, ExprKind};
use crate::signatures::{self, Kind, ParamType, Returns, Signature};
use crate::syntax::ast;

/// `regextract` gives an array, yet rules pass it where a text is wanted: the first match stands for it (`XQL.md` O-5).
pub const FIRST_MATCH_AS_TEXT: bool = true;

/// A division by zero fails in strict mode, and is null in the dialect.
pub const STRICT_DIVISION_FAILS: bool = true;

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
        if signature.name == "hierarchy_match" {
            return self.hierarchy_match(arguments, span);
        }
        let mut resolved = self.arguments(signature, arguments);
        if let Some(part) = extra {
            let kind = ExprKind::String(part.to_owned());
            resolved.push(Expr { kind, ty: Type::String, span: function.span });
        }
        self.check_arity(signature, resolved.len(), span);
        self.check_types(signature, &mut resolved);
        if let Some((index, reason)) = crate::literals::problem(signature.name, &resolved) {
            self.fact(FactKind::BadLiteral { reason }, resolved[index].span);
        }
        if signature.name == "string_count" && !self.plan.case_sensitive {
            let fold = |text: Expr| {
                let span = text.span;
                call("fold_case", vec![text], Type::String, span)
            };
            resolved = resolved.into_iter().map(fold).collect();
        }
        let types: Vec<Type> = resolved.iter().map(|argument| argument.ty.clone()).collect();
        let ty = signature.result(&types);
        let function = match signature.name {
            "divide" if STRICT_DIVISION_FAILS && self.strict() => "divide_or_fail",
            name => name,
        };
        call(function, resolved, ty, span)
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
        let mut resolved = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            if index == 0 || signature.kind != Kind::Lambda {
                let value = self.expr(argument);
                resolved.push(self.array_of_text(signature, index, value));
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

    /// In rules, text where an array is needed is the JSON text of one: events bring their arrays so.
    fn array_of_text(&self, signature: &Signature, index: usize, value: Expr) -> Expr {
        let wanted = matches!(signature.param(index), Some(ParamType::Array | ParamType::StringArray));
        if !self.env.rules || !wanted || value.ty != Type::String {
            return value;
        }
        let span = value.span;
        let root = super::expr::string("$", span);
        call("json_extract_scalar_array", vec![value, root], Type::array(Type::String), span)
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

    /// Records arguments of a type that does not fit. A function that needs a text takes the first match of
    /// `regextract`, which is an array.
    fn check_types(&mut self, signature: &Signature, arguments: &mut [Expr]) {
        for (index, argument) in arguments.iter_mut().enumerate() {
            let Some(param) = signature.param(index) else { break };
            let place = format!("argument {} of {}", index + 1, signature.name);
            if let Some(expected) = refused(signature.name, index, &argument.ty) {
                self.fact(clash(&place, expected, argument.ty.clone()), argument.span);
                continue;
            }
            let is_text = argument.ty == Type::Json && param == ParamType::String;
            if is_text || param.accepts(&argument.ty) {
                continue;
            }
            let matches =
                matches!(&argument.kind, ExprKind::Call { function, .. } if function == "regextract");
            let first_match = FIRST_MATCH_AS_TEXT && matches && param == ParamType::String;
            let found = argument.ty.clone();
            let kind = if first_match || param.converts(&found) {
                mismatch(&place, param.words(), found)
            } else {
                clash(&place, param.words(), found)
            };
            self.fact(kind, argument.span);
            if first_match {
                let span = argument.span;
                let first = Expr { kind: ExprKind::Int(0), ty: Type::Int, span };
                *argument = call("arrayindex", vec![argument.clone(), first], Type::String, span);
            }
        }
        if matches!(signature.returns, Returns::Common | Returns::ArrayOfCommon) {
            self.check_common(signature, arguments);
        }
    }

    /// Records the first argument whose type has nothing in common with those before it.
    fn check_common(&mut self, signature: &Signature, arguments: &[Expr]) {
        let mut common = Type::Null;
        for (index, argument) in arguments.iter().enumerate() {
            match Type::common(&common, &argument.ty) {
                Some(both) => common = both,
                None => {
                    let place = format!("argument {} of {}", index + 1, signature.name);
                    let (expected, found) = (common.to_string(), argument.ty.clone());
                    let fact = if signature.name == "coalesce" { mismatch } else { clash };
                    self.fact(fact(&place, &expected, found), argument.span);
                    return;
                }
            }
        }
    }

    /// `hierarchy_match([segments] [, id])` tests two columns that it does not name: a lone text is the id.
    fn hierarchy_match(&mut self, arguments: &[ast::Expr], span: Span) -> Expr {
        let mut resolved: Vec<Expr> = arguments.iter().map(|argument| self.expr(argument)).collect();
        if resolved.is_empty() {
            return Expr { kind: ExprKind::Bool(true), ty: Type::Bool, span };
        }
        if resolved.len() > 2 {
            let (function, expected) = ("hierarchy_match".to_owned(), "0 to 2".to_owned());
            self.fact(FactKind::Arity { function, expected, given: resolved.len() }, span);
        }
        let lone_id = resolved.len() == 1 && resolved[0].ty == Type::String;
        let segments = if lone_id { null(span) } else { resolved.remove(0) };
        if !ParamType::StringArray.accepts(&segments.ty) {
            let place = "argument 1 of hierarchy_match";
            self.fact(mismatch(place, "an array of strings", segments.ty.clone()), segments.span);
        }
        let id = if resolved.is_empty() { null(span) } else { resolved.remove(0) };
        let path = self.field_expr("xdm.asset.hierarchy.path", span, Usage::Computed);
        let id_path = self.field_expr("xdm.asset.hierarchy.id_path", span, Usage::Computed);
        call("hierarchy_test", vec![segments, id, path, id_path], Type::Bool, span)
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

/// What an argument must be where its parameter takes values of several types, but none of this one.
fn refused(function: &str, index: usize, ty: &Type) -> Option<&'static str> {
    match (function, ty) {
        ("len", Type::Timestamp) => Some("a string or an array"),
        ("to_boolean" | "to_integer", Type::Timestamp | Type::Array(_)) => {
            Some("a string, a number or a boolean")
        }
        ("to_number", Type::Bool | Type::Timestamp | Type::Array(_)) => Some("a string or a number"),
        ("object_create", Type::Timestamp | Type::Array(_)) if index.is_multiple_of(2) => Some("a string"),
        ("object_merge", Type::Array(_)) => Some("an object"),
        _ => None,
    }
}
