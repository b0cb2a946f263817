//! `md5(text)`
//!
//! MD5 of the UTF-8 bytes of a text, as lower-case hexadecimal digits. Null if an argument is null.
//!
//! ```text
//! md5("abc") = "900150983cd24fb0d6963f7d28e17f72"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use datafusion::common::Result;
use md5::{Digest, Md5};

use super::hex::hex;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `md5`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "md5",
    aliases: &[],
    doc: "md5(text): MD5 of the UTF-8 bytes of a text, as lower-case hexadecimal digits. Null if an argument is null.",
    examples: &[("md5(\"abc\")", "\"900150983cd24fb0d6963f7d28e17f72\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let value = |row| text.get(row).map(|text| hex(&Md5::digest(text.as_bytes())));
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("md5", literals!["abc"]), json!("900150983cd24fb0d6963f7d28e17f72"));
        assert_eq!(call("md5", literals![()]), json!(null));
    }
}
