//! `extract_url_pub_suffix(url)`
//!
//! Public suffix of the host of a URL, such as `com` or `co.uk`, by the Public Suffix List. Null if an
//! argument is null, the host is an address, or its suffix is not in the list.
//!
//! ```text
//! extract_url_pub_suffix("https://www.test.com/x") = "com"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use datafusion::common::Result;

use super::host::suffix_of;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `extract_url_pub_suffix`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "extract_url_pub_suffix",
    aliases: &[],
    doc: "extract_url_pub_suffix(url): Public suffix of the host of a URL, such as `com` or `co.uk`, by the Public Suffix List. Null if an argument is null, the host is an address, or its suffix is not in the list.",
    examples: &[("extract_url_pub_suffix(\"https://www.test.com/x\")", "\"com\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let url = args.text(0)?;
    let value = |row| url.get(row).and_then(suffix_of);
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("extract_url_pub_suffix", literals!["https://www.test.com/x"]), json!("com"));
        assert_eq!(call("extract_url_pub_suffix", literals!["www.Example.Co.UK"]), json!("co.uk"));
        assert_eq!(call("extract_url_pub_suffix", literals!["10.0.0.1"]), json!(null));
        assert_eq!(call("extract_url_pub_suffix", literals!["http://host.internalzone/"]), json!(null));
    }
}
