//! `int_to_ip(number)`
//!
//! Text of the IPv4 address with this number, signed or unsigned 32 bits. Null if an argument is null, or
//! the number does not fit.
//!
//! ```text
//! int_to_ip(75643532) = "4.130.58.140"
//! int_to_ip(-75643532) = "251.125.197.116"
//! ```

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewBuilder;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `int_to_ip`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "int_to_ip",
    aliases: &[],
    doc: "int_to_ip(number): Text of the IPv4 address with this number, signed or unsigned 32 bits. Null if an argument is null, or the number does not fit.",
    examples: &[("int_to_ip(75643532)", "\"4.130.58.140\""), ("int_to_ip(-75643532)", "\"251.125.197.116\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let number = args.int(0)?;
    let mut values = StringViewBuilder::with_capacity(args.rows());
    let mut text = String::new();
    for row in 0..args.rows() {
        let bits = number.get(row).and_then(|number| {
            u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned)).ok()
        });
        let Some(bits) = bits else {
            values.append_null();
            continue;
        };
        let [a, b, c, d] = bits.to_be_bytes();
        text.clear();
        // Writing to a String cannot fail.
        let _ = write!(text, "{a}.{b}.{c}.{d}");
        values.append_value(&text);
    }
    Ok(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("int_to_ip", literals![75_643_532]), json!("4.130.58.140"));
        assert_eq!(call("int_to_ip", literals![-75_643_532]), json!("251.125.197.116"));
        assert_eq!(call("int_to_ip", literals![1_i64 << 40]), json!(null));
        assert_eq!(call("int_to_ip", literals![()]), json!(null));
    }
}
