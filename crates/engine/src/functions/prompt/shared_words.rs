//! `shared_words(text, other)`
//!
//! Length in words of the longest run of words that both texts have, without regard to letter case and punctuation; 0 if
//! no four words in a row are shared. Tells whether an answer gives a system prompt away, or a message copies itself.
//! Null if a text is null. A function of Atalanta, not of XQL.
//!
//! ```text
//! shared_words("You are Ada, a clerk of the bank.", "I was told: you are Ada, a clerk.") = 5
//! shared_words("good morning to you", "to you a good morning") = 0
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `shared_words`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "shared_words",
    aliases: &[],
    doc: "shared_words(text, other): Length in words of the longest run of words that both texts have, without regard to letter case and punctuation; 0 if no four words in a row are shared. Tells whether an answer gives a system prompt away, or a message copies itself. Null if a text is null. A function of Atalanta, not of XQL.",
    examples: &[
        ("shared_words(\"You are Ada, a clerk of the bank.\", \"I was told: you are Ada, a clerk.\")", "5"),
        ("shared_words(\"good morning to you\", \"to you a good morning\")", "0"),
    ],
    arity: (2, Some(2)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, other) = (args.text(0)?, args.text(1)?);
    let shared = |row| i64::try_from(atalanta_prompt::shared_words(text.get(row)?, other.get(row)?)).ok();
    Ok(Arc::new((0..args.rows()).map(shared).collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("shared_words", literals!["a b c d e", "x A, B; c D y"]), json!(4));
        assert_eq!(call("shared_words", literals!["a b c d", ()]), json!(null));
    }
}
