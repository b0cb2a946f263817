//! Time to parse, resolve and check one query of 50 stages.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use atalanta_xql::check;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::logic::analyze;
use atalanta_xql::resolve::resolve;
use atalanta_xql::syntax::parse;

/// A hunt with many steps: 1 source, 11 blocks of 4 stages, 5 stages of aggregation at the end.
const QUERY: &str = include_str!("../../../crates/xql/examples/fifty_stages.xql");
/// Stages of the query.
const STAGES: usize = 50;

/// Parse, resolve and check a query of 50 stages
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Measured runs; the medians of the whole and of its steps are printed
    #[arg(long, default_value_t = 51)]
    repeat: usize,
}

/// Prints the medians as one JSON line.
///
/// # Errors
/// If the query has errors: then the figure would not be that of a query that runs.
pub fn run(options: &Check) -> Result<()> {
    let (text, env) = (QUERY, Env::new(Mode::Compat));
    let first = check(text, &env);
    if first.has_errors() {
        bail!("the query of the measurement has errors: {:?}", first.diagnostics);
    }
    let parsed = parse(text);
    let resolved = resolve(&parsed.query, &env);
    let repeat = options.repeat.max(1);
    println!(
        r#"{{"measure":"check","stages":{STAGES},"bytes":{},"diagnostics":{},"median_us":{:.0},"parse_us":{:.0},"resolve_us":{:.0},"logic_us":{:.0}}}"#,
        text.len(),
        first.diagnostics.len(),
        median(repeat, || check(text, &env)),
        median(repeat, || parse(text)),
        median(repeat, || resolve(&parsed.query, &env)),
        median(repeat, || analyze(&resolved.plan)),
    );
    Ok(())
}

/// Median wall time of the step in microseconds.
fn median<T>(repeat: usize, step: impl Fn() -> T) -> f64 {
    let mut times: Vec<Duration> = (0..repeat)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(step());
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_has_fifty_stages_and_no_error() {
        assert_eq!(QUERY.lines().count(), STAGES);
        let checked = check(QUERY, &Env::new(Mode::Compat));
        assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    }
}
