//! Reference page of datasets, fields and value lists, generated from the catalogue.

use std::fmt::Write;

use crate::catalog::{Catalog, Dataset, DatasetKind, Field};
use crate::enums::Enum;

/// The reference page as Markdown, the same text for the same content files.
pub fn manual() -> String {
    let catalog = Catalog::builtin();
    let mut out = String::from("# Datasets and fields\n\n");
    out.push_str("Generated from `content/schema`; do not edit.\n");
    for dataset in catalog.datasets().iter().filter(|d| d.kind == DatasetKind::Events) {
        events(&mut out, dataset);
    }
    presets(&mut out, catalog);
    raw(&mut out, catalog);
    lookups(&mut out, catalog);
    out.push_str("\n## Value lists\n");
    for list in catalog.enums() {
        value_list(&mut out, list);
    }
    out
}

fn events(out: &mut String, dataset: &Dataset) {
    let _ = write!(out, "\n## `{}`\n\n{}. {} columns.\n", dataset.name, dataset.title, dataset.fields.len());
    out.push_str("\nA column is nullable unless marked \"never null\". *Cortex* is the field of Cortex XDR with this meaning.\n");
    for group in dataset.groups.iter() {
        let _ = write!(out, "\n### {}\n\n", group.title);
        field_table(out, dataset.fields.iter().filter(|f| f.group == group.name));
    }
}

fn field_table<'a>(out: &mut String, fields: impl Iterator<Item = &'a Field>) {
    out.push_str("| field | type | meaning | aliases | Cortex |\n|---|---|---|---|---|\n");
    for field in fields {
        let mut meaning = field.description.clone();
        if !field.nullable {
            meaning.push_str("; never null");
        }
        if let Some(name) = &field.enum_name {
            let _ = write!(meaning, "; values: [{name}](#{name})");
        }
        let aliases: Vec<_> = field.aliases.iter().map(|a| format!("`{a}`")).collect();
        let cortex = field.cortex.as_ref().map(|c| format!("`{c}`")).unwrap_or_default();
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {cortex} |",
            field.name,
            field.ty,
            cell(&meaning),
            aliases.join(", "),
        );
    }
}

fn presets(out: &mut String, catalog: &Catalog) {
    out.push_str("\n## Presets\n\n| preset | rows | of | filter |\n|---|---|---|---|\n");
    for dataset in catalog.datasets() {
        let DatasetKind::Preset { of, filter_field, filter_values } = &dataset.kind else {
            continue;
        };
        let _ = writeln!(
            out,
            "| `{}` | {} | `{of}` | `{filter_field}` is {} |",
            dataset.name,
            cell(&dataset.title),
            filter_values.join(" or "),
        );
    }
}

fn raw(out: &mut String, catalog: &Catalog) {
    let raw: Vec<_> = catalog.datasets().iter().filter(|d| d.kind == DatasetKind::Raw).collect();
    out.push_str("\n## Raw datasets\n\nVerbatim records. All have these fields, and the top-level members of a JSON record:\n\n");
    if let Some(first) = raw.first() {
        field_table(out, first.fields.iter());
    }
    out.push_str("\n| dataset | records |\n|---|---|\n");
    for dataset in raw {
        let _ = writeln!(out, "| `{}` | {} |", dataset.name, cell(&dataset.title));
    }
}

fn lookups(out: &mut String, catalog: &Catalog) {
    out.push_str("\n## State and lookup datasets\n");
    for dataset in catalog.datasets().iter().filter(|d| d.kind == DatasetKind::Lookup) {
        let open = if dataset.open { " Its fields are those of the loaded table." } else { "" };
        let _ = write!(out, "\n### `{}`\n\n{}.{open}\n", dataset.name, dataset.title);
        if !dataset.fields.is_empty() {
            out.push('\n');
            field_table(out, dataset.fields.iter());
        }
    }
}

fn value_list(out: &mut String, list: &Enum) {
    let closed = if list.closed { "closed" } else { "open" };
    let _ = write!(out, "\n### {}\n\n{} ({closed} list).\n\n", list.name, list.title);
    out.push_str("| value | number | in Cortex | under | notes |\n|---|---|---|---|---|\n");
    for value in &list.values {
        let number = value.number.map(|n| n.to_string()).unwrap_or_default();
        let mut notes: Vec<String> = Vec::new();
        notes.extend(value.description.clone());
        if !value.aliases.is_empty() {
            notes.push(format!("also {}", value.aliases.join(", ")));
        }
        notes.extend(value.cortex_equivalent.as_ref().map(|c| format!("Cortex: {c}")));
        notes.extend(value.cortex_nearest.as_ref().map(|c| format!("nearest in Cortex: {c}")));
        let _ = writeln!(
            out,
            "| `{}` | {number} | {} | {} | {} |",
            value.name,
            if value.cortex { "yes" } else { "no" },
            value.of.as_deref().unwrap_or_default(),
            cell(&notes.join("; ")),
        );
    }
}

/// Text of a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_dataset_field_alias_and_value() {
        let page = manual();
        let catalog = Catalog::builtin();
        for dataset in catalog.datasets() {
            assert!(page.contains(&format!("`{}`", dataset.name)), "{}", dataset.name);
            for field in dataset.fields.iter() {
                assert!(page.contains(&format!("| `{}` | {} |", field.name, field.ty)), "{}", field.name);
                for alias in &field.aliases {
                    assert!(page.contains(&format!("`{alias}`")), "{alias}");
                }
            }
        }
        for value in catalog.enums().iter().flat_map(|e| &e.values) {
            assert!(page.contains(&format!("| `{}` |", value.name)), "{}", value.name);
        }
    }

    #[test]
    fn every_table_row_has_the_cells_of_its_header() {
        let mut columns = None;
        for line in manual().lines() {
            if !line.starts_with('|') {
                columns = None;
                continue;
            }
            let here = line.replace("\\|", "").matches('|').count();
            assert_eq!(*columns.get_or_insert(here), here, "{line}");
        }
    }
}
