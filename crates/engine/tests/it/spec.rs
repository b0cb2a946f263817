//! The language specification in `spec/xql` is its own test: tables, queries and results in Markdown.
//!
//! The format is described in `spec/xql/README.md`.

mod block;
mod cells;
mod run;

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/xql")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>());
    let mut found: Vec<PathBuf> = entries.unwrap_or_default().iter().map(std::fs::DirEntry::path).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    found
}

/// Runs every file of a folder of `spec/xql`; all failures are reported together.
fn folder(name: &str, at_least: usize) {
    let data = block::read(&root().join("data.md")).unwrap();
    let mut report = String::new();
    let mut cases = 0;
    let only = std::env::var("SPEC").unwrap_or_default();
    for path in files(&root().join(name)) {
        if !path.display().to_string().contains(&only) {
            continue;
        }
        match block::read(&path) {
            Ok(blocks) => {
                let outcome = run::file(&path, &data, &blocks);
                cases += outcome.cases;
                for failure in outcome.failures {
                    let _ = writeln!(report, "{}:{}: {}\n", path.display(), failure.line, failure.text);
                }
            }
            Err(message) => {
                let _ = writeln!(report, "{}: {message}\n", path.display());
            }
        }
    }
    assert!(report.is_empty(), "\n{report}");
    assert!(cases >= at_least || !only.is_empty(), "{name}: {cases} cases, expected at least {at_least}");
}

#[test]
fn stages_do_what_the_specification_says() {
    folder("stages", 1);
}

#[test]
fn functions_do_what_the_specification_says() {
    folder("functions", 0);
}

#[test]
fn vectors_of_the_reference_hold() {
    folder("vectors", 1);
}
