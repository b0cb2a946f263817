//! Rules inside the binary and from folders. A rule that cannot be loaded is a problem, and the others are loaded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use atalanta_diag::{Diagnostic, Span};
use rust_embed::RustEmbed;

use super::sigma::{self, SigmaFile};
use super::yaml::{self, Files};
use super::{Proof, Rule, RuleProblem, codes, cortex};

/// The file that makes a folder a rule.
pub const FILE: &str = "rule.yaml";

/// The rules inside the binary: texts only, the recordings stay in the repository.
#[derive(RustEmbed)]
#[folder = "../../content/detections"]
#[include = "*/rule.yaml"]
#[include = "*/rule.xql"]
#[include = "*/rule.yml"]
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
    let mut sigma = Vec::new();
    for path in Detections::iter() {
        let Some((folder, name)) = path.rsplit_once('/') else { continue };
        let text = embedded::<Detections>(&path).unwrap_or_default();
        let class = folder.rsplit_once('/').map_or("", |(class, _)| class);
        if name == FILE {
            pack.add(&text, folder, class, &Embedded { folder }, Proof::default());
        } else if name == sigma::FILE && Detections::get(&format!("{folder}/{FILE}")).is_none() {
            let (place, class) = (path.to_string(), class.to_owned());
            sigma.push(SigmaFile { place, text, class, proof: Proof::default() });
        }
    }
    pack.add_sigma(&sigma);
    pack.sorted()
}

/// The rules below folders of the disk; a folder may be a rule itself.
pub fn load(paths: &[PathBuf]) -> Pack {
    let mut pack = Pack::default();
    let mut sigma = Vec::new();
    for path in paths {
        let before = (pack.rules.len(), pack.problems.len(), sigma.len());
        pack.add_folder(path, 0, &mut sigma);
        if before == (pack.rules.len(), pack.problems.len(), sigma.len()) {
            let message = format!("no rule is here, expected folders with a file {FILE}, or files of Sigma");
            let diagnostic = Diagnostic::error(codes::FILE, Span::at(0), message);
            pack.problems.push(RuleProblem::new(&path.display().to_string(), "", diagnostic));
        }
    }
    pack.add_sigma(&sigma);
    pack.sorted()
}

/// Deepest folder that is looked into.
const DEPTH: usize = 8;

impl Pack {
    fn add(&mut self, text: &str, place: &str, class: &str, files: &dyn Files, proof: Proof) {
        let (rule, problems) = yaml::read(text, place, class, files);
        let refused = problems.iter().any(RuleProblem::is_error);
        self.problems.extend(problems);
        let Some(mut rule) = rule.filter(|_| !refused) else { return };
        rule.proof = proof;
        self.add_once(rule, &format!("{place}/{FILE}"), text);
    }

    /// Adds a rule of a text, unless its id is taken.
    fn add_once(&mut self, rule: Rule, name: &str, text: &str) {
        let Some(known) = self.rules.iter().find(|known| known.id == rule.id) else {
            return self.rules.push(rule);
        };
        let message = format!("the id `{}` is taken by {}", rule.id, known.place);
        let span = text.find(&rule.id).map_or(Span::at(0), |at| Span::new(at, at + rule.id.len()));
        let diagnostic = Diagnostic::error(codes::TWICE, span, message);
        self.problems.push(RuleProblem::new(name, text, diagnostic.help("give each rule an id of its own")));
    }

    fn add_sigma(&mut self, files: &[SigmaFile]) {
        let texts: HashMap<&str, &str> =
            files.iter().map(|file| (file.place.as_str(), file.text.as_str())).collect();
        let (rules, problems) = sigma::read(files);
        self.problems.extend(problems);
        for rule in rules {
            let text = texts.get(rule.place.as_str()).copied().unwrap_or_default();
            let name = rule.place.clone();
            self.add_once(rule, &name, text);
        }
    }

    fn add_folder(&mut self, folder: &Path, depth: usize, sigma: &mut Vec<SigmaFile>) {
        let file = folder.join(FILE);
        if file.is_file() {
            return self.add_rule(folder, &file);
        }
        if depth > DEPTH {
            return;
        }
        if folder.is_file() {
            return self.add_file(folder, sigma);
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
                self.add_folder(entry, depth + 1, sigma);
            } else {
                self.add_file(entry, sigma);
            }
        }
    }

    /// A file of Sigma or of correlation rules; other files are none of ours.
    fn add_file(&mut self, path: &Path, sigma: &mut Vec<SigmaFile>) {
        if !path.extension().is_some_and(|ending| ["json", "yml", "yaml"].iter().any(|own| ending == *own)) {
            return;
        }
        let Ok(text) = std::fs::read_to_string(path) else { return };
        if !cortex::is_one(&text) {
            if atalanta_sigma::looks_like_sigma(&text) {
                sigma.push(sigma_file(path, text));
            }
            return;
        }
        let (rules, problems) = cortex::read(&text, &path.display().to_string());
        self.problems.extend(problems);
        for rule in rules {
            self.add_once(rule, &path.display().to_string(), &text);
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
        let class = name_of(folder.parent());
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

fn name_of(folder: Option<&Path>) -> String {
    folder.and_then(Path::file_name).map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// A file of Sigma with the recordings beside it. A folder of its own is named after the detection, and the class is the
/// folder above; otherwise the class is the folder with the files.
fn sigma_file(path: &Path, text: String) -> SigmaFile {
    let folder = path.parent().unwrap_or(Path::new("."));
    let is_alone = path.file_name().is_some_and(|name| name == sigma::FILE);
    let class = name_of(if is_alone { folder.parent() } else { Some(folder) });
    let proof = Proof { attack: named(folder, "attack"), benign: named(folder, "benign") };
    SigmaFile { place: path.display().to_string(), text, class, proof }
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
    fn a_folder_of_sigma_files_is_read_as_one_set() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let rule = |name: &str| {
            format!(
                "title: {name}\nname: {name}\nlogsource: {{category: process_creation}}\ndetection:\n  s:\n    CommandLine|contains: x\n  condition: s\n"
            )
        };
        write("rules/linux/a.yml", &rule("a"));
        write("rules/linux/b.yml", &rule("b"));
        write("rules/linux/c.yml", &rule("c").replace("condition: s", "condition: s and t"));
        write("rules/linux/notes.yml", "nothing: of sigma\n");
        write(
            "rules/count.yml",
            "title: n\nname: n\ncorrelation:\n  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {gte: 2}\n",
        );
        write("own/theft/mine/rule.yml", &rule("mine"));
        write("own/theft/mine/attack.log", "x");
        let pack = load(&[folder.path().join("rules"), folder.path().join("own")]);
        let found: Vec<(&str, &str, usize)> = pack
            .rules
            .iter()
            .map(|rule| (rule.class.as_str(), rule.id.as_str(), rule.proof.attack.len()))
            .collect();
        assert_eq!(found, [("linux", "b", 0), ("rules", "n", 0), ("theft", "mine", 1)]);
        let said: Vec<String> = pack.problems.iter().map(RuleProblem::sentence).collect();
        assert!(said.len() == 1 && said[0].contains("c.yml:7:"), "{said:?}");
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
