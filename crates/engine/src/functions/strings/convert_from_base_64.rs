//! `convert_from_base_64(text)`
//!
//! Text from Base64; missing padding is accepted. Null if the argument is null, is not Base64, or does not
//! decode to UTF-8 (UTF-16 of encoded PowerShell commands does not, unless read as such first).
//!
//! ```text
//! convert_from_base_64("SGVsbG8=") = "Hello"
//! convert_from_base_64("%%") = null
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `convert_from_base_64`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "convert_from_base_64",
    aliases: &[],
    doc: "convert_from_base_64(text): Text from Base64; missing padding is accepted. Null if the argument is null, is not Base64, or does not decode to UTF-8 (UTF-16 of encoded PowerShell commands does not, unless read as such first).",
    examples: &[
        ("convert_from_base_64(\"SGVsbG8=\")", "\"Hello\""),
        ("convert_from_base_64(\"%%\")", "null"),
    ],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let value = |row| text.get(row).and_then(decode);
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

const DECODER: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn decode(text: &str) -> Option<String> {
    String::from_utf8(DECODER.decode(text.trim()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("convert_from_base_64", literals!["SGVsbG8="]), json!("Hello"));
        assert_eq!(call("convert_from_base_64", literals!["SGVsbG8"]), json!("Hello"));
        assert_eq!(call("convert_from_base_64", literals!["%%"]), json!(null));
        assert_eq!(call("convert_from_base_64", literals!["/w=="]), json!(null));
        assert_eq!(call("convert_from_base_64", literals!["Cg=="]), json!("\n"));
    }
}
