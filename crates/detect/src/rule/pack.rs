//! Rules inside the binary and from folders. A rule that cannot be loaded is a problem, and the others are loaded.

use std::path::{Path, PathBuf};

use atalanta_diag::{Diagnostic, Span};
use rust_embed::RustEmbed;

use super::yaml::{self, Files};
use super::{Proof, Rule, RuleProblem, codes, cortex};

/// The file that makes a folder a rule.
pub const FILE: &str = "rule.yaml";

/// The rules inside the binary: texts only, the recordings stay in the repository.
#[derive(RustEmbed)]
#[folder = "../../content/detections"]
#[include = "*/rule.yaml"]
#[include = "*/rule.xql"]
#[include = "*.csv"]
struct Detections;

#[derive(RustEmbed)]
#[folder = "../../content/hunts"]
#[include = "*/hunt.yaml"]
#[include = "*.xql"]
struct Hunts;

/// Rules, each id once, and what is wrong with them and with those that could not be loaded.
#[derive(Clone, Debug, Default)]
pub struct Pack {
    /// The rules, by class and id.
    pub rules: Vec<Rule>,
    /// The problems.
    pub problems: Vec<RuleProblem>,
}

/// The rules inside the binary.
pub fn builtin() -> Pack {
    let mut pack = Pack::default();
    for path in Detections::iter() {
        let Some(folder) = path.strip_suffix("/rule.yaml") else { continue };
        let text = embedded::<Detections>(&path).unwrap_or_default();
        let class = folder.rsplit_once('/').map_or("", |(class, _)| class);
        pack.add(&text, folder, class, &Embedded { folder }, Proof::default());
    }
    pack.sorted()
}

/// The rules below folders of the disk; a folder may be a rule itself.
pub fn load(paths: &[PathBuf]) -> Pack {
    let mut pack = Pack::default();
    for path in paths {
        let before = (pack.rules.len(), pack.problems.len());
        pack.add_folder(path, 0);
        if before == (pack.rules.len(), pack.problems.len()) {
            let message = format!("no rule is here, expected folders with a file {FILE}");
            let diagnostic = Diagnostic::error(codes::FILE, Span::at(0), message);
            pack.problems.push(RuleProblem::new(&path.display().to_string(), "", diagnostic));
        }
    }
    pack.sorted()
}

/// Deepest folder that is looked into.
const DEPTH: usize = 8;

impl Pack {
    fn add(&mut self, text: &str, place: &str, class: &str, files: &dyn Files, proof: Proof) {
        let (rule, diagnostics) = yaml::read(text, place, class, files);
        let name = format!("{place}/{FILE}");
        let refused = diagnostics.iter().any(|one| one.severity == atalanta_diag::Severity::Error);
        self.problems.extend(diagnostics.into_iter().map(|one| RuleProblem::new(&name, text, one)));
        let Some(mut rule) = rule.filter(|_| !refused) else { return };
        if let Some(known) = self.rules.iter().find(|known| known.id == rule.id) {
            let message = format!("the id `{}` is taken by {}", rule.id, known.place);
            let at = text.find(&rule.id).unwrap_or(0);
            let diagnostic = Diagnostic::error(codes::TWICE, Span::new(at, at + rule.id.len()), message);
            self.problems.push(RuleProblem::new(
                &name,
                text,
                diagnostic.help("give each rule an id of its own"),
            ));
            return;
        }
        rule.proof = proof;
        self.rules.push(rule);
    }

