//! `parse_timestamp(format, text [, zone])`
//!
//! Timestamp from text by a format of % elements, see `format_timestamp`. Text that does not fit, or has
//! something left over, gives null; blanks of the format match any run of blanks. The zone is that of the
//! text (UTC by default); a zone inside the text wins. Null if an argument is null.
//!
//! ```text
//! to_epoch(parse_timestamp("%d.%m.%Y %H:%M", "02.03.2026 08:00")) = 1772438400
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::TimestampMicrosecondArray;
use datafusion::common::Result;

use super::elements::Formats;
use super::parsing::parse_time;
use super::zone::Zones;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `parse_timestamp`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "parse_timestamp",
    aliases: &[],
    doc: "parse_timestamp(format, text [, zone]): Timestamp from text by a format of % elements, see `format_timestamp`. Text that does not fit, or has something left over, gives null; blanks of the format match any run of blanks. The zone is that of the text (UTC by default); a zone inside the text wins. Null if an argument is null.",
    examples: &[("to_epoch(parse_timestamp(\"%d.%m.%Y %H:%M\", \"02.03.2026 08:00\"))", "1772438400")],
    arity: (2, Some(3)),
    output: Output::Time,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (format, text) = (args.text(0)?, args.text(1)?);
    let mut zones = Zones::of(args, 2)?;
    let mut formats = Formats::default();
    let mut times = TimestampMicrosecondArray::builder(args.rows()).with_timezone("UTC");
    for row in 0..args.rows() {
        let (Some(format), Some(text), Some(zone)) = (format.get(row), text.get(row), zones.get(row)?) else {
            times.append_null();
            continue;
        };
        times.append_option(parse_time(formats.get(format)?, text, &zone));
    }
    Ok(Arc::new(times.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call("parse_timestamp", literals!["%m/%d/%Y %H:%M:%S", "03/02/2026 09:00:00", "+08:00"]),
            json!("2026-03-02T01:00:00Z")
        );
        assert_eq!(
            call("parse_timestamp", literals!["%h %d %Y %H:%M:%E3S", "Jun 25 2024 18:31:25.723"]),
            json!("2024-06-25T18:31:25.723Z")
        );
        assert_eq!(
            call("parse_timestamp", literals!["%d.%m.%Y %H:%M", "02.03.2026   08:00"]),
            json!("2026-03-02T08:00:00Z")
        );
        assert_eq!(call("parse_timestamp", literals!["%F", "2026-03-02x"]), json!(null));
        assert_eq!(call("parse_timestamp", literals!["%F", "2026-02-30"]), json!(null));
        assert_eq!(
            call("parse_timestamp", literals!["%F %T%Ez", "2026-03-02 10:00:00+02:00", "+08:00"]),
            json!("2026-03-02T08:00:00Z")
        );
        assert_eq!(call("parse_timestamp", literals!["%s", "5"]), json!("1970-01-01T00:00:05Z"));
        assert_eq!(call("parse_timestamp", literals!["%I:%M %p", "12:30 AM"]), json!("1970-01-01T00:30:00Z"));
        assert_eq!(call("parse_timestamp", literals!["%F", ()]), json!(null));
    }
}
