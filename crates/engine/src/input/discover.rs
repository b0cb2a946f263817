//! From the paths a user names to the files to read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;
use walkdir::WalkDir;

use super::format::Format;
use super::open::open_path;
use super::problem::{Problem, ProblemKind, Problems};

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// The path as found; `-` is standard input.
    pub path: PathBuf,
    /// What it holds; [`Format::Unknown`] for pipes.
    pub format: Format,
    /// Stored size in bytes; 0 for pipes.
    pub bytes: u64,
}

/// Expands files, folders, patterns and `-` into the files to read.
///
/// * A folder gives all files below it, sorted by path; names that start with a dot are left out.
/// * A pattern (`*`, `?`, `[…]`, `{…}`, and `**` for any depth) gives the files that match, sorted. A path that
///   exists as it is written is no pattern.
/// * A file reached in several ways (also through links) is read once, under the first path.
/// * What does not exist, cannot be read or holds no readable format is reported; the rest goes on.
pub fn discover(paths: &[String]) -> (Vec<InputFile>, Problems) {
    let mut found = Found::default();
    for path in paths {
        if path == "-" {
            found.add_stream(Path::new("-"));
        } else if is_pattern(path) && fs::symlink_metadata(path).is_err() {
            found.add_pattern(path);
        } else {
            found.add_path(Path::new(path));
        }
    }
    (found.files, found.problems)
}

/// Whether a path has characters of a pattern.
fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

/// What was found so far.
#[derive(Default)]
struct Found {
    files: Vec<InputFile>,
    seen: BTreeSet<PathBuf>,
    problems: Problems,
}

impl Found {
    /// Adds a path that is no pattern.
    fn add_path(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.add_folder(path),
            Ok(metadata) => self.add_file(path, &metadata),
            Err(error) => self.problems.push(Problem::from_io(path, &error)),
        }
    }

    /// Adds standard input or another pipe, once.
    fn add_stream(&mut self, path: &Path) {
        if self.seen.insert(path.to_path_buf()) {
            self.files.push(InputFile { path: path.to_path_buf(), format: Format::Unknown, bytes: 0 });
        }
    }

    /// Adds a file after a look at its head. Pipes are added without a look, which would consume them.
    fn add_file(&mut self, path: &Path, metadata: &fs::Metadata) {
        if !metadata.is_file() {
            return self.add_stream(path);
        }
        let identity = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        if !self.seen.insert(identity) {
            return;
        }
        match open_path(path) {
            Ok(opened) => self.files.push(InputFile {
                path: path.to_path_buf(),
                format: opened.format,
                bytes: metadata.len(),
            }),
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Adds all files below a folder.
    fn add_folder(&mut self, folder: &Path) {
        let files = self.walk(folder, usize::MAX, true);
        if files.is_empty() {
            let problem = Problem::new(folder, ProblemKind::Empty, "folder holds no files");
            return self.problems.push(problem.with_help("names that start with a dot are left out"));
        }
        for file in files {
            self.add_regular(&file);
        }
    }

    /// Adds a file met in a folder; what is no regular file (a socket, a device) is reported.
    fn add_regular(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => self.add_file(path, &metadata),
            Ok(_) => {
                let message = "found a pipe, socket or device in a folder, expected a file";
                self.problems.push(Problem::new(path, ProblemKind::Unsupported, message));
            }
            Err(error) => self.problems.push(Problem::from_io(path, &error)),
        }
    }

    /// Adds all files that match a pattern.
    fn add_pattern(&mut self, pattern: &str) {
        // A leading `./` is cleaned so that the walked paths and the pattern have the same form.
        let cleaned = pattern.strip_prefix("./").unwrap_or(pattern);
        let glob = match GlobBuilder::new(cleaned).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                let message = format!("pattern cannot be read: {}", error.kind());
                return self.problems.push(Problem::new(pattern, ProblemKind::Missing, message));
            }
        };
        let (base, depth) = literal_base(cleaned);
        let wants_hidden = Path::new(cleaned).strip_prefix(&base).is_ok_and(|tail| {
            tail.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
        });
        let root = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
        if let Err(error) = fs::metadata(root) {
            return self.problems.push(Problem::from_io(root, &error));
        }
        let mut files = self.walk(root, depth, !wants_hidden);
        for file in &mut files {
            if let Ok(stripped) = file.strip_prefix("./") {
                *file = stripped.to_path_buf();
            }
        }
        files.retain(|file| glob.is_match(file));
        if files.is_empty() {
            let problem = Problem::new(pattern, ProblemKind::Missing, "pattern matches no file");
            return self.problems.push(problem.with_help("`*` stays within a folder, `**` goes below"));
        }
        for file in files {
            self.add_regular(&file);
        }
    }

    /// All files below a folder, sorted; trouble on the way is reported. Links are followed, loops are cut.
    fn walk(&mut self, root: &Path, depth: usize, skip_hidden: bool) -> Vec<PathBuf> {
        let walker = WalkDir::new(root).follow_links(true).max_depth(depth).sort_by_file_name();
        let is_wanted = |entry: &walkdir::DirEntry| {
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            entry.depth() == 0 || !(skip_hidden && hidden)
        };
        let mut files = Vec::new();
        for entry in walker.into_iter().filter_entry(is_wanted) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => files.push(entry.into_path()),
                Err(error) => self.problems.push(walk_problem(root, &error)),
            }
        }
        files
    }
}

