//! `to_epoch(time [, unit])`
//!
//! Epoch of a timestamp in SECONDS (default), MILLIS or MICROS, in any letter case. Null if an argument is
//! null.
//!
//! ```text
//! to_epoch(to_timestamp(5, "SECONDS"), "MILLIS") = 5000
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use datafusion::common::Result;

use super::epoch::Unit;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `to_epoch`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "to_epoch",
    aliases: &[],
    doc: "to_epoch(time [, unit]): Epoch of a timestamp in SECONDS (default), MILLIS or MICROS, in any letter case. Null if an argument is null.",
    examples: &[("to_epoch(to_timestamp(5, \"SECONDS\"), \"MILLIS\")", "5000")],
    arity: (1, Some(2)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let time = args.time(0)?;
    let unit = if args.has(1) { Some(args.text(1)?) } else { None };
    let mut epochs = Int64Array::builder(args.rows());
    for row in 0..args.rows() {
        let unit = match &unit {
            None => Some(Unit::Seconds),
            Some(unit) => unit.get(row).map(Unit::parse).transpose()?,
        };
        epochs.append_option(unit.and_then(|unit| Some(unit.of_micros(time.get(row)?))));
    }
    Ok(Arc::new(epochs.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("to_epoch", literals![time("2026-03-02 09:00:00")]), json!(1_772_442_000));
        assert_eq!(
            call("to_epoch", literals![time("2026-03-02 09:00:00"), "MILLIS"]),
            json!(1_772_442_000_000_i64)
        );
        assert_eq!(call("to_epoch", literals![time("1969-12-31 23:59:59"), "MICROS"]), json!(-1_000_000));
        assert_eq!(call("to_epoch", literals![()]), json!(null));
    }
}
