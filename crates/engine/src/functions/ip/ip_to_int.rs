//! `ip_to_int(ip)`
//!
//! The unsigned number of an IPv4 address. Null if an argument is null, or not an IPv4 address.
//!
//! ```text
//! ip_to_int("48.49.50.51") = 808530483
//! ```

use std::net::Ipv4Addr;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `ip_to_int`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "ip_to_int",
    aliases: &[],
    doc: "ip_to_int(ip): The unsigned number of an IPv4 address. Null if an argument is null, or not an IPv4 address.",
    examples: &[("ip_to_int(\"48.49.50.51\")", "808530483")],
    arity: (1, Some(1)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let ip = args.text(0)?;
    let number = |row| ip.get(row)?.parse::<Ipv4Addr>().ok().map(|ip| i64::from(u32::from(ip)));
    Ok(Arc::new((0..args.rows()).map(number).collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("ip_to_int", literals!["48.49.50.51"]), json!(808_530_483));
        assert_eq!(call("ip_to_int", literals!["192.168.1.10"]), json!(3_232_235_786_i64));
        assert_eq!(call("ip_to_int", literals!["::1"]), json!(null));
    }
}
