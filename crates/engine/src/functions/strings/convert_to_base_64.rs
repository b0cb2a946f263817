//! `convert_to_base_64(text)`
//!
//! Base64 of the UTF-8 bytes of a text, with padding. Null if an argument is null.
//!
//! ```text
//! convert_to_base_64("Hello") = "SGVsbG8="
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `convert_to_base_64`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "convert_to_base_64",
    aliases: &[],
    doc: "convert_to_base_64(text): Base64 of the UTF-8 bytes of a text, with padding. Null if an argument is null.",
    examples: &[("convert_to_base_64(\"Hello\")", "\"SGVsbG8=\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let value = |row| text.get(row).map(|text| STANDARD.encode(text));
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("convert_to_base_64", literals!["Hello"]), json!("SGVsbG8="));
        assert_eq!(call("convert_to_base_64", literals![""]), json!(""));
    }
}
