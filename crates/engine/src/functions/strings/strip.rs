//! What `trim`, `ltrim` and `rtrim` share.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use datafusion::common::Result;

use crate::functions::args::Args;

/// The characters stripped if none are given.
const WHITE_SPACE: &str = " \t\r\n";

/// Applies `cut` to each text and its set of characters.
pub(super) fn strip(args: &Args<'_>, cut: for<'t> fn(&'t str, &[char]) -> &'t str) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let set = if args.has(1) { Some(args.text(1)?) } else { None };
    let literal = match &set {
        None => Some(WHITE_SPACE.chars().collect::<Vec<char>>()),
        Some(set) => set.literal().map(|set| set.chars().collect()),
    };
    let value = |row| {
        let text = text.get(row)?;
        if let Some(literal) = &literal {
            return Some(cut(text, literal));
        }
        let set: Vec<char> = set.as_ref()?.get(row)?.chars().collect();
        Some(cut(text, &set))
    };
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}
