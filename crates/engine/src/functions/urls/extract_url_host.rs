//! `extract_url_host(url)`
//!
//! Host of a URL in lower case, without user name and port. The scheme may be missing. Null if an argument
//! is null, or there is no host.
//!
//! ```text
//! extract_url_host("//user:password@a.b:80/path?query") = "a.b"
//! extract_url_host("www.Example.Co.UK") = "www.example.co.uk"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use datafusion::common::Result;

use super::host::host_of;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `extract_url_host`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "extract_url_host",
    aliases: &[],
    doc: "extract_url_host(url): Host of a URL in lower case, without user name and port. The scheme may be missing. Null if an argument is null, or there is no host.",
    examples: &[
        ("extract_url_host(\"//user:password@a.b:80/path?query\")", "\"a.b\""),
        ("extract_url_host(\"www.Example.Co.UK\")", "\"www.example.co.uk\""),
    ],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let url = args.text(0)?;
    let value = |row| url.get(row).and_then(host_of);
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("extract_url_host", literals!["//user:password@a.b:80/path?query"]), json!("a.b"));
        assert_eq!(call("extract_url_host", literals!["www.Example.Co.UK"]), json!("www.example.co.uk"));
        assert_eq!(call("extract_url_host", literals!["https://[::1]:8080/"]), json!("[::1]"));
        assert_eq!(call("extract_url_host", literals!["http://"]), json!(null));
        assert_eq!(call("extract_url_host", literals!["https://x.test?q=@y"]), json!("x.test"));
        assert_eq!(call("extract_url_host", literals![()]), json!(null));
    }
}
