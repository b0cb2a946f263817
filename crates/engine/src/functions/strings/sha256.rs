//! `sha256(text)`
//!
//! SHA-256 of the UTF-8 bytes of a text, as lower-case hexadecimal digits. Null if an argument is null.
//!
//! ```text
//! sha256("abc") = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use datafusion::common::Result;
use sha2::{Digest, Sha256};

use super::hex::hex;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `sha256`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "sha256",
    aliases: &[],
    doc: "sha256(text): SHA-256 of the UTF-8 bytes of a text, as lower-case hexadecimal digits. Null if an argument is null.",
    examples: &[("sha256(\"abc\")", "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let value = |row| text.get(row).map(|text| hex(&Sha256::digest(text.as_bytes())));
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call("sha256", literals!["abc"]),
            json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        assert_eq!(call("sha256", literals![()]), json!(null));
    }
}
