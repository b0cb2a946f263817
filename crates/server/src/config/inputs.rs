//! `[[files]]` and `[[folders]]`: what the server reads by itself.

use std::path::PathBuf;

use atalanta_intake::Target;
use atalanta_intake::inputs::{Input, InputKind};
use serde::Deserialize;

use super::duration;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    path: PathBuf,
    #[serde(default = "auto")]
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FolderEntry {
    path: PathBuf,
    #[serde(default = "auto")]
    source: String,
    #[serde(default = "ten_seconds")]
    interval: String,
}

fn auto() -> String {
    "auto".to_owned()
}

fn ten_seconds() -> String {
    "10s".to_owned()
}

pub(super) fn inputs(files: Vec<FileEntry>, folders: Vec<FolderEntry>) -> Result<Vec<Input>, String> {
    let mut inputs = Vec::new();
    for entry in files {
        let what = format!("files `{}`", entry.path.display());
        let target = Target::parse(&entry.source).map_err(|error| format!("{what}: {error}"))?;
        inputs.push(Input { path: entry.path, target, kind: InputKind::File });
    }
    for entry in folders {
        let what = format!("folders `{}`", entry.path.display());
        let target = Target::parse(&entry.source).map_err(|error| format!("{what}: {error}"))?;
        let interval = duration(&format!("{what} interval"), &entry.interval)?;
        inputs.push(Input { path: entry.path, target, kind: InputKind::Folder { interval } });
    }
    if let Some(input) = inputs.iter().find(|input| input.path.as_os_str().is_empty()) {
        return Err(format!("{}: path: expected the name of a file or folder", input.kind.name()));
    }
    let mut paths: Vec<&PathBuf> = inputs.iter().map(|input| &input.path).collect();
    paths.sort();
    if let Some(pair) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("{}: is named twice in [[files]] and [[folders]]", pair[0].display()));
    }
    Ok(inputs)
}
