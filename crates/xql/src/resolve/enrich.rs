//! Stages that add columns from outside of the row: `iploc`, `getrole`, `tag`.

use atalanta_schema::Type;

use super::Resolver;
use super::expr::{boolean, call, mismatch};
use crate::facts::Usage;
use crate::ir::{Column, Expr, ExprKind, Location, OperationKind};
use crate::syntax::ast;
use crate::syntax::codes;

/// Name of the column of `getrole`.
pub const ROLES: &str = "asset_roles";
/// The system column of `tag`.
const TAG: &str = "_tag";

impl Resolver<'_> {
    pub(super) fn iploc(&mut self, iploc: &ast::IpLoc) {
        let address = self.field_expr(&iploc.field.text, iploc.field.span, Usage::Computed);
        if !matches!(address.ty, Type::String | Type::Int | Type::Any | Type::Null) {
            self.fact(mismatch("iploc", "string or int", address.ty.clone()), iploc.field.span);
        }
        let suffix = iploc.suffix.as_ref().map_or("", |suffix| suffix.text.as_str());
        let mut outputs: Vec<(Location, String)> = Vec::new();
        for item in &iploc.columns {
            let known = Location::ALL.into_iter().find(|what| item.pattern.is(what.name()));
            let Some(what) = known else {
                let message = format!("`iploc` has no column `{}`", item.pattern.text);
                let names: Vec<&str> = Location::ALL.iter().map(|what| what.name()).collect();
                let help = format!("it has {}", names.join(", "));
                self.defect(codes::OPTION, item.pattern.span, message, Some(&help));
                continue;
            };
            let name = item.alias.as_ref().map_or(what.name(), |alias| alias.text.as_str());
            outputs.push((what, format!("{name}{suffix}")));
        }
        if iploc.columns.is_empty() {
            outputs.extend(Location::ALL.iter().map(|what| (*what, format!("{}{suffix}", what.name()))));
        }
        for (what, name) in &outputs {
            self.scope.set(name, what.ty(), None);
        }
        match address.kind {
            ExprKind::Column(column) => self.emit(OperationKind::IpLoc { column, outputs }),
            _ => {
                let null = |ty: Type| Expr { kind: ExprKind::Null, ty, span: address.span };
                let nulls = outputs.into_iter().map(|(what, name)| (name, null(what.ty()))).collect();
                self.emit(OperationKind::Assign(nulls));
            }
        }
    }

    pub(super) fn getrole(&mut self, field: &ast::Name, alias: Option<&ast::Name>) {
        let value = self.field_expr(&field.text, field.span, Usage::Computed);
        if !matches!(value.ty, Type::String | Type::Any | Type::Null) {
            self.fact(mismatch("getrole", "string", value.ty.clone()), field.span);
        }
        let name = alias.map_or_else(|| ROLES.to_owned(), |alias| alias.text.clone());
        self.scope.set(&name, Type::array(Type::String), None);
        match value.kind {
            ExprKind::Column(column) => self.emit(OperationKind::GetRole { column, name }),
            _ => {
                let none = call("arraycreate", Vec::new(), Type::array(Type::String), field.span);
                self.emit(OperationKind::Assign(vec![(name, none)]));
            }
        }
    }

    /// Appends to `_tag`; a row without tags gets the array.
    pub(super) fn tag(&mut self, tags: &[ast::Expr]) {
        let span = self.stage_span;
        let mut texts: Vec<Expr> = Vec::new();
        for tag in tags {
            match tag.as_str().or_else(|| tag.as_name()) {
                Some(text) => texts.push(super::expr::string(text, tag.span)),
                None => self.defect(codes::EXPECTED, tag.span, "`tag add` takes texts in quotes", None),
            }
        }
        let array = Type::array(Type::String);
        let added = call("arraycreate", texts, array.clone(), span);
        let current = self.scope.row.find(TAG).cloned();
        let value = match current {
            Some(Column { name, ty: Type::Array(_), .. }) => {
                let column = Expr { kind: ExprKind::Column(name), ty: array.clone(), span };
                let unset = boolean(ExprKind::IsNull(Box::new(column.clone())), span);
                let both = call("arrayconcat", vec![column, added.clone()], array.clone(), span);
                call("if", vec![unset, added, both], array.clone(), span)
            }
            _ => added,
        };
        self.scope.set(TAG, array, None);
        self.scope.mark_system(TAG);
        self.emit(OperationKind::Assign(vec![(TAG.to_owned(), value)]));
    }
}
