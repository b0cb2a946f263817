//! The operating procedure's queries: every known defect is reported, and the fixer reaches the repaired text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use atalanta_diag::{Applicability, Severity};
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::resolve::resolve;
use atalanta_xql::syntax::parse;
use atalanta_xql::{check, fix, lint};

fn hunts() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/hunts/sop");
    let mut out: Vec<_> = fs::read_dir(root)
        .expect("the hunts are in the repository")
        .map(|entry| entry.expect("readable folder").path())
        .filter(|path| path.join("as_written.xql").is_file())
        .map(|path| (path.file_name().expect("named").to_string_lossy().into_owned(), path))
        .collect();
    out.sort();
    assert_eq!(out.len(), 35);
    out
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("each hunt has both texts")
}

/// The first line in which two texts differ.
fn first_difference(left: &str, right: &str) -> Option<usize> {
    let (left, right): (Vec<_>, Vec<_>) = (left.lines().collect(), right.lines().collect());
    (0..left.len().max(right.len())).find(|line| left.get(*line) != right.get(*line))
}

#[test]
fn the_fixer_reaches_the_repaired_text() {
    let env = Env::new(Mode::Compat);
    let mut wrong = Vec::new();
    for (id, folder) in hunts() {
        let repaired = read(&folder, "repaired.xql");
        let fixed = fix(&read(&folder, "as_written.xql"), Applicability::NeedsReview, &env);
        let Some(line) = first_difference(&fixed.text, &repaired) else { continue };
        // A reviewed edit may change what follows it; up to there the fixer's text stands.
        let reviewed =
            repaired.lines().nth(line).is_some_and(|line| line.trim().starts_with("// reviewed: "));
        if !reviewed {
            wrong.push(format!("{id}, line {}:\n{}\n--- repaired\n{repaired}", line + 1, fixed.text));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n=====\n"));
}

#[test]
fn the_repaired_text_needs_no_fix() {
    let env = Env::new(Mode::Strict);
    let mut wrong = Vec::new();
    for (id, folder) in hunts() {
        let checked = check(&read(&folder, "repaired.xql"), &env);
        for diagnostic in &checked.diagnostics {
            let fixable =
                diagnostic.severity != Severity::Info && diagnostic.has_fix(Applicability::NeedsReview);
            if fixable || diagnostic.severity == Severity::Error {
                wrong.push(format!("{id}: {} {}", diagnostic.code, diagnostic.message));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn fixing_twice_changes_nothing() {
    let env = Env::new(Mode::Compat);
    for (id, folder) in hunts() {
        for (name, level) in
            [("as_written.xql", Applicability::Safe), ("repaired.xql", Applicability::NeedsReview)]
        {
            let once = fix(&read(&folder, name), level, &env).text;
            let twice = fix(&once, level, &env);
            assert_eq!(once, twice.text, "{id}");
            assert!(twice.applied.is_empty(), "{id}: {:?}", twice.applied);
        }
    }
}

/// The nine queries of which `XQL.md` says that they can never return a row, and the two that mean alternatives.
#[test]
fn empty_queries_are_called_empty() {
    let env = Env::new(Mode::Compat);
    let never = ["2.1-1", "2.7-2", "2.7-3", "2.1-3", "2.3-1", "2.6-3", "2.8-2", "2.10-3", "3.1-1"];
    for (id, folder) in hunts() {
        let reports = |name: &str| {
            let checked = check(&read(&folder, name), &env);
            checked.diagnostics.iter().any(|diagnostic| diagnostic.code.0 == "XL001")
        };
        assert_eq!(reports("as_written.xql"), never.contains(&id.as_str()), "{id}");
        assert!(!reports("repaired.xql"), "{id}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    /// Broken texts are checked and fixed without a panic, and a fixed text stays as it is.
    #[test]
    fn torn_texts_are_survived(which in 0_usize..35, from in 0_usize..600, length in 0_usize..120, noise in "[|\"()*,=a%\\n# ]{0,6}") {
        let (_, folder) = hunts().swap_remove(which);
        let text = read(&folder, "as_written.xql");
        let from = from.min(text.len());
        let to = (from + length).min(text.len());
        let torn = format!("{}{noise}{}", &text[..from], &text[to..]);
        let env = Env::new(Mode::Compat);
        let once = fix(&torn, Applicability::NeedsReview, &env);
        let twice = fix(&once.text, Applicability::NeedsReview, &env);
        proptest::prop_assert_eq!(&once.text, &twice.text);
    }
}

/// Codes that explain a defect of the operating procedure; one of them has to be reported.
const DEFECTS: [(&str, &[&str], &[&str]); 15] = [
    ("E1", &["XL001", "XL002", "XN007"], &["2.1-1", "2.7-2", "2.7-3", "2.10-3", "3.2-1", "3.2-2"]),
    ("E2", &["XL002"], &["2.2-1", "2.6-1", "2.7-1"]),
    ("E3", &["XT004"], &["2.2-2"]),
    ("E4", &["XN002"], AGGREGATING),
    ("E5", &["XP001"], AGGREGATING),
    (
        "E6",
        &["XP005"],
        &["2.1-1", "2.3-2", "2.5-1", "2.5-2", "2.7-2", "2.7-3", "2.8-1", "3.2-1", "3.2-2", "4.2-1"],
    ),
    ("E7", &["XL008"], &["2.2-3", "2.3-3", "2.8-1", "2.8-3"]),
    (
        "E8",
        &["XP006"],
        &["2.1-2", "2.2-3", "2.3-1", "2.3-3", "2.5-3", "2.6-2", "2.6-3", "2.8-3", "2.9-3", "3.1-2"],
    ),
    (
        "E9",
        &["XP007"],
        &[
            "2.1-2", "2.2-3", "2.3-1", "2.3-3", "2.5-3", "2.6-2", "2.6-3", "2.8-3", "2.9-3", "2.10-1",
            "2.10-2", "3.1-1", "3.1-2", "3.2-1",
        ],
    ),
    ("E10", &["XP008"], &["2.1-3"]),
    ("E11", &["XP009", "XL001", "XL002"], &["2.1-1", "2.1-3", "2.7-2", "2.7-3", "2.10-3", "3.2-2"]),
    ("E12", &["XP004"], &["2.9-1"]),
    ("E13", &["XL009"], &["2.9-1"]),
    ("E14", &["XP002"], &["3.2-1", "3.2-2"]),
    ("E15", &["XL007"], &["3.1-1"]),
];

/// The queries that aggregate.
const AGGREGATING: &[&str] = &[
    "2.1-2", "2.1-3", "2.3-1", "2.3-2", "2.4-1", "2.5-1", "2.5-3", "2.6-1", "2.6-2", "2.6-3", "2.7-1",
    "2.7-3", "2.8-2", "2.9-1", "2.9-2", "2.10-1", "2.10-3", "3.1-1", "3.1-2",
];

#[test]
fn every_known_defect_is_explained() {
    let env = Env::new(Mode::Compat);
    let mut missing = Vec::new();
    for (id, folder) in hunts() {
        let checked = check(&read(&folder, "as_written.xql"), &env);
        assert!(!checked.has_errors(), "{id} does not run: {:#?}", checked.diagnostics);
        let codes: BTreeSet<_> = checked.diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
        // E16, the dialect: in all of them.
        for code in ["XC001", "XC008", "XC010"] {
            assert!(codes.contains(code), "{id}: {code} is missing in {codes:?}");
        }
        for (defect, explained_by, queries) in DEFECTS {
            if queries.contains(&id.as_str()) && !explained_by.iter().any(|code| codes.contains(code)) {
                missing.push(format!("{id}: {defect} needs one of {explained_by:?}, has {codes:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn strict_mode_refuses_the_dialect() {
    let env = Env::new(Mode::Strict);
    for (id, folder) in hunts() {
        let checked = check(&read(&folder, "as_written.xql"), &env);
        assert!(checked.has_errors(), "{id}");
    }
}

#[test]
fn a_repaired_query_holds_no_dialect() {
    let env = Env::new(Mode::Compat);
    for (id, folder) in hunts() {
        let checked = check(&read(&folder, "repaired.xql"), &env);
        for diagnostic in &checked.diagnostics {
            let dialect = diagnostic.code.0.starts_with("XC") && diagnostic.code.0 != "XC012";
            assert!(!dialect, "{id}: {} {}", diagnostic.code, diagnostic.message);
        }
    }
}

/// The lints alone; the logic analysis has limits and tests of its own.
#[test]
fn long_queries_are_linted_in_linear_time() {
    let mut text = String::from("dataset = xdr_data");
    for nth in 0..500 {
        text.push_str("\n| alter t = t\n| filter action_remote_hostname like \"%.openai.com\"");
        text.extend([format!(
            "\n| filter action_file_path like \"%/d{nth}/%\" and action_remote_ip != \"172.16.*\""
        )]);
    }
    text.push_str("\n| comp count() by t as n\n| filter n > 3\n| fields event_time_ts");
    let parsed = parse(&text);
    let resolved = resolve(&parsed.query, &Env::new(Mode::Compat));
    let started = Instant::now();
    let diagnostics = lint::check(&text, &parsed, &resolved, &[], lint::Options::default());
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.code.0 == "XP001"));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
