//! `is_ipv4(ip)`
//!
//! Whether a text is an IPv4 address. Null if an argument is null.
//!
//! ```text
//! is_ipv4("FF0E::1") = false
//! ```

use std::net::Ipv4Addr;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::BooleanArray;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `is_ipv4`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "is_ipv4",
    aliases: &[],
    doc: "is_ipv4(ip): Whether a text is an IPv4 address. Null if an argument is null.",
    examples: &[("is_ipv4(\"FF0E::1\")", "false")],
    arity: (1, Some(1)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let ip = args.text(0)?;
    let value = |row| ip.get(row).map(|ip| ip.parse::<Ipv4Addr>().is_ok());
    Ok(Arc::new((0..args.rows()).map(value).collect::<BooleanArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("is_ipv4", literals!["FF0E::1"]), json!(false));
        assert_eq!(call("is_ipv4", literals!["10.0.0.1"]), json!(true));
        assert_eq!(call("is_ipv4", literals!["010.0.0.1"]), json!(false));
        assert_eq!(call("is_ipv4", literals![()]), json!(null));
    }
}
