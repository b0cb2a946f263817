//! `incidr6(ip, ranges)`
//!
//! Whether an IPv6 address lies in one of several ranges, separated by commas. Text that is no such address
//! lies in none. A range that cannot be read is an error. Null if an argument is null.
//!
//! ```text
//! incidr6("fe80::1", "2001:db8::/32, fe80::/10") = true
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::ranges::in_ranges;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};
use crate::kernels::IpVersion;

/// The specification of `incidr6`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "incidr6",
    aliases: &[],
    doc: "incidr6(ip, ranges): Whether an IPv6 address lies in one of several ranges, separated by commas. Text that is no such address lies in none. A range that cannot be read is an error. Null if an argument is null.",
    examples: &[("incidr6(\"fe80::1\", \"2001:db8::/32, fe80::/10\")", "true")],
    arity: (2, Some(2)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    in_ranges(args, IpVersion::V6)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("incidr6", literals!["fe80::1", "2001:db8::/32, fe80::/10"]), json!(true));
        assert_eq!(call("incidr6", literals!["10.0.0.1", "::/0"]), json!(false));
        assert!(error("incidr6", literals!["10.0.0.1", "10.0.0.0/99"]).contains("invalid IPv"));
    }
}
