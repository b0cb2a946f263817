//! Hunts from the packs inside the binary and from files and folders.
//!
//! A hunt is a folder with `hunt.yaml` and its query in `repaired.xql` or `as_written.xql`, or a bare `.xql` file
//! whose comments carry the title and the ATLAS ids, or a file of Sigma rules. A hunt that cannot be loaded is a problem, and the others
//! are loaded all the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use atalanta_schema::{Atlas, extract_ids};
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::sigma;
use atalanta_schema::Level;

/// The pack that is run when none is named.
pub const DEFAULT: &str = "sop";

const METADATA: &str = "hunt.yaml";
const REPAIRED: &str = "repaired.xql";
const AS_WRITTEN: &str = "as_written.xql";

/// The packs inside the binary: texts only, the recordings stay in the repository.
#[derive(RustEmbed)]
#[folder = "../../content/hunts"]
#[include = "*/hunt.yaml"]
#[include = "*.xql"]
struct Builtin;

/// A query with what it is for.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// What `hunt.yaml` says.
    pub about: About,
    /// The query that is to be run.
    pub query: String,
    /// Name of the query text in messages: a path, or `sop/2.1-1/repaired.xql`.
    pub place: String,
}

/// The metadata of a hunt, as in `hunt.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Stable id.
    pub id: String,
    /// Title.
    pub title: String,
    /// How bad a finding is.
    pub severity: Level,
    /// How sure a finding is.
    pub confidence: Level,
    /// Ids of ATLAS techniques.
    #[serde(default)]
    pub atlas: Vec<String>,
    /// Ids of OWASP lists.
    #[serde(default)]
    pub owasp: Vec<String>,
    /// What the hunt looks for.
    #[serde(default)]
    pub description: String,
    /// Harmless causes.
    #[serde(default)]
    pub false_positives: Vec<String>,
    /// What it cannot see.
    #[serde(default)]
    pub limits: Vec<String>,
    /// Where it comes from.
    #[serde(default)]
    pub references: Vec<String>,
    /// Columns that name who or what a finding is about.
    #[serde(default)]
    pub entities: Vec<String>,
}

/// What to load.
#[derive(Clone, Debug)]
pub struct Selection<'a> {
    /// Packs, ids, files and folders; empty for the default pack.
    pub names: &'a [String],
    /// Run the texts as their author wrote them.
    pub as_written: bool,
}

/// The hunts of a selection, each once, and what could not be loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The hunts, in the order of the selection.
    pub hunts: Vec<Hunt>,
    /// What could not be loaded, as sentences.
    pub problems: Vec<String>,
}

/// Loads a selection.
pub fn load(selection: &Selection<'_>) -> Loaded {
    let default = [DEFAULT.to_owned()];
    let names = if selection.names.is_empty() { &default } else { selection.names };
    let mut loaded = Loaded::default();
    for name in names {
        loaded.add(name, selection.as_written);
    }
    let mut seen = std::collections::HashSet::new();
    loaded.hunts.retain(|hunt| seen.insert((hunt.about.id.clone(), hunt.place.clone())));
    loaded
}

/// The hunts of all packs inside the binary.
pub fn builtin() -> Vec<Hunt> {
    let mut loaded = Loaded::default();
    for (folder, files) in builtin_folders() {
        loaded.add_folder(&folder, &files, false);
    }
    loaded.hunts
}

impl Loaded {
    /// A pack or an id inside the binary comes first; a path with a separator always means the disk.
    fn add(&mut self, name: &str, as_written: bool) {
        let mut found = false;
        for (folder, files) in builtin_folders() {
            let (pack, id) = folder.split_once('/').unwrap_or((folder.as_str(), ""));
            if name == pack || name == id || name == folder {
                found = true;
                self.add_folder(&folder, &files, as_written);
            }
        }
        if found {
            return;
        }
        let path = Path::new(name);
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.add_directory(path, as_written),
            Ok(_) if path.file_name().is_some_and(|file| file == METADATA) => {
                let folder = path.parent().unwrap_or(Path::new("."));
                self.add_disk_folder(folder, as_written);
            }
            Ok(_) => self.add_file(path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.problems.push(unknown(name)),
            Err(error) => self.problems.push(format!("{name}: cannot be read: {error}")),
        }
    }

