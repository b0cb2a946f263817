//! Edits of whole stages that keep the layout and the comments around them.

use atalanta_diag::{Edit, Span};

use super::Context;
use crate::syntax::ast::Stage;
use crate::syntax::token::{Symbol, TokenKind};

/// Where the pipe before the stage stands.
fn pipe_before(context: &Context<'_>, stage: &Stage) -> Option<usize> {
    let after = context.parsed.tokens.partition_point(|token| token.span.end <= stage.span.start);
    let token = context.parsed.tokens.get(after.checked_sub(1)?)?;
    (token.kind == TokenKind::Symbol(Symbol::Pipe)).then_some(token.span.start as usize)
}

/// What stands between two stages here: a line break with its indentation, or a blank.
pub(super) fn separator(context: &Context<'_>, stage: &Stage) -> String {
    let at = pipe_before(context, stage).unwrap_or(stage.span.start as usize);
    let before = context.text.get(..at).unwrap_or("");
    let indent = before.rsplit('\n').next().unwrap_or("");
    if before.contains('\n') && indent.trim().is_empty() { format!("\n{indent}") } else { " ".to_owned() }
}

/// Inserts a stage before this one.
pub(super) fn insert_before(context: &Context<'_>, stage: &Stage, new: &str) -> Edit {
    let separator = separator(context, stage);
    Edit::new(Span::at(stage.span.start as usize), format!("{new}{separator}| "))
}

/// Deletes a stage with its pipe; comments around it stay. None for the first stage of a query.
pub(super) fn delete(context: &Context<'_>, stage: &Stage) -> Option<Edit> {
    let pipe = pipe_before(context, stage)?;
    let before = context.text.get(..pipe)?;
    let end = stage.span.end as usize;
    let rest = context.text.get(end..)?;
    let line_rest = rest.split('\n').next().unwrap_or("");
    // The line goes as a whole when nothing else stands on it, otherwise only the stage.
    let own_line = before.rsplit('\n').next().is_some_and(|lead| lead.trim().is_empty());
    if own_line && line_rest.trim().is_empty() {
        let start = before.trim_end_matches([' ', '\t']).len();
        let start = start.saturating_sub(usize::from(before[..start].ends_with('\n')));
        let start = start - usize::from(before[..start].ends_with('\r'));
        return Some(Edit::delete(Span::new(start, end + line_rest.len())));
    }
    Some(Edit::delete(Span::new(before.trim_end_matches([' ', '\t']).len(), end)))
}
