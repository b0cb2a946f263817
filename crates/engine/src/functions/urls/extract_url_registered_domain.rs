//! `extract_url_registered_domain(url)`
//!
//! Registered domain of the host of a URL: its public suffix and one label more. Null if an argument is
//! null, the host is an address or a public suffix itself, or its suffix is not in the Public Suffix List.
//!
//! ```text
//! extract_url_registered_domain("www.Example.Co.UK") = "example.co.uk"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use datafusion::common::Result;

use super::host::domain_of;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `extract_url_registered_domain`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "extract_url_registered_domain",
    aliases: &[],
    doc: "extract_url_registered_domain(url): Registered domain of the host of a URL: its public suffix and one label more. Null if an argument is null, the host is an address or a public suffix itself, or its suffix is not in the Public Suffix List.",
    examples: &[("extract_url_registered_domain(\"www.Example.Co.UK\")", "\"example.co.uk\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let url = args.text(0)?;
    let value = |row| url.get(row).and_then(domain_of);
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call("extract_url_registered_domain", literals!["www.Example.Co.UK"]),
            json!("example.co.uk")
        );
        assert_eq!(
            call("extract_url_registered_domain", literals!["//user:password@a.b:80/path?query"]),
            json!(null)
        );
        assert_eq!(call("extract_url_registered_domain", literals!["https://10.0.0.1/"]), json!(null));
        assert_eq!(call("extract_url_registered_domain", literals!["co.uk"]), json!(null));
    }
}