/// The problem of an entry that cannot be walked.
fn walk_problem(root: &Path, error: &walkdir::Error) -> Problem {
    let path = error.path().unwrap_or(root);
    if let Some(ancestor) = error.loop_ancestor() {
        let message = format!("link leads back to {} and is not followed", ancestor.display());
        return Problem::new(path, ProblemKind::Unreadable, message);
    }
    match error.io_error() {
        Some(cause) => Problem::from_io(path, cause),
        None => Problem::new(path, ProblemKind::Unreadable, "cannot be walked"),
    }
}

/// The folder below which a pattern can match, and how deep.
fn literal_base(pattern: &str) -> (PathBuf, usize) {
    let mut base = PathBuf::new();
    let mut depth = 0_usize;
    for part in Path::new(pattern).components() {
        let is_literal = match part {
            Component::Normal(name) => !is_pattern(&name.to_string_lossy()),
            _ => true,
        };
        if depth == 0 && is_literal {
            base.push(part);
        } else {
            depth += 1;
        }
    }
    // `{a,b/c}` and `**` match over several levels.
    if pattern.contains("**") || pattern.contains('{') {
        depth = usize::MAX;
    }
    (base, depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("b.json", "{\"a\":1}\n"),
            ("a/x.log", "GET / 200\n"),
            ("a/deep/y.csv", "a,b\n1,2\n"),
            (".hidden.json", "{}"),
            (".git/z.json", "{}"),
            ("empty.json", ""),
            ("zip.bin", "PK\u{3}\u{4}\0\0"),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
        }
        root
    }

    fn names(root: &Path, files: &[InputFile]) -> Vec<String> {
        let relative = |file: &InputFile| file.path.strip_prefix(root).unwrap().display().to_string();
        files.iter().map(relative).collect()
    }

    #[test]
    fn folders_are_walked_in_order() {
        let root = tree();
        let (files, problems) = discover(&[root.path().display().to_string()]);
        assert_eq!(names(root.path(), &files), ["a/deep/y.csv", "a/x.log", "b.json"]);
        assert_eq!(files[1].format, Format::Text);
        assert_eq!(files[2].bytes, 8);
        assert_eq!(problems.count(ProblemKind::Empty), 1);
        assert_eq!(problems.count(ProblemKind::Unsupported), 1);
    }

    #[test]
    fn patterns_stay_in_their_level_unless_told() {
        let root = tree();
        let at = |tail: &str| format!("{}/{tail}", root.path().display());
        let (files, problems) = discover(&[at("*.json"), at("**/*.csv"), at("a/{x,y}.log"), at("*.nothing")]);
        assert_eq!(names(root.path(), &files), ["b.json", "a/deep/y.csv", "a/x.log"]);
        assert_eq!(problems.count(ProblemKind::Missing), 1);
        let (hidden, _) = discover(&[at(".*.json")]);
        assert_eq!(names(root.path(), &hidden), [".hidden.json"]);
    }

    #[test]
    fn missing_paths_are_reported_and_files_come_once() {
        let root = tree();
        let file = root.path().join("b.json").display().to_string();
        let (files, problems) = discover(&[
            "/no/such/place".to_string(),
            file.clone(),
            file,
            "-".to_string(),
            "-".to_string(),
            "/no/such/*.json".to_string(),
        ]);
        assert_eq!(files.len(), 2);
        assert_eq!(files[1].format, Format::Unknown);
        assert_eq!(problems.count(ProblemKind::Missing), 2);
        assert_eq!(problems.list[0].to_string(), "/no/such/place: no such file or folder");
    }

    #[cfg(unix)]
    #[test]
    fn link_loops_end() {
        let root = tree();
        std::os::unix::fs::symlink(root.path(), root.path().join("a/loop")).unwrap();
        std::os::unix::fs::symlink(root.path().join("b.json"), root.path().join("c.json")).unwrap();
        let (files, problems) = discover(&[root.path().display().to_string()]);
        assert_eq!(names(root.path(), &files), ["a/deep/y.csv", "a/x.log", "b.json"]);
        assert!(problems.list.iter().any(|problem| problem.message.contains("leads back to")));
    }
}
