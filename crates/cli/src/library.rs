//! Saved queries: those inside the binary and those of folders.
//!
//! A query is a `.xql` file; its name is the file's path below the folder, without the extension.

use std::path::{Path, PathBuf};

use atalanta_xql::library::Library;
use rust_embed::RustEmbed;

/// Deepest folder that is searched for queries.
const DEPTH: usize = 8;

/// The queries inside the binary.
#[derive(RustEmbed)]
#[folder = "../../content/queries"]
#[include = "*.xql"]
struct Builtin;

/// The built-in queries, then those of the folders; the last one of a name counts.
pub fn load(folders: &[PathBuf]) -> anyhow::Result<Library> {
    let mut library = Library::default();
    let mut names: Vec<_> = Builtin::iter().collect();
    names.sort();
    for name in names {
        let Some(file) = Builtin::get(&name) else { continue };
        let Some(name) = name.strip_suffix(".xql") else { continue };
        library.add(name, &String::from_utf8_lossy(&file.data));
    }
    for folder in folders {
        if !folder.is_dir() {
            anyhow::bail!("{}: is not a folder of saved queries", folder.display());
        }
        read(folder, folder, &mut library, 0)?;
    }
    Ok(library)
}

fn read(root: &Path, folder: &Path, library: &mut Library, depth: usize) -> anyhow::Result<()> {
    let fail =
        |path: &Path, error: std::io::Error| anyhow::anyhow!("{}: cannot be read: {error}", path.display());
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| fail(folder, error))? {
        entries.push(entry.map_err(|error| fail(folder, error))?.path());
    }
    entries.sort();
    for path in entries {
        if path.is_dir() && depth < DEPTH {
            read(root, &path, library, depth + 1)?;
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xql")) {
            let text = std::fs::read_to_string(&path).map_err(|error| fail(&path, error))?;
            let below = path.strip_prefix(root).unwrap_or(&path).with_extension("");
            library.add(&below.to_string_lossy().replace('\\', "/"), &text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_query_is_sound_with_its_parameters() {
        use atalanta_xql::env::{Env, Mode};
        use atalanta_xql::parameters::{Value, names, substitute};

        let library = load(&[]).unwrap();
        assert!(library.iter().count() >= 3);
        for saved in library.iter() {
            let values: Vec<(String, Value)> =
                names(&saved.text).into_iter().map(|name| (name, Value::Int(1))).collect();
            let text = substitute(&saved.text, &values).unwrap();
            let checked = atalanta_xql::check(&text, &Env::new(Mode::Compat));
            assert!(!checked.has_errors(), "{}: {:?}", saved.name, checked.diagnostics);
        }
    }

    #[test]
    fn names_are_paths_below_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("net")).unwrap();
        std::fs::write(folder.path().join("net/30-day avg.xql"), "limit 1").unwrap();
        let library = load(&[folder.path().to_path_buf()]).unwrap();
        assert_eq!(library.find("NET/30-day AVG").map(|saved| saved.text.as_str()), Some("limit 1"));
        assert!(load(&[folder.path().join("missing")]).is_err());
    }
}
