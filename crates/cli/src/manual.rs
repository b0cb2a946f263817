//! The manual of the language, made from the code: a page for each stage, function and lint.
//!
//! `atalanta doc` prints the pages; `docs/xql` holds them as files, and a test keeps both equal
//! (`UPDATE_DOCS=1` writes the files).

use std::fmt::Write as _;

use atalanta_engine::functions::{self, FunctionSpec};
use atalanta_xql::lint;
use atalanta_xql::signatures::{self, Kind, Signature};
use atalanta_xql::stage_docs::{self, StageDoc};

/// Least likeness at which a name is suggested.
const SIMILAR: usize = 3;

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Stages.
    Stages,
    /// Functions.
    Functions,
    /// Codes of `check`.
    Lints,
}

impl Section {
    const ALL: [Self; 3] = [Self::Stages, Self::Functions, Self::Lints];

    fn folder(self) -> &'static str {
        match self {
            Self::Stages => "stages",
            Self::Functions => "functions",
            Self::Lints => "lints",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Stages => "Stages",
            Self::Functions => "Functions",
            Self::Lints => "Codes of `atalanta check`",
        }
    }
}

/// A page in Markdown.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its part of the manual.
    pub section: Section,
    /// The name: a word, or a lint's code.
    pub name: String,
    /// Another name: that of a lint.
    also: Option<&'static str>,
    /// One line.
    pub summary: String,
    /// The text.
    pub text: String,
}

impl Page {
    /// Whether this is the page of a name, in any letter case.
    pub fn is_called(&self, name: &str) -> bool {
        let also = self.also.is_some_and(|also| also.eq_ignore_ascii_case(name));
        also || self.name.eq_ignore_ascii_case(name)
    }

    #[cfg(test)]
    fn path(&self) -> String {
        format!("{}/{}.md", self.section.folder(), self.name)
    }
}

/// All pages, by section and name.
pub fn pages() -> Vec<Page> {
    let stages = stage_docs::STAGES.iter().map(stage);
    let functions = signatures::FUNCTIONS.iter().map(function);
    let lints = lint::rules().iter().map(|rule| lint(rule));
    stages.chain(functions).chain(lints).collect()
}

/// The list of all pages.
pub fn index(pages: &[Page]) -> String {
    let mut text = String::from("# XQL, as Atalanta runs it\n");
    for section in Section::ALL {
        let _ = write!(text, "\n## {}\n\n", section.title());
        for page in pages.iter().filter(|page| page.section == section) {
            let also = page.also.map(|also| format!(" {also}")).unwrap_or_default();
            let _ =
                writeln!(text, "- [`{0}`]({1}/{0}.md){also}: {2}", page.name, section.folder(), page.summary);
        }
    }
    text
}

/// What to say of a name without a page.
pub fn unknown(name: &str, pages: &[Page]) -> String {
    let wanted = name.to_lowercase();
    let near = pages.iter().filter(|page| {
        let known = page.name.to_lowercase();
        known.contains(&wanted) || shared_start(&known, &wanted) > SIMILAR
    });
    let names: Vec<String> = near.take(5).map(|page| format!("`{}`", page.name)).collect();
    let hint = if names.is_empty() { String::new() } else { format!("; similar: {}", names.join(", ")) };
    format!("no stage, function or lint is called `{name}`{hint}; `atalanta doc` lists all")
}