    fn add_folder(&mut self, folder: &Path, depth: usize) {
        let file = folder.join(FILE);
        if file.is_file() {
            return self.add_rule(folder, &file);
        }
        if depth > DEPTH {
            return;
        }
        if folder.is_file() {
            return self.add_file(folder);
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let diagnostic = Diagnostic::error(
                    codes::FILE,
                    Span::at(0),
                    format!("the folder cannot be read: {error}"),
                );
                self.problems.push(RuleProblem::new(&folder.display().to_string(), "", diagnostic));
                return;
            }
        };
        let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        entries.sort();
        for entry in entries.iter().filter(|entry| !entry.is_symlink()) {
            if entry.is_dir() {
                self.add_folder(entry, depth + 1);
            } else {
                self.add_file(entry);
            }
        }
    }

    /// A file of correlation rules; other files are none of ours.
    fn add_file(&mut self, path: &Path) {
        if !path.extension().is_some_and(|ending| ["json", "yml", "yaml"].iter().any(|own| ending == *own)) {
            return;
        }
        let Ok(text) = std::fs::read_to_string(path) else { return };
        if !cortex::is_one(&text) {
            return;
        }
        let (rules, problems) = cortex::read(&text, &path.display().to_string());
        self.problems.extend(problems);
        for rule in rules {
            if self.rules.iter().all(|known| known.id != rule.id) {
                self.rules.push(rule);
                continue;
            }
            let diagnostic =
                Diagnostic::error(codes::TWICE, Span::at(0), format!("the id `{}` is taken", rule.id));
            self.problems.push(RuleProblem::new(&path.display().to_string(), &text, diagnostic));
        }
    }

    fn add_rule(&mut self, folder: &Path, file: &Path) {
        let place = folder.display().to_string();
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                let diagnostic =
                    Diagnostic::error(codes::FILE, Span::at(0), format!("cannot be read: {error}"));
                return self.problems.push(RuleProblem::new(&file.display().to_string(), "", diagnostic));
            }
        };
        let class = folder.parent().and_then(Path::file_name);
        let class = class.map_or_else(String::new, |class| class.to_string_lossy().into_owned());
        let files = OnDisk { folder };
        let hunt = hunt_of(&text);
        let proof = Proof {
            attack: recordings(folder, hunt.as_deref(), "attack"),
            benign: recordings(folder, hunt.as_deref(), "benign"),
        };
        self.add(&text, &place, &class, &files, proof);
    }

    fn sorted(mut self) -> Self {
        self.rules.sort_by(|a, b| (&a.class, &a.id).cmp(&(&b.class, &b.id)));
        self
    }

    /// The rules that run.
    pub fn enabled(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.enabled)
    }
}

/// The hunt that a text names, if it does.
fn hunt_of(text: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        hunt: Option<String>,
    }
    serde_saphyr::from_str::<Named>(text).ok()?.hunt
}

/// The recordings of a kind: those of the rule, else those of its hunt.
fn recordings(folder: &Path, hunt: Option<&str>, kind: &str) -> Vec<PathBuf> {
    let own = named(folder, kind);
    if !own.is_empty() {
        return own;
    }
    hunt.and_then(|hunt| hunt_folder(folder, hunt)).map(|folder| named(&folder, kind)).unwrap_or_default()
}

/// Files and folders `attack`, `attack.ndjson`, `attack.log.gz`, `attack_2.csv`.
fn named(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let is_one = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_']))
    };
    let mut found: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_one).collect();
    found.sort();
    found
}

/// The folder of a hunt: in a folder `hunts` beside one of those that the rule lies in.
fn hunt_folder(folder: &Path, hunt: &str) -> Option<PathBuf> {
    if hunt.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return None;
    }
    let folder = folder.canonicalize().ok()?;
    folder.ancestors().map(|above| above.join("hunts").join(hunt)).find(|path| path.is_dir())
}

fn embedded<E: RustEmbed>(path: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&E::get(path)?.data).into_owned())
}

struct Embedded<'a> {
    folder: &'a str,
}

impl Files for Embedded<'_> {
    fn own(&self, name: &str) -> Option<String> {
        embedded::<Detections>(&format!("{}/{name}", self.folder))
    }

    fn hunt(&self, hunt: &str, name: &str) -> Option<String> {
        embedded::<Hunts>(&format!("{hunt}/{name}"))
    }
}

struct OnDisk<'a> {
    folder: &'a Path,
}

impl Files for OnDisk<'_> {
    fn own(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.join(name)).ok()
    }

    fn hunt(&self, hunt: &str, name: &str) -> Option<String> {
        let disk =
            hunt_folder(self.folder, hunt).and_then(|folder| std::fs::read_to_string(folder.join(name)).ok());
        disk.or_else(|| embedded::<Hunts>(&format!("{hunt}/{name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_inside_the_binary_are_sound() {
        let pack = builtin();
        let problems: Vec<String> = pack.problems.iter().map(RuleProblem::sentence).collect();
        assert!(problems.is_empty(), "{problems:#?}");
        assert!(pack.rules.len() >= 34, "{}", pack.rules.len());
    }

    #[test]
    fn a_broken_rule_is_refused_and_the_rest_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("mcp/good/rule.yaml", "id: good\ntitle: Good\nseverity: low\nxql: dataset = xdr_data\n");
        write("mcp/good/attack.ndjson", "{}");
        write("mcp/bad/rule.yaml", "id: bad\ntitle: [\n");
        write("mcp/twin/rule.yaml", "id: good\ntitle: Twin\nseverity: low\nxql: dataset = xdr_data\n");
        let pack = load(&[folder.path().to_path_buf()]);
        assert_eq!(pack.rules.len(), 1);
        assert_eq!((pack.rules[0].class.as_str(), pack.rules[0].proof.attack.len()), ("mcp", 1));
        let codes: Vec<&str> = pack.problems.iter().map(|one| one.diagnostic.code.0).collect();
        assert_eq!(codes, ["XD001", "XD006"]);
        assert_eq!(load(&[folder.path().join("none")]).problems.len(), 1);
    }
}
