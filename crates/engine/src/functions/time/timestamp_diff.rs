//! `timestamp_diff(later, earlier, part)`
//!
//! Whole units from the second timestamp to the first, cut toward zero: DAY (24 hours), HOUR, MINUTE,
//! SECOND, MILLISECOND or MICROSECOND. Null if an argument is null.
//!
//! ```text
//! timestamp_diff(to_timestamp(3600, "SECONDS"), to_timestamp(0, "SECONDS"), "MINUTE") = 60
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use datafusion::common::Result;
use datafusion::common::exec_err;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `timestamp_diff`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "timestamp_diff",
    aliases: &[],
    doc: "timestamp_diff(later, earlier, part): Whole units from the second timestamp to the first, cut toward zero: DAY (24 hours), HOUR, MINUTE, SECOND, MILLISECOND or MICROSECOND. Null if an argument is null.",
    examples: &[(
        "timestamp_diff(to_timestamp(3600, \"SECONDS\"), to_timestamp(0, \"SECONDS\"), \"MINUTE\")",
        "60",
    )],
    arity: (3, Some(3)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (later, earlier, part) = (args.time(0)?, args.time(1)?, args.text(2)?);
    let literal = part.literal().map(micros_of).transpose()?;
    let mut values = Int64Array::builder(args.rows());
    for row in 0..args.rows() {
        let (Some(later), Some(earlier), Some(part)) = (later.get(row), earlier.get(row), part.get(row))
        else {
            values.append_null();
            continue;
        };
        let unit = literal.map_or_else(|| micros_of(part), Ok)?;
        values.append_option(later.checked_sub(earlier).map(|micros| micros / unit));
    }
    Ok(Arc::new(values.finish()))
}

fn micros_of(part: &str) -> Result<i64> {
    const UNITS: [(&str, i64); 6] = [
        ("DAY", 86_400_000_000),
        ("HOUR", 3_600_000_000),
        ("MINUTE", 60_000_000),
        ("SECOND", 1_000_000),
        ("MILLISECOND", 1_000),
        ("MICROSECOND", 1),
    ];
    match UNITS.iter().find(|(name, _)| part.eq_ignore_ascii_case(name)) {
        Some((_, micros)) => Ok(*micros),
        None => exec_err!(
            "unknown part {part:?} in timestamp_diff, expected one of DAY, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND"
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call(
                "timestamp_diff",
                literals![time("2026-03-02 09:00:00"), time("2026-03-02 08:05:00"), "HOUR"]
            ),
            json!(0)
        );
        assert_eq!(
            call(
                "timestamp_diff",
                literals![time("2026-03-02 09:00:00"), time("2026-03-02 08:05:00"), "minute"]
            ),
            json!(55)
        );
        assert_eq!(
            call(
                "timestamp_diff",
                literals![time("2026-03-02 08:05:00"), time("2026-03-02 09:00:00"), "MINUTE"]
            ),
            json!(-55)
        );
        assert_eq!(call("timestamp_diff", literals![(), time("2026-03-02 09:00:00"), "DAY"]), json!(null));
    }
}
