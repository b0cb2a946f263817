//! `atalanta parse`: parsing rules over logs.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use atalanta_engine::program::events::Origin;
use atalanta_xql::syntax::rules::Section;
use serde_json::Value;

use super::model::{Format, print_rows, report};
use crate::Ended;
use crate::figures::plural;
use crate::modeling::pack::Pack;
use crate::modeling::records;
use crate::output::cell::Fields;
use crate::terminal::Terminal;

/// Try parsing rules (.xif) on logs: prints the rows that would be stored
///
/// Every statement of an `[INGEST]` or `[COLLECT]` section is a rule of its own; a log that two let through is
/// stored twice. A log that none lets through is stored as its raw text, or discarded with `no_hit = drop`. Logs are
/// JSON objects, or lines of text, which arrive as `_raw_log`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Rules files
    #[arg(long, short, required = true, num_args = 1.., value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// Logs: files, folders, patterns, or `-` for standard input
    #[arg(long, short, required = true, num_args = 1.., value_name = "PATH")]
    events: Vec<String>,
    /// Only the sections of this vendor; also what `_vendor` holds
    #[arg(long, value_name = "NAME")]
    vendor: Option<String>,
    /// Only the sections of this product; also what `_product` holds
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// Only the sections that store into this dataset
    #[arg(long, short, value_name = "NAME")]
    dataset: Option<String>,
    /// Folder of the lookups that parsing rules join, as `target` writes them
    #[arg(long, value_name = "FOLDER")]
    lookups: Option<PathBuf>,
    /// MaxMind databases for `iploc`
    #[arg(long, value_name = "FILE")]
    geoip: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  atalanta parse --rules Gateway.xif --events gateway.log
  atalanta parse --rules Gateway.xif --events logs.ndjson --vendor acme --product gateway --format ndjson
  atalanta parse --rules Owners.xif --events logs.ndjson --lookups lookups/ --geoip GeoLite2-City.mmdb
  journalctl -o cat | atalanta parse --rules Linux.xif --events -

Exit codes: 0 done, 2 the rules or the logs could not be read";

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let mut pack = Pack::read(&args.rules, None)?;
    pack.surround(args.lookups.as_deref(), &args.geoip, terminal)?;
    pack.print_mistakes(terminal);
    let records = records::read(&args.events, terminal)?;
    let wanted = |section: &Section| wants(&args, section);
    let origin = Origin {
        vendor: args.vendor.clone().or_else(|| pack.ingest_argument("vendor")).unwrap_or_default(),
        product: args.product.clone().or_else(|| pack.ingest_argument("product")).unwrap_or_default(),
        now: jiff::Timestamp::now().as_microsecond(),
    };
    let (mut rows, outcome) = pack.ingest(&wanted, &records, &origin, &args.events.join(", "))?;
    report(&pack, &outcome, terminal);
    let several = rows.iter().any(|(dataset, _)| *dataset != rows[0].0);
    if several {
        for (dataset, row) in &mut rows {
            row.fields.0.insert(0, ("_dataset".to_owned(), Value::String(dataset.clone())));
        }
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    let fields: Vec<&Fields> = rows.iter().map(|(_, row)| &row.fields).collect();
    print_rows(&mut out, args.format, terminal, fields.into_iter())?;
    out.flush()?;
    drop(out);
    let stored = plural(rows.len() as u64, "row");
    terminal.note(&format!("{stored} stored of {}", plural(records.len() as u64, "log")));
    Ok(Ended::Clean)
}

fn wants(args: &Args, section: &Section) -> bool {
    let is = |name: &str, wanted: &Option<String>| {
        let Some(wanted) = wanted else { return true };
        section.argument(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    is("vendor", &args.vendor) && is("product", &args.product) && is("target_dataset", &args.dataset)
}
