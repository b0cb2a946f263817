//! `format_timestamp(format, time [, zone])`
//!
//! A timestamp as text by a format of % elements, in a time zone (UTC by default): %Y %m %d %H %M %S %y %b
//! %h %B %a %A %e %j %I %p %Z %z %Ez %s %F %T %X %D %x %R %c %E3S %E*S %E4Y %n %t %%. Null if an argument is
//! null.
//!
//! ```text
//! format_timestamp("%Y/%m/%d %H:%M", to_timestamp(1772442000, "SECONDS"), "+03:00") = "2026/03/02 12:00"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewBuilder;
use datafusion::common::Result;
use jiff::Timestamp;

use super::elements::Formats;
use super::zone::Zones;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `format_timestamp`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "format_timestamp",
    aliases: &[],
    doc: "format_timestamp(format, time [, zone]): A timestamp as text by a format of % elements, in a time zone (UTC by default): %Y %m %d %H %M %S %y %b %h %B %a %A %e %j %I %p %Z %z %Ez %s %F %T %X %D %x %R %c %E3S %E*S %E4Y %n %t %%. Null if an argument is null.",
    examples: &[(
        "format_timestamp(\"%Y/%m/%d %H:%M\", to_timestamp(1772442000, \"SECONDS\"), \"+03:00\")",
        "\"2026/03/02 12:00\"",
    )],
    arity: (2, Some(3)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (format, time) = (args.text(0)?, args.time(1)?);
    let mut zones = Zones::of(args, 2)?;
    let mut formats = Formats::default();
    let mut text = String::new();
    let mut values = StringViewBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(format), Some(time), Some(zone)) = (format.get(row), time.get(row), zones.get(row)?) else {
            values.append_null();
            continue;
        };
        let items = formats.get(format)?;
        let local = Timestamp::from_microsecond(time).ok().map(|time| time.to_zoned(zone));
        let Some(local) = local else {
            values.append_null();
            continue;
        };
        text.clear();
        items.iter().for_each(|item| item.write(&local, &mut text));
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
        assert_eq!(
            call("format_timestamp", literals!["%Y/%m/%d %H:%M:%S", time("2026-03-02 09:00:00"), "+03:00"]),
            json!("2026/03/02 12:00:00")
        );
        assert_eq!(
            call("format_timestamp", literals!["%c", time("2008-12-25 07:30:00")]),
            json!("Thu Dec 25 07:30:00 2008")
        );
        assert_eq!(
            call(
                "format_timestamp",
                literals!["%F %T%Ez %s %j %p %I %Z %%", time("2026-03-02 15:04:05"), "-0330"]
            ),
            json!("2026-03-02 11:34:05-03:30 1772463845 061 AM 11 -03:30 %")
        );
        assert_eq!(
            call("format_timestamp", literals!["%E3S %E*S %A %B %e", time("2026-03-02 15:04:05.5")]),
            json!("05.500 05.5 Monday March  2")
        );
        assert_eq!(call("format_timestamp", literals!["%F", ()]), json!(null));
        assert!(error("format_timestamp", literals!["%!", time("2026-03-02 09:00:00")]).contains("%!"));
    }
}
