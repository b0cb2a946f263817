//! Names of fields and texts in XQL.

use std::fmt::Write as _;

use atalanta_schema::{Catalog, Field, Type};
use atalanta_xql::syntax::ast::{ExprKind, StageKind};
use atalanta_xql::syntax::parse;

/// A field as XQL reads it.
pub(super) struct Column {
    /// The text of the operand.
    pub text: String,
    /// The type of its values.
    pub ty: Type,
    /// The value list of the column.
    pub values: Option<&'static atalanta_schema::Enum>,
}

/// The column of a name as a pipeline leaves it: a name, or `column -> path`. None when no spelling exists.
pub(super) fn column(dataset: &str, name: &str) -> Option<Column> {
    if let Some((base, path)) = name.split_once(" -> ") {
        let text = format!("{} -> {}", identifier(base)?, json_path(path)?);
        return Some(Column { text, ty: Type::String, values: None });
    }
    let known: Option<&'static Field> =
        Catalog::builtin().dataset(dataset).and_then(|dataset| dataset.field(name)).map(|found| found.field);
    let system = matches!(name, "_time" | "_insert_time");
    Some(Column {
        text: identifier(name)?,
        ty: known.map_or(if system { Type::Timestamp } else { Type::Any }, |field| field.ty.clone()),
        values: known.and_then(|field| Catalog::builtin().enum_of(field)),
    })
}

/// A name, in backticks where XQL would not read it as one.
fn identifier(name: &str) -> Option<String> {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if bare && !name.starts_with(|c: char| c.is_ascii_digit()) && reads_as_name(name) {
        return Some(name.to_owned());
    }
    let is_quotable = !name.is_empty() && !name.contains(['`', '\n', '\r']);
    is_quotable.then(|| format!("`{name}`"))
}

/// Whether the parser takes a word for a field: keywords and constants it does not.
fn reads_as_name(name: &str) -> bool {
    let parsed = parse(&format!("dataset = x | filter {name} = 1"));
    let Some(StageKind::Filter(condition)) = parsed.query.stages.get(1).map(|stage| &stage.kind) else {
        return false;
    };
    let ExprKind::Binary { left, .. } = &condition.kind else { return false };
    parsed.diagnostics.is_empty() && matches!(&left.kind, ExprKind::Name(found) if found == name)
}

/// `a.b` as it stands behind an arrow.
fn json_path(path: &str) -> Option<String> {
    let mut out = String::new();
    for key in path.split('.') {
        if key.is_empty() || key.contains(['"', '\'', '\\', '\n']) {
            return None;
        }
        if key.chars().all(|c| c.is_alphanumeric() || c == '_') {
            let dot = if out.is_empty() { "" } else { "." };
            let _ = write!(out, "{dot}{key}");
        } else {
            let _ = write!(out, "[\"{key}\"]");
        }
    }
    Some(out)
}

/// A text as a literal. Plain quotes have no escapes, so that what they cannot hold goes between triple ones.
pub(super) fn literal(text: &str) -> String {
    let is_plain = !text.contains('"') && !text.ends_with('\\') && !text.contains(char::is_control);
    if is_plain {
        return format!("\"{text}\"");
    }
    let mut out = String::from("\"\"\"");
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push_str("\"\"\"");
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use atalanta_xql::syntax::lexer::{Backslash, lex};
    use atalanta_xql::syntax::token::TokenKind;

    #[test]
    fn names_that_xql_takes_for_something_else_are_quoted() {
        let text = |name: &str| column("x", name).map(|column| column.text);
        assert_eq!(text("Image").as_deref(), Some("Image"));
        assert_eq!(text("c-uri").as_deref(), Some("`c-uri`"));
        assert_eq!(text("winlog.event_data.Image").as_deref(), Some("`winlog.event_data.Image`"));
        assert_eq!(text("null").as_deref(), Some("`null`"));
        assert_eq!(text("7zip").as_deref(), Some("`7zip`"));
        assert_eq!(text("a`b"), None);
        assert_eq!(text("raw -> user.name-x").as_deref(), Some("raw -> user[\"name-x\"]"));
    }

    proptest! {
        #[test]
        fn a_literal_reads_back_as_its_text(text in ".{0,20}|[\"\\\\a]{0,12}") {
            let query = literal(&text);
            let tokens = lex(&query, Backslash::OddEscapes).tokens;
            let TokenKind::String { value, .. } = &tokens[0].kind else { panic!("{query}") };
            prop_assert_eq!((value, tokens.len()), (&text, 2));
        }
    }
}
