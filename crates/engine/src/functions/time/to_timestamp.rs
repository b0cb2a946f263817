//! `to_timestamp(epoch [, unit])`
//!
//! Timestamp from an epoch in SECONDS (default), MILLIS or MICROS, in any letter case. Without a unit,
//! numbers from 1e11 on are read as milliseconds and from 1e14 on as microseconds, since both occur without
//! one. Null if an argument is null, or out of range.
//!
//! ```text
//! to_epoch(to_timestamp(5, "SECONDS"), "MILLIS") = 5000
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::TimestampMicrosecondArray;
use datafusion::common::Result;

use super::epoch::Unit;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `to_timestamp`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "to_timestamp",
    aliases: &[],
    doc: "to_timestamp(epoch [, unit]): Timestamp from an epoch in SECONDS (default), MILLIS or MICROS, in any letter case. Without a unit, numbers from 1e11 on are read as milliseconds and from 1e14 on as microseconds, since both occur without one. Null if an argument is null, or out of range.",
    examples: &[("to_epoch(to_timestamp(5, \"SECONDS\"), \"MILLIS\")", "5000")],
    arity: (1, Some(2)),
    output: Output::Time,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let epoch = args.int(0)?;
    let unit = if args.has(1) { Some(args.text(1)?) } else { None };
    let mut times = TimestampMicrosecondArray::builder(args.rows()).with_timezone("UTC");
    for row in 0..args.rows() {
        let Some(epoch) = epoch.get(row) else {
            times.append_null();
            continue;
        };
        let unit = match &unit {
            None => Some(Unit::guess(epoch)),
            Some(unit) => unit.get(row).map(Unit::parse).transpose()?,
        };
        times.append_option(unit.and_then(|unit| unit.to_micros(epoch)));
    }
    Ok(Arc::new(times.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("to_timestamp", literals![0, "SECONDS"]), json!("1970-01-01T00:00:00Z"));
        assert_eq!(call("to_timestamp", literals![5000, "millis"]), json!("1970-01-01T00:00:05Z"));
        assert_eq!(call("to_timestamp", literals![1_772_442_000]), json!("2026-03-02T09:00:00Z"));
        assert_eq!(call("to_timestamp", literals![1_772_442_000_000_i64]), json!("2026-03-02T09:00:00Z"));
        assert_eq!(call("to_timestamp", literals![i64::MAX, "SECONDS"]), json!(null));
        assert_eq!(call("to_timestamp", literals![(), "SECONDS"]), json!(null));
        assert!(error("to_timestamp", literals![1, "WEEKS"]).contains("WEEKS"));
    }
}