    /// A folder of the disk: a hunt, or a pack of hunts and bare files at any depth.
    fn add_directory(&mut self, folder: &Path, as_written: bool) {
        if folder.join(METADATA).is_file() {
            return self.add_disk_folder(folder, as_written);
        }
        let before = (self.hunts.len(), self.problems.len());
        let mut entries: Vec<PathBuf> = match std::fs::read_dir(folder) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
            Err(error) => {
                self.problems.push(format!("{}: cannot be read: {error}", folder.display()));
                return;
            }
        };
        entries.sort();
        for entry in entries {
            let hidden = entry.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if hidden || entry.is_symlink() {
                continue;
            }
            if entry.is_dir() {
                self.add_subdirectory(&entry, as_written);
            } else if entry.extension().is_some_and(|extension| extension == "xql")
                || sigma::is_rule_file(&entry)
            {
                self.add_file(&entry);
            }
        }
        if before == (self.hunts.len(), self.problems.len()) {
            self.problems.push(format!(
                "{}: folder holds no hunt (hunt.yaml, *.xql or Sigma rules)",
                folder.display()
            ));
        }
    }

    /// A folder below a pack may hold other things, so that it has no hunt is no problem.
    fn add_subdirectory(&mut self, folder: &Path, as_written: bool) {
        let problems = self.problems.len();
        let hunts = self.hunts.len();
        self.add_directory(folder, as_written);
        if self.hunts.len() == hunts && self.problems.len() == problems + 1 {
            self.problems.retain(|problem| !problem.contains("folder holds no hunt"));
        }
    }

    fn add_disk_folder(&mut self, folder: &Path, as_written: bool) {
        let mut files = BTreeMap::new();
        for name in [METADATA, REPAIRED, AS_WRITTEN] {
            match std::fs::read_to_string(folder.join(name)) {
                Ok(text) => drop(files.insert(name.to_owned(), text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    let path = folder.join(name);
                    return self.problems.push(format!("{}: cannot be read: {error}", path.display()));
                }
            }
        }
        self.add_folder(&folder.display().to_string(), &files, as_written);
    }

    fn add_folder(&mut self, folder: &str, files: &BTreeMap<String, String>, as_written: bool) {
        let Some(yaml) = files.get(METADATA) else {
            return self.problems.push(format!("{folder}: {METADATA} is missing"));
        };
        let about: About = match serde_saphyr::from_str(yaml) {
            Ok(about) => about,
            Err(error) => {
                // The parser draws the place below its message; one line is enough here.
                let text = error.to_string();
                let line = text.lines().next().unwrap_or_default();
                return self.problems.push(format!("{folder}/{METADATA}: {line}"));
            }
        };
        // A pack of one's own need not have both texts.
        let order = if as_written { [AS_WRITTEN, REPAIRED] } else { [REPAIRED, AS_WRITTEN] };
        let Some((name, query)) = order.iter().find_map(|name| files.get_key_value(*name)) else {
            return self.problems.push(format!("{folder}: neither {REPAIRED} nor {AS_WRITTEN} is there"));
        };
        self.hunts.push(Hunt { about, query: query.clone(), place: format!("{folder}/{name}") });
    }

    fn add_file(&mut self, path: &Path) {
        match std::fs::read_to_string(path) {
            Ok(text) if sigma::is_named_like_a_rule(path) => {
                let (hunts, problems) = sigma::hunts(path, &text);
                self.hunts.extend(hunts);
                self.problems.extend(problems);
            }
            Ok(query) => self.hunts.push(bare(path, query)),
            Err(error) => self.problems.push(format!("{}: cannot be read: {error}", path.display())),
        }
    }
}

