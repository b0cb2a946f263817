//! The rules of a checkout of SigmaHQ.

use std::path::{Path, PathBuf};

use atalanta_sigma::{Document, Matcher, Pipeline};

/// Folders of a checkout whose rules are compared; the others hold placeholders, drafts and old formats.
const FOLDERS: [&str; 3] = ["rules", "rules-emerging-threats", "rules-threat-hunting"];

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
    /// Files with several documents, or with a correlation.
    pub several: Vec<String>,
    /// Rules with their queries.
    pub rules: Vec<RuleFile>,
}

/// Reads the rules of a checkout, or of any folder with everything below it.
pub fn read(folder: &Path) -> anyhow::Result<Read> {
    let own: Vec<PathBuf> =
        FOLDERS.iter().map(|name| folder.join(name)).filter(|path| path.is_dir()).collect();
    let mut paths = Vec::new();
    if own.is_empty() {
        walk(folder, &mut paths)?;
    }
    for folder in &own {
        walk(folder, &mut paths)?;
    }
    paths.sort();
    let pipeline = pipeline();
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
        match one(&shown, &text, &pipeline)? {
            Some(Ok(rule)) => read.rules.push(rule),
            Some(Err(reason)) => read.refused.push((shown, reason)),
            None => read.several.push(shown),
        }
    }
    Ok(read)
}

/// The pipeline that leaves fields as they are.
pub fn pipeline() -> Pipeline {
    let none = Pipeline::builtin("none").cloned().unwrap_or_default();
    none.with_state("dataset", "ev").with_state("keyword_field", "rawtext")
}

/// The rule of a file, or why it cannot be lowered. None for files with several documents: their engine takes a file as
/// one collection, so that it has no verdict of one of them.
pub fn one(path: &str, text: &str, pipeline: &Pipeline) -> anyhow::Result<Option<Result<RuleFile, String>>> {
    let (documents, _) = atalanta_sigma::parse(text);
    let [Document::Rule(rule)] = documents.as_slice() else { return Ok(None) };
    let lowered = atalanta_sigma::lower(rule, pipeline);
    if let Some(first) = lowered.diagnostics.first() {
        return Ok(Some(Err(first.message.clone())));
    }
    let found = lowered.xql.split_once("dataset = ev\n| filter ");
    let (Some((_, condition)), Some(matcher)) = (found, lowered.matcher) else {
        anyhow::bail!("{path}: the query has no filter: {}", lowered.xql);
    };
    Ok(Some(Ok(RuleFile {
        path: path.to_owned(),
        id: rule.meta.id.as_ref().map(|id| id.text.clone()).unwrap_or_default(),
        text: text.to_owned(),
        condition: condition.trim().to_owned(),
        matcher,
    })))
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
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
