//! `reveal(text)`
//!
//! The text as a model reads it: compatibility forms and look-alike letters as plain ones, invisible characters left out,
//! escapes of JSON and HTML undone, spaced-out words joined, white space collapsed. Hidden texts (Unicode tags,
//! variation selectors, elements and comments that a page does not show) and decoded ones (base64, base32, hex, URL and
//! quoted-printable escapes, binary; rot13 and backwards where that gives a cue of injection) follow on lines of their
//! own behind their kind in brackets, at most three layers and 64 KiB. Null if the text is null. A function of Atalanta,
//! not of XQL.
//!
//! ```text
//! reveal("aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91") = "aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91\n[base64] hello world, how are you"
//! reveal("ｆｕｌｌ  w i d t h") = "full width"
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `reveal`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "reveal",
    aliases: &[],
    doc: "reveal(text): The text as a model reads it: compatibility forms and look-alike letters as plain ones, invisible characters left out, escapes of JSON and HTML undone, spaced-out words joined, white space collapsed. Hidden texts (Unicode tags, variation selectors, elements and comments that a page does not show) and decoded ones (base64, base32, hex, URL and quoted-printable escapes, binary; rot13 and backwards where that gives a cue of injection) follow on lines of their own behind their kind in brackets, at most three layers and 64 KiB. Null if the text is null. A function of Atalanta, not of XQL.",
    examples: &[
        (
            "reveal(\"aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91\")",
            "\"aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91\\n[base64] hello world, how are you\"",
        ),
        ("reveal(\"ｆｕｌｌ  w i d t h\")", "\"full width\""),
    ],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let mut values = StringViewBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        values.append_option(text.get(row).map(|text| atalanta_prompt::reveal(text).whole()));
    }
    Ok(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("reveal", literals!["p\u{200b}ay &lt;now&gt;"]), json!("pay <now>"));
        assert_eq!(call("reveal", literals![()]), json!(null));
    }
}