fn shared_start(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

fn stage(stage: &StageDoc) -> Page {
    let text = format!(
        "# `{}`\n\n{}.\n\n```text\n{}\n```\n\n{}\n\n```xql\n{}\n```\n",
        stage.word, stage.summary, stage.syntax, stage.doc, stage.example
    );
    let (name, summary) = (stage.word.to_owned(), stage.summary.to_owned());
    Page { section: Section::Stages, name, also: None, summary, text }
}

fn function(signature: &'static Signature) -> Page {
    let spec = functions::all().iter().find(|spec| spec.name == signature.name);
    let mut text = format!("# `{}`\n\n```text\n{}\n```\n\n", signature.name, call(signature));
    let _ = writeln!(text, "{}. {}\n", capitalized(signature.summary), place(signature.kind));
    let _ = writeln!(text, "Null: {}.", signature.null);
    if let Some(spec) = spec {
        details(&mut text, signature, spec);
    }
    Page {
        section: Section::Functions,
        name: signature.name.to_owned(),
        also: None,
        summary: signature.summary.to_owned(),
        text,
    }
}

fn details(text: &mut String, signature: &Signature, spec: &FunctionSpec) {
    // The manual text repeats the call before a colon.
    let told = spec.doc.split_once("): ").map_or(spec.doc, |(_, rest)| rest);
    if !told.eq_ignore_ascii_case(signature.summary) {
        let _ = write!(text, "\n{told}\n");
    }
    if !spec.examples.is_empty() {
        text.push_str("\n| expression | result |\n|---|---|\n");
    }
    for (expression, result) in spec.examples {
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let _ = writeln!(text, "| `{}` | `{}` |", cell(expression), cell(result));
    }
}

fn lint(rule: &lint::Rule) -> Page {
    let strict = if rule.severity == rule.strict { "" } else { ", error in strict mode" };
    let text = format!(
        "# `{}` {}\n\nSeverity: {}{strict}.\n\n{}",
        rule.code.0,
        rule.name,
        rule.severity.name(),
        format!("\n{}", rule.page()).replace("\n# ", "\n## ").trim_start()
    );
    Page {
        section: Section::Lints,
        name: rule.code.0.to_owned(),
        also: Some(rule.name),
        summary: rule.summary.to_owned(),
        text,
    }
}

fn place(kind: Kind) -> &'static str {
    match kind {
        Kind::Scalar | Kind::Lambda => "May stand wherever an expression may.",
        Kind::Aggregate => "Stands in `comp` and `windowcomp`.",
        Kind::Window => "Stands in `windowcomp`.",
        Kind::Rule => "Stands in parsing rules.",
    }
}

fn call(signature: &Signature) -> String {
    let mut parameters: Vec<String> = signature
        .params
        .iter()
        .map(|param| {
            let optional = if param.optional { "?" } else { "" };
            format!("{}{optional}: {}", param.name, param.ty.name())
        })
        .collect();
    parameters.extend(signature.variadic.map(|more| format!("…: {}", more.name())));
    format!("{}({})", signature.name, parameters.join(", "))
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/xql")
    }

    fn wanted() -> BTreeMap<String, String> {
        let pages = pages();
        let head = "<!-- Made from the code by `make docs`. -->\n\n";
        let mut files: BTreeMap<String, String> =
            pages.iter().map(|page| (page.path(), format!("{head}{}", page.text))).collect();
        files.insert("README.md".to_owned(), format!("{head}{}", index(&pages)));
        files
    }

    fn present() -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for folder in ["", "stages", "functions", "lints"] {
            for entry in std::fs::read_dir(root().join(folder)).into_iter().flatten().flatten() {
                let path = entry.path();
                if let (true, Ok(name)) = (path.is_file(), path.strip_prefix(root())) {
                    let text = std::fs::read_to_string(&path).unwrap_or_default();
                    files.insert(name.display().to_string(), text);
                }
            }
        }
        files
    }

    #[test]
    fn the_manual_is_made_from_the_code() {
        let wanted = wanted();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let _ = std::fs::remove_dir_all(root());
            for (name, text) in &wanted {
                let path = root().join(name);
                std::fs::create_dir_all(path.parent().expect("a page lies in a folder")).expect("folder");
                std::fs::write(path, text).expect("page");
            }
        }
        let present = present();
        let differs = |name: &&String| wanted.get(*name) != present.get(*name);
        let names: Vec<&String> = wanted.keys().chain(present.keys()).filter(differs).collect();
        assert!(names.is_empty(), "docs/xql is out of date, run `make docs`: {names:?}");
    }

    #[test]
    fn names_find_their_page_in_any_case() {
        let pages = pages();
        for name in ["FILTER", "RegExtract", "xl001"] {
            assert!(pages.iter().any(|page| page.is_called(name)), "{name}");
        }
        assert!(unknown("windowcom", &pages).contains("`windowcomp`"));
    }
}
