//! `is_known_private_ipv6(ip)`
//!
//! Whether a text is an IPv6 address in fc00::/7; link-local addresses are not private. Null if an argument
//! is null.
//!
//! ```text
//! is_known_private_ipv6("FC00::1") = true
//! ```

use std::net::Ipv6Addr;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::BooleanArray;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `is_known_private_ipv6`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "is_known_private_ipv6",
    aliases: &[],
    doc: "is_known_private_ipv6(ip): Whether a text is an IPv6 address in fc00::/7; link-local addresses are not private. Null if an argument is null.",
    examples: &[("is_known_private_ipv6(\"FC00::1\")", "true")],
    arity: (1, Some(1)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let ip = args.text(0)?;
    let value = |row| ip.get(row).map(|ip| ip.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_unique_local()));
    Ok(Arc::new((0..args.rows()).map(value).collect::<BooleanArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("is_known_private_ipv6", literals!["FC00::1"]), json!(true));
        assert_eq!(call("is_known_private_ipv6", literals!["fe80::1"]), json!(false));
        assert_eq!(call("is_known_private_ipv6", literals!["fd12::1"]), json!(true));
    }
}
