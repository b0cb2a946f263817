//! `sha1(text)`
//!
//! SHA-1 of the UTF-8 bytes of a text, as lower-case hexadecimal digits. Null if an argument is null.
//!
//! ```text
//! sha1("abc") = "a9993e364706816aba3e25717850c26c9cd0d89d"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use datafusion::common::Result;
use sha1::{Digest, Sha1};

use super::hex::hex;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `sha1`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "sha1",
    aliases: &[],
    doc: "sha1(text): SHA-1 of the UTF-8 bytes of a text, as lower-case hexadecimal digits. Null if an argument is null.",
    examples: &[("sha1(\"abc\")", "\"a9993e364706816aba3e25717850c26c9cd0d89d\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let value = |row| text.get(row).map(|text| hex(&Sha1::digest(text.as_bytes())));
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("sha1", literals!["abc"]), json!("a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert_eq!(call("sha1", literals![()]), json!(null));
    }
}
