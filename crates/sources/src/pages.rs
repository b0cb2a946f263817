//! docs/sources: a page for each source, and what becomes of the members of its records. `UPDATE_DOCS=1` writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::samples::{Fate, Sample, builtin_samples, member_fates};
use crate::{Registry, Source};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn is_recorded(source: &Source, sample: &Sample) -> bool {
    source.recorded.iter().any(|name| match name.strip_suffix('*') {
        Some(begin) => sample.name.starts_with(begin),
        None => sample.name == *name,
    })
}

/// Members of the recorded samples, or of all where nothing is recorded.
fn fates(source: &Source) -> (bool, BTreeMap<String, Fate>) {
    let all = builtin_samples(source);
    let recorded: Vec<Sample> = all.iter().filter(|sample| is_recorded(source, sample)).cloned().collect();
    let some = !recorded.is_empty();
    (some, member_fates(source, if some { &recorded } else { &all }).unwrap())
}

fn page(source: &Source, recorded: bool, fates: &BTreeMap<String, Fate>) -> String {
    let mut page = format!("# {}\n\n", source.title);
    let _ = writeln!(
        page,
        "`--source {}`, {} {}. [Format]({}).\n",
        source.id, source.vendor, source.product, source.link
    );
    page.push_str("## Connect\n\n");
    for (at, step) in source.connect.iter().enumerate() {
        let _ = writeln!(page, "{}. {step}", at + 1);
    }
    let _ = writeln!(
        page,
        "\n## Rows\n\nClasses: {}. Raw dataset: `{}`.",
        source.event_classes.join(", "),
        source.raw_dataset
    );
    if let Some(version) = &source.version {
        let known = version.known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            page,
            "Records whose `{}` is not {known} are mapped as far as they go and marked `partial`.",
            version.member
        );
    }
    let columns = source.assigned_columns();
    let _ = writeln!(
        page,
        "\nColumns: {}.",
        columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    );
    let basis = if recorded {
        "recorded samples"
    } else {
        "samples, which are written after the format's documentation"
    };
    let _ =
        writeln!(page, "\n## Members of its records\n\nFrom the {basis}. `[]` is any place of an array.\n");
    page.push_str("| member | kept in |\n|---|---|\n");
    for (path, fate) in fates {
        let kept = match fate {
            Fate::Mapped => "column",
            Fate::Attribute => "`attributes`",
            Fate::Dropped => "dropped",
        };
        let _ = writeln!(page, "| `{}` | {kept} |", path.replace('|', "\\|"));
    }
    let notes = root().join("content/sources").join(&source.id).join("samples/README.md");
    let notes = std::fs::read_to_string(notes).unwrap();
    let _ = write!(page, "\n## Samples\n{}", notes.trim_start_matches("# Samples\n"));
    page
}

#[test]
fn pages_are_those_of_the_sources() {
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut index = String::from(
        "# Sources\n\nMade from content/sources (`make docs`). Members: how many of the members that occur in the \
         samples are in a column, in `attributes`, or lost.\n\n\
         | source | reads | samples | members | column | `attributes` | dropped |\n|---|---|---|---:|---:|---:|---:|\n",
    );
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    for source in Registry::builtin().sources() {
        let (recorded, fates) = fates(source);
        let count = |wanted: Fate| fates.values().filter(|fate| **fate == wanted).count();
        let _ = writeln!(
            index,
            "| [`{id}`]({id}.md) | {} | {} | {} | {} | {} | {} |",
            source.title,
            if recorded { "recorded" } else { "written" },
            fates.len(),
            count(Fate::Mapped),
            count(Fate::Attribute),
            count(Fate::Dropped),
            id = source.id,
        );
        pages.insert(format!("{}.md", source.id), page(source, recorded, &fates));
    }
    index.push_str(
        "\nHow many events a second one core maps: `make speed` measures it and writes speed.md beside this page.\n",
    );
    pages.insert("README.md".to_owned(), index);
    let folder = root().join("docs/sources");
    if update {
        std::fs::create_dir_all(&folder).unwrap();
    }
    for (name, text) in pages {
        let path = folder.join(&name);
        if update {
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "docs/sources/{name} is out of date: make docs");
    }
}
