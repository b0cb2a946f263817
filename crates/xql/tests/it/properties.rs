//! Properties of fixes over every query of the content and the specification: a second run changes nothing, and
//! nothing is left of what was repaired.

use std::path::{Path, PathBuf};

use atalanta_diag::Applicability;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::stage_docs::STAGES;
use atalanta_xql::{check, fix};

fn files(folder: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, ending, out);
        } else if path.extension().is_some_and(|found| found == ending) {
            out.push(path);
        }
    }
}

/// The fenced queries of the Markdown specification.
fn fenced(text: &str) -> impl Iterator<Item = &str> {
    text.split("```xql\n").skip(1).filter_map(|rest| rest.split("\n```").next())
}

fn queries() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut hunts, mut pages) = (Vec::new(), Vec::new());
    files(&root.join("content"), "xql", &mut hunts);
    files(&root.join("spec"), "md", &mut pages);
    let mut all: Vec<String> = hunts.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for page in pages {
        let text = std::fs::read_to_string(page).unwrap();
        all.extend(fenced(&text).map(ToOwned::to_owned));
    }
    all.extend(STAGES.iter().map(|stage| stage.example.to_owned()));
    all
}

#[test]
fn fixes_come_to_an_end_and_leave_nothing_of_what_they_repaired() {
    let env = Env::new(Mode::Compat);
    let all = queries();
    assert!(all.len() > 90, "{} queries", all.len());
    let mut wrong = Vec::new();
    for text in &all {
        for level in [Applicability::Safe, Applicability::NeedsReview] {
            let once = fix(text, level, &env);
            if fix(&once.text, level, &env).text != once.text {
                wrong.push(format!("{level:?}: a second run changes\n{}", once.text));
            }
            let left = check(&once.text, &env).diagnostics;
            if let Some(one) = left.iter().find(|one| one.has_fix(level)) {
                wrong.push(format!("{level:?}: {} {} is left in\n{}", one.code, one.message, once.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is meant does not change with the layout.
#[test]
fn formatting_changes_no_diagnostic() {
    let env = Env::new(Mode::Compat);
    for text in queries() {
        let codes = |text: &str| -> Vec<String> {
            let mut codes: Vec<String> = check(text, &env)
                .diagnostics
                .iter()
                .map(|one| format!("{} {}", one.code, one.message))
                .collect();
            codes.sort();
            codes
        };
        let formatted = atalanta_xql::format::format(&text, atalanta_xql::format::Kind::Query).text;
        assert_eq!(codes(&text), codes(&formatted), "{formatted}");
    }
}
