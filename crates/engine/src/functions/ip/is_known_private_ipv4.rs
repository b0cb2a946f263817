//! `is_known_private_ipv4(ip)`
//!
//! Whether a text is an IPv4 address in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; loopback and other
//! special ranges are not private. Null if an argument is null.
//!
//! ```text
//! is_known_private_ipv4("172.32.0.1") = false
//! ```

use std::net::Ipv4Addr;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::BooleanArray;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `is_known_private_ipv4`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "is_known_private_ipv4",
    aliases: &[],
    doc: "is_known_private_ipv4(ip): Whether a text is an IPv4 address in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; loopback and other special ranges are not private. Null if an argument is null.",
    examples: &[("is_known_private_ipv4(\"172.32.0.1\")", "false")],
    arity: (1, Some(1)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let ip = args.text(0)?;
    let value = |row| ip.get(row).map(|ip| ip.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_private()));
    Ok(Arc::new((0..args.rows()).map(value).collect::<BooleanArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("is_known_private_ipv4", literals!["127.0.0.1"]), json!(false));
        assert_eq!(call("is_known_private_ipv4", literals!["172.32.0.1"]), json!(false));
        assert_eq!(call("is_known_private_ipv4", literals!["172.31.255.255"]), json!(true));
        assert_eq!(call("is_known_private_ipv4", literals!["10.0.0.1"]), json!(true));
    }
}
