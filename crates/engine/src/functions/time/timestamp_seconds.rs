//! `timestamp_seconds(epoch)`
//!
//! Timestamp from an epoch in seconds. Null if an argument is null, or out of range.
//!
//! ```text
//! to_epoch(timestamp_seconds(5)) = 5
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::TimestampMicrosecondArray;
use datafusion::common::Result;

use super::epoch::Unit;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `timestamp_seconds`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "timestamp_seconds",
    aliases: &[],
    doc: "timestamp_seconds(epoch): Timestamp from an epoch in seconds. Null if an argument is null, or out of range.",
    examples: &[("to_epoch(timestamp_seconds(5))", "5")],
    arity: (1, Some(1)),
    output: Output::Time,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let epoch = args.int(0)?;
    let time = |row| epoch.get(row).and_then(|epoch| Unit::Seconds.to_micros(epoch));
    let times: TimestampMicrosecondArray = (0..args.rows()).map(time).collect();
    Ok(Arc::new(times.with_timezone("UTC")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("timestamp_seconds", literals![5]), json!("1970-01-01T00:00:05Z"));
        assert_eq!(call("timestamp_seconds", literals![i64::MIN]), json!(null));
    }
}
