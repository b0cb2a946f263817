//! Compares verdicts on public Sigma rules: `sigma-bench RULES_FOLDER ATALANTA_BINARY [REGRESSION_FOLDER]`.
//!
//! Every rule is lowered with the pipeline `none` and run by the `atalanta` binary over events made from the rule
//! itself: some that should match, some that should not, some changed in one place. The same events go through
//! rsigma-eval. With a third argument the recorded events that rules must match are run too.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;

use atalanta_sigma_bench::files::{self, RuleFile};
use atalanta_sigma_bench::{events, regression, verdicts};

/// Rules that go into one query.
const BATCH: usize = 40;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rules, binary, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: sigma-bench RULES_FOLDER ATALANTA_BINARY [REGRESSION_FOLDER]");
    };
    let read = files::read(Path::new(rules))?;
    println!(
        "{} files, {} documents read, {} files with errors",
        read.files,
        read.documents,
        read.broken.len()
    );
    for (path, reason) in &read.broken {
        println!("  not read: {path}: {reason}");
    }
    println!("{} rules lowered, {} refused", read.rules.len(), read.refused.len());
    for (path, reason) in &read.refused {
        println!("  refused: {path}: {reason}");
    }
    if let [regression] = rest {
        return regression::run(&read.rules, binary, Path::new(regression));
    }
    compare(&read.rules, binary)
}

fn compare(rules: &[RuleFile], binary: &str) -> anyhow::Result<()> {
    let (mut verdicts, mut matched, mut unloaded) = (0_u64, 0_u64, Vec::new());
    let mut differences: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, batch) in rules.chunks(BATCH).enumerate() {
        let events = events::of_batch(batch, number as u64);
        let ours = verdicts::ours(batch, &events, binary).with_context(|| format!("batch {number}"))?;
        for (rule, ours) in batch.iter().zip(&ours) {
            let theirs = match verdicts::theirs(rule, &events) {
                Ok(theirs) => theirs,
                Err(reason) => {
                    unloaded.push(format!("{}: {reason}", rule.path));
                    continue;
                }
            };
            for ((event, ours), theirs) in events.iter().zip(ours).zip(theirs) {
                verdicts += 1;
                matched += u64::from(*ours);
                if *ours != theirs {
                    let line =
                        format!("ours {ours}, theirs {theirs}: {}", serde_json::Value::Object(event.clone()));
                    differences.entry(rule.path.clone()).or_default().push(line);
                }
            }
        }
    }
    println!("{verdicts} verdicts, {matched} matches; not loaded by rsigma-eval: {}", unloaded.len());
    unloaded.iter().for_each(|line| println!("  not loaded: {line}"));
    let count: usize = differences.values().map(Vec::len).sum();
    println!("{count} differences in {} rules", differences.len());
    for (path, lines) in &differences {
        println!("  {path}: {} of its verdicts, such as {}", lines.len(), lines[0]);
    }
    Ok(())
}
