//! The rules of a folder.

use std::path::Path;

use atalanta_sigma::{Document, Matcher, Pipeline};

/// A rule with its query.
pub struct RuleFile {
    /// Path below the folder.
    pub path: String,
    /// Its id.
    pub id: String,
    /// The text of the file.
    pub text: String,
    /// The condition of its query.
    pub condition: String,
    /// What the query means.
    pub matcher: Matcher,
}

/// What was read.
#[derive(Default)]
pub struct Read {
    /// Files that hold a detection or a correlation.
    pub files: usize,
    /// Documents without errors.
    pub documents: usize,
    /// Files with errors.
    pub broken: Vec<(String, String)>,
    /// Rules that cannot be lowered.
    pub refused: Vec<(String, String)>,
    /// Rules with their queries.
    pub rules: Vec<RuleFile>,
}

/// Reads a folder with everything below it.
pub fn read(folder: &Path) -> anyhow::Result<Read> {
    let mut paths = Vec::new();
    walk(folder, &mut paths)?;
    paths.sort();
    let none = Pipeline::builtin("none").cloned().unwrap_or_default();
    let pipeline = none.with_state("dataset", "ev").with_state("keyword_field", "rawtext");
    let mut read = Read::default();
    for path in paths {
        let text = std::fs::read_to_string(&path)?;
        let holds = |key: &str| text.lines().any(|line| line.starts_with(key));
        if !holds("detection:") && !holds("correlation:") {
            continue;
        }
        let shown = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        read.files += 1;
        let (documents, diagnostics) = atalanta_sigma::parse(&text);
        if let Some(first) = diagnostics.first() {
            read.broken.push((shown.clone(), first.message.clone()));
        }
        read.documents += documents.len();
        // Their engine takes a file as one collection, so that files of several rules have no verdict of one rule.
        let [Document::Rule(rule)] = documents.as_slice() else { continue };
        let lowered = atalanta_sigma::lower(rule, &pipeline);
        if let Some(first) = lowered.diagnostics.first() {
            read.refused.push((shown, first.message.clone()));
            continue;
        }
        let found = lowered.xql.split_once("dataset = ev\n| filter ");
        let (Some((_, condition)), Some(matcher)) = (found, lowered.matcher) else {
            anyhow::bail!("{shown}: the query has no filter: {}", lowered.xql);
        };
        let id = rule.meta.id.as_ref().map(|id| id.text.clone()).unwrap_or_default();
        read.rules.push(RuleFile {
            path: shown,
            id,
            text: text.clone(),
            condition: condition.trim().to_owned(),
            matcher,
        });
    }
    Ok(read)
}

fn walk(folder: &Path, paths: &mut Vec<std::path::PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            paths.push(path);
        }
    }
    Ok(())
}
