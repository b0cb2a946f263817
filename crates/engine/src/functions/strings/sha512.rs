//! `sha512(text)`
//!
//! SHA-512 of the UTF-8 bytes of a text, as lower-case hexadecimal digits. Null if an argument is null.
//!
//! ```text
//! sha512("abc") = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use datafusion::common::Result;
use sha2::{Digest, Sha512};

use super::hex::hex;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `sha512`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "sha512",
    aliases: &[],
    doc: "sha512(text): SHA-512 of the UTF-8 bytes of a text, as lower-case hexadecimal digits. Null if an argument is null.",
    examples: &[(
        "sha512(\"abc\")",
        "\"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f\"",
    )],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let value = |row| text.get(row).map(|text| hex(&Sha512::digest(text.as_bytes())));
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call("sha512", literals!["abc"]),
            json!(
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            )
        );
        assert_eq!(call("sha512", literals![()]), json!(null));
    }
}
