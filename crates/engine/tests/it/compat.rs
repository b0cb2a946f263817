//! `COMPAT.md` is made from the table of choices; `UPDATE_DOCS=1` writes it anew and leaves the conformance section alone.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use atalanta_engine::choices::{Choice, all, functions, stages};

const BEGIN: &str = "<!-- conformance:begin -->";
const END: &str = "<!-- conformance:end -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_page_is_made_from_the_choices() {
    let path = root().join("COMPAT.md");
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let page = page(&conformance(&found));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "{} is out of date: run the test with UPDATE_DOCS=1", path.display());
}

#[test]
fn every_choice_has_a_place_and_a_test() {
    let mut wrong = Vec::new();
    let mut ids = HashSet::new();
    for choice in all() {
        let (file, name) = choice.place;
        let source = std::fs::read_to_string(root().join(file)).unwrap_or_default();
        let spec = std::fs::read_to_string(root().join("spec/xql").join(choice.shown_by)).unwrap_or_default();
        if !source.contains(name) {
            wrong.push(format!("{}: `{name}` is not in {file}", choice.id));
        }
        if !spec.contains(&format!("({})", choice.id)) {
            wrong.push(format!(
                "{}: spec/xql/{} does not mention ({})",
                choice.id, choice.shown_by, choice.id
            ));
        }
        if !ids.insert(choice.id) {
            wrong.push(format!("{} is there twice", choice.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What another test keeps between the markers.
fn conformance(page: &str) -> String {
    let inside = page.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
    inside.map_or_else(|| "\n".to_owned(), |(inside, _)| inside.to_owned())
}

fn page(conformance: &str) -> String {
    let mut page = String::from(
        "# Compatibility with XQL\n\n\
         Generated from the table of choices (`crates/engine/src/choices`); do not edit outside of the conformance \
         section.\n\n\
         The documentation of XQL is silent or contradicts itself in places. This page lists each such point that \
         matters to a query, what is known, and what this engine does. Each choice stands in one place of the code \
         and is shown by a file of the specification in `spec/xql`.\n\n\
         Evidence: D documentation, C newer command reference, T training, R seen in real rules, B as BigQuery \
         does, G a guess.\n",
    );
    table(&mut page, "Sources, stages, literals, operators", stages::CHOICES);
    table(&mut page, "Functions", functions::CHOICES);
    let _ = write!(page, "\n## Conformance\n\n{BEGIN}{conformance}{END}\n");
    page
}

fn table(page: &mut String, title: &str, choices: &[Choice]) {
    if choices.is_empty() {
        return;
    }
    let _ = write!(page, "\n## {title}\n\n");
    page.push_str(
        "| id | question | evidence | here | in the code | shown by |\n|---|---|---|---|---|---|\n",
    );
    for choice in choices {
        let cell = |text: &str| text.replace('|', "\\|");
        let (file, name) = choice.place;
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | `{}` in [{}]({}) | [{}](spec/xql/{}) |",
            choice.id,
            cell(choice.question),
            cell(choice.evidence),
            cell(choice.choice),
            name,
            file.rsplit('/').next().unwrap_or(file),
            file,
            choice.shown_by,
            choice.shown_by,
        );
    }
}