/// Files of the packs inside the binary by hunt folder (`sop/2.1-1`), in the order of the ids.
fn builtin_folders() -> Vec<(String, BTreeMap<String, String>)> {
    let mut folders: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for path in Builtin::iter() {
        let (Some((folder, name)), Some(file)) = (path.rsplit_once('/'), Builtin::get(&path)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&file.data).into_owned();
        folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), text);
    }
    // A text without metadata beside the hunts (a generator's, say) is no hunt.
    let mut folders: Vec<_> = folders.into_iter().filter(|(_, files)| files.contains_key(METADATA)).collect();
    folders.sort_by_cached_key(|(folder, _)| natural(folder));
    folders
}

/// A key that puts `2.10-1` after `2.9-3`.
fn natural(text: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits_at = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(digits_at);
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (digits, tail) = tail.split_at(end);
        parts.push((word.to_owned(), digits.parse().unwrap_or(0)));
        rest = tail;
    }
    parts
}

/// A `.xql` file as a hunt: its comments are its metadata.
fn bare(path: &Path, query: String) -> Hunt {
    let comments = comment_lines(&query);
    let mut atlas: Vec<String> = Vec::new();
    for (_, id) in comments.iter().flat_map(|line| extract_ids(line)) {
        for current in Atlas::builtin().resolve(id).current_ids() {
            let is_new = !atlas.iter().any(|known| known == current);
            if is_new && Atlas::builtin().technique(current).is_some() {
                atlas.push(current.to_owned());
            }
        }
    }
    let value = |key: &str| {
        let mut lines = comments.iter().filter_map(|line| line.split_once(':'));
        lines
            .find(|(word, _)| word.trim().eq_ignore_ascii_case(key))
            .map(|(_, value)| value.trim().to_owned())
    };
    let level = |key: &str| value(key).and_then(|text| super::read_level(&text)).unwrap_or(Level::Medium);
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Hunt {
        about: About {
            title: value("title").or_else(|| title(&comments)).unwrap_or_else(|| name.clone()),
            severity: level("severity"),
            confidence: level("confidence"),
            atlas,
            owasp: Vec::new(),
            description: value("description").unwrap_or_default(),
            false_positives: Vec::new(),
            limits: Vec::new(),
            references: Vec::new(),
            entities: value("entities")
                .map(|list| list.split(',').map(|name| name.trim().to_owned()).collect())
                .unwrap_or_default(),
            id: name,
        },
        place: path.display().to_string(),
        query,
    }
}

/// The first comment that reads like a title: without the ids and the catalogue's name in front.
fn title(comments: &[String]) -> Option<String> {
    for line in comments {
        let ids = extract_ids(line);
        let text = match ids.last() {
            Some((range, _)) => line.get(range.end..).unwrap_or(""),
            None => line,
        };
        let text = text.trim_matches(|c: char| c.is_whitespace() || "-–:,".contains(c));
        let is_setting = ids.is_empty() && text.contains(':');
        if text.is_empty() || is_setting {
            continue;
        }
        return Some(text.to_owned());
    }
    None
}

/// The comments of a query without their marks.
fn comment_lines(query: &str) -> Vec<String> {
    let parsed = atalanta_xql::syntax::parse(query);
    let texts = parsed.comments.iter().filter_map(|comment| query.get(comment.span.range()));
    let bare = |line: &str| {
        line.trim().trim_start_matches(['/', '#', '*', ' ']).trim_end_matches("*/").trim().to_owned()
    };
    texts.flat_map(str::lines).map(bare).filter(|line| !line.is_empty()).collect()
}

