//! Compares verdicts on public Sigma rules: `atalanta-sigma-bench CHECKOUT ATALANTA_BINARY [COMMIT]`.
//!
//! Every rule is lowered with the pipeline `none` and run by the `atalanta` binary over events made from the rules
//! ([`atalanta_sigma_bench::events`]). The same events go through rsigma-eval. Verdicts that differ are counted by cause
//! ([`atalanta_sigma_bench::causes`]). If the checkout has recorded events that rules must match, these are run too. The
//! page RESULTS.md goes to standard output; on standard error stands how far it is, and one event of each rule whose
//! verdicts differ.

use std::path::Path;

use atalanta_sigma_bench::compare::compare;
use atalanta_sigma_bench::{files, regression, report};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (checkout, binary, commit) = match arguments.as_slice() {
        [checkout, binary] => (checkout, binary, "an unknown commit".to_owned()),
        [checkout, binary, commit] => (checkout, binary, format!("commit {commit}")),
        _ => anyhow::bail!("usage: atalanta-sigma-bench CHECKOUT ATALANTA_BINARY [COMMIT]"),
    };
    let mut read = files::read(Path::new(checkout))?;
    let rules = std::mem::take(&mut read.rules);
    let lowered = rules.len();
    let recorded = Path::new(checkout).join("regression_data");
    let recorded = if recorded.is_dir() {
        regression::run(&rules, binary, &recorded)?
    } else {
        regression::Counts::default()
    };
    let counts = compare(rules, binary)?;
    for (path, difference) in counts.differences.values().flatten() {
        eprintln!("{path}: {}", difference.shown());
    }
    print!("{}", report::page(&commit, &read, lowered, &counts, &recorded));
    Ok(())
}
