//! `incidrlist(ips, range)`
//!
//! Whether all addresses of a comma list lie in one IPv4 range. More than one range is an error. Null if an
//! argument is null.
//!
//! ```text
//! incidrlist("10.0.0.1,10.9.9.9", "10.0.0.0/8") = true
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::BooleanBuilder;
use datafusion::common::Result;
use datafusion::common::exec_err;

use super::ranges::Ranges;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};
use crate::kernels::IpVersion;

/// The specification of `incidrlist`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "incidrlist",
    aliases: &[],
    doc: "incidrlist(ips, range): Whether all addresses of a comma list lie in one IPv4 range. More than one range is an error. Null if an argument is null.",
    examples: &[("incidrlist(\"10.0.0.1,10.9.9.9\", \"10.0.0.0/8\")", "true")],
    arity: (2, Some(2)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (list, range) = (args.text(0)?, args.text(1)?);
    let mut ranges = Ranges::new(IpVersion::V4);
    let mut values = BooleanBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(list), Some(range)) = (list.get(row), range.get(row)) else {
            values.append_null();
            continue;
        };
        let range = ranges.get(range)?;
        if range.range_count() != 1 {
            return exec_err!("incidrlist takes a single range, found {}", range.range_count());
        }
        values.append_value(list.split(',').all(|ip| range.contains(ip.trim())));
    }
    Ok(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call("incidrlist", literals!["192.168.10.16,192.168.10.3", "192.168.10.0/24"]),
            json!(true)
        );
        assert_eq!(call("incidrlist", literals!["192.168.10.16, 10.0.0.1", "192.168.10.0/24"]), json!(false));
        assert!(
            error("incidrlist", literals!["10.0.0.1", "10.0.0.0/8, 11.0.0.0/8"]).contains("single range")
        );
    }
}
