//! `incidr(ip, ranges)`
//!
//! Whether an IPv4 address lies in one of several ranges, separated by commas. Text that is no such address
//! lies in none. A range that cannot be read is an error. Null if an argument is null.
//!
//! ```text
//! incidr("192.168.0.1", "10.0.0.0/8, 192.168.0.0/24") = true
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::ranges::in_ranges;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};
use crate::kernels::IpVersion;

/// The specification of `incidr`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "incidr",
    aliases: &[],
    doc: "incidr(ip, ranges): Whether an IPv4 address lies in one of several ranges, separated by commas. Text that is no such address lies in none. A range that cannot be read is an error. Null if an argument is null.",
    examples: &[("incidr(\"192.168.0.1\", \"10.0.0.0/8, 192.168.0.0/24\")", "true")],
    arity: (2, Some(2)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    in_ranges(args, IpVersion::V4)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("incidr", literals!["192.168.0.1", "192.168.0.0/24, 1.168.0.0/24"]), json!(true));
        assert_eq!(call("incidr", literals!["fe80::1", "0.0.0.0/0"]), json!(false));
        assert_eq!(call("incidr", literals!["x", "0.0.0.0/0"]), json!(false));
        assert_eq!(call("incidr", literals![(), "0.0.0.0/0"]), json!(null));
        assert!(error("incidr", literals!["10.0.0.1", "10.0.0.0/99"]).contains("invalid IPv"));
    }
}