fn unknown(name: &str) -> String {
    let folders = builtin_folders();
    let mut packs: Vec<&str> = folders.iter().filter_map(|(folder, _)| folder.split('/').next()).collect();
    packs.dedup();
    format!(
        "no hunt, pack, file or folder is named `{name}`; packs: {}, ids of hunts look like {}",
        packs.join(", "),
        folders.first().and_then(|(folder, _)| folder.split('/').nth(1)).unwrap_or("2.1-1"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Loaded {
        let names: Vec<String> = list.iter().map(|name| (*name).to_owned()).collect();
        load(&Selection { names: &names, as_written: false })
    }

    #[test]
    fn the_default_pack_is_complete_and_in_order() {
        let loaded = names(&[]);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let ids: Vec<&str> = loaded.hunts.iter().map(|hunt| hunt.about.id.as_str()).collect();
        assert_eq!(ids.len(), 35);
        let at = |id: &str| ids.iter().position(|known| *known == id);
        assert!(at("2.9-3") < at("2.10-1") && at("2.10-3") < at("3.1-1"), "{ids:?}");
        for hunt in &loaded.hunts {
            assert!(!hunt.about.atlas.is_empty() && !hunt.about.entities.is_empty(), "{}", hunt.about.id);
            for id in &hunt.about.atlas {
                assert!(Atlas::builtin().technique(id).is_some(), "{id} of {}", hunt.about.id);
            }
        }
    }

    #[test]
    fn one_hunt_by_id_in_both_texts() {
        let list = ["2.1-1".to_owned()];
        let repaired = load(&Selection { names: &list, as_written: false });
        let written = load(&Selection { names: &list, as_written: true });
        assert_eq!(repaired.hunts[0].place, "sop/2.1-1/repaired.xql");
        assert_eq!(written.hunts[0].place, "sop/2.1-1/as_written.xql");
        assert_ne!(repaired.hunts[0].query, written.hunts[0].query);
        assert_eq!(names(&["2.1-1", "sop/2.1-1", "sop"]).hunts.len(), 35);
    }

    #[test]
    fn unknown_names_are_problems() {
        let loaded = names(&["soap", "2.1-2"]);
        assert_eq!(loaded.hunts.len(), 1);
        assert!(loaded.problems[0].contains("no hunt, pack, file or folder is named `soap`"), "{loaded:?}");
    }

    #[test]
    fn a_bare_file_brings_its_metadata_in_comments() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd.xql");
        let text = "// MITRE ATLAS: ATLAS-LLM-01 - Odd Prompts\n// Severity: high\n// Entities: a, b\ndataset = xdr_data";
        std::fs::write(&path, text).unwrap();
        let hunt = &names(&[&path.display().to_string()]).hunts[0];
        assert_eq!((hunt.about.id.as_str(), hunt.about.title.as_str()), ("odd", "Odd Prompts"));
        assert_eq!(hunt.about.severity, Level::High);
        assert_eq!(hunt.about.atlas[0], "AML.T0051");
        assert_eq!(hunt.about.entities, ["a", "b"]);
    }

    #[test]
    fn a_pack_on_disk_with_a_broken_hunt() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let good = "id: a\ntitle: A\nseverity: low\nconfidence: high\n";
        write("a/hunt.yaml", good);
        write("a/as_written.xql", "dataset = xdr_data");
        write("b/hunt.yaml", "id: b\ntitle: B\nseverity: dreadful\nconfidence: high\n");
        write("b/repaired.xql", "dataset = xdr_data");
        write("c/hunt.yaml", good);
        write("notes/readme.txt", "x");
        write("bare.xql", "dataset = xdr_data");
        let loaded = names(&[&folder.path().display().to_string()]);
        let ids: Vec<&str> = loaded.hunts.iter().map(|hunt| hunt.about.id.as_str()).collect();
        assert_eq!(ids, ["a", "bare"]);
        assert_eq!(loaded.problems.len(), 2, "{:?}", loaded.problems);
        assert!(
            loaded.problems[0].contains("b/hunt.yaml: ") && loaded.problems[0].contains("dreadful"),
            "{loaded:?}"
        );
        assert!(loaded.problems[1].contains("neither repaired.xql nor as_written.xql"));
    }
}
