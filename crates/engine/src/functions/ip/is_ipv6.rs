//! `is_ipv6(ip)`
//!
//! Whether a text is an IPv6 address. Null if an argument is null.
//!
//! ```text
//! is_ipv6("2606:4700:4700::1111") = true
//! ```

use std::net::Ipv6Addr;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::BooleanArray;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `is_ipv6`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "is_ipv6",
    aliases: &[],
    doc: "is_ipv6(ip): Whether a text is an IPv6 address. Null if an argument is null.",
    examples: &[("is_ipv6(\"2606:4700:4700::1111\")", "true")],
    arity: (1, Some(1)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let ip = args.text(0)?;
    let value = |row| ip.get(row).map(|ip| ip.parse::<Ipv6Addr>().is_ok());
    Ok(Arc::new((0..args.rows()).map(value).collect::<BooleanArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("is_ipv6", literals!["2606:4700:4700::1111"]), json!(true));
        assert_eq!(call("is_ipv6", literals!["FF0E::1"]), json!(true));
        assert_eq!(call("is_ipv6", literals!["1.2.3.4"]), json!(false));
    }
}
