//! `parse_epoch(format, text [, zone] [, unit])`
//!
//! Epoch from text by a format of % elements, see `format_timestamp`, in SECONDS (default), MILLIS or
//! MICROS; a third argument that is no unit is the zone. Text that does not fit, or has something left
//! over, gives null; blanks of the format match any run of blanks. The zone is that of the text (UTC by
//! default); a zone inside the text wins. Null if an argument is null.
//!
//! ```text
//! parse_epoch("%F", "1970-01-02") = 86400
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use datafusion::common::Result;

use super::elements::Formats;
use super::epoch::Unit;
use super::parsing::parse_time;
use super::zone::Zones;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `parse_epoch`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "parse_epoch",
    aliases: &[],
    doc: "parse_epoch(format, text [, zone] [, unit]): Epoch from text by a format of % elements, see `format_timestamp`, in SECONDS (default), MILLIS or MICROS; a third argument that is no unit is the zone. Text that does not fit, or has something left over, gives null; blanks of the format match any run of blanks. The zone is that of the text (UTC by default); a zone inside the text wins. Null if an argument is null.",
    examples: &[("parse_epoch(\"%F\", \"1970-01-02\")", "86400")],
    arity: (2, Some(4)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (format, text) = (args.text(0)?, args.text(1)?);
    let unit_at = unit_position(args)?;
    let unit = unit_at.map(|index| args.text(index)).transpose()?;
    let mut zones = if unit_at == Some(2) { Zones::utc() } else { Zones::of(args, 2)? };
    let mut formats = Formats::default();
    let mut values = Int64Array::builder(args.rows());
    for row in 0..args.rows() {
        let (Some(format), Some(text), Some(zone)) = (format.get(row), text.get(row), zones.get(row)?) else {
            values.append_null();
            continue;
        };
        let unit = match &unit {
            None => Some(Unit::Seconds),
            Some(unit) => unit.get(row).map(Unit::parse).transpose()?,
        };
        let micros = parse_time(formats.get(format)?, text, &zone);
        values.append_option(unit.and_then(|unit| Some(unit.of_micros(micros?))));
    }
    Ok(Arc::new(values.finish()))
}

/// The unit is the fourth argument, or a third one that reads as a unit; a zone behind it is ignored.
fn unit_position(args: &Args<'_>) -> Result<Option<usize>> {
    if args.has(2) && args.text(2)?.literal().is_some_and(|text| Unit::parse(text).is_ok()) {
        return Ok(Some(2));
    }
    Ok(args.has(3).then_some(3))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        let date = "Thu Dec 25 07:30:00 2008";
        assert_eq!(call("parse_epoch", literals!["%c", date]), json!(1_230_190_200));
        let millis = literals!["%c", date, "+3", "millis"];
        assert_eq!(try_call("parse_epoch", millis).unwrap(), json!(1_230_179_400_000_i64));
        assert_eq!(
            try_call("parse_epoch", literals!["%F", "1970-01-02", "MICROS"]).unwrap(),
            json!(86_400_000_000_i64)
        );
        assert_eq!(call("parse_epoch", literals!["%F", "no"]), json!(null));
    }
}
