//! `to_integer(x)`
//!
//! An integer from text in decimal or, with the prefix 0x, in hexadecimal. A float is rounded to the
//! nearest integer, a boolean becomes 0 or 1. Null if an argument is null, or text that is no integer.
//!
//! ```text
//! to_integer("17") = 17
//! to_integer("0x1F") = 31
//! to_integer("1.5") = null
//! to_integer(2.5) = 3
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `to_integer`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "to_integer",
    aliases: &[],
    doc: "to_integer(x): An integer from text in decimal or, with the prefix 0x, in hexadecimal. A float is rounded to the nearest integer, a boolean becomes 0 or 1. Null if an argument is null, or text that is no integer.",
    examples: &[
        ("to_integer(\"17\")", "17"),
        ("to_integer(\"0x1F\")", "31"),
        ("to_integer(\"1.5\")", "null"),
        ("to_integer(2.5)", "3"),
    ],
    arity: (1, Some(1)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    match args.type_of(0) {
        DataType::Utf8View => {
            let text = args.text(0)?;
            Ok(Arc::new((0..args.rows()).map(|row| parse(text.get(row)?)).collect::<Int64Array>()))
        }
        DataType::Boolean => {
            let value = args.bool(0)?;
            Ok(Arc::new((0..args.rows()).map(|row| value.get(row).map(i64::from)).collect::<Int64Array>()))
        }
        _ => {
            let value = args.int(0)?;
            Ok(Arc::new((0..args.rows()).map(|row| value.get(row)).collect::<Int64Array>()))
        }
    }
}

fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) else {
        return text.parse().ok();
    };
    if hex.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = i64::from_str_radix(hex, 16).ok()?;
    Some(if negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("to_integer", literals!["17"]), json!(17));
        assert_eq!(call("to_integer", literals!["0x1F"]), json!(31));
        assert_eq!(call("to_integer", literals!["-0x1f"]), json!(-31));
        assert_eq!(call("to_integer", literals!["0x-1"]), json!(null));
        assert_eq!(call("to_integer", literals!["1.5"]), json!(null));
        assert_eq!(call("to_integer", literals![1.5]), json!(2));
        assert_eq!(call("to_integer", literals![0.8]), json!(1));
        assert_eq!(call("to_integer", literals!["abc"]), json!(null));
        assert_eq!(call("to_integer", literals![()]), json!(null));
        assert_eq!(call("to_integer", literals![true]), json!(1));
        assert_eq!(call("to_integer", literals![1e300]), json!(null));
    }
}
