//! An open text with everything that is known about it.

use atalanta_diag::Diagnostic;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::format::Kind;
use atalanta_xql::{Checked, check, rules};
use lsp_types::{TextDocumentContentChangeEvent, Uri};

use crate::position::Lines;

/// An open text.
#[derive(Debug)]
pub struct Document {
    /// The text as the editor has it.
    pub text: String,
    /// Its lines.
    pub lines: Lines,
    /// Query or rules file.
    pub kind: Kind,
    /// Counted by the editor.
    pub version: i32,
    checked: Option<Checked>,
    diagnostics: Vec<Diagnostic>,
}

impl Document {
    /// A text that was opened; rules files are known by their name or language.
    pub fn new(uri: &Uri, language: &str, version: i32, text: String) -> Self {
        let rules = uri.path().as_str().to_ascii_lowercase().ends_with(".xif") || language == "xif";
        let kind = if rules { Kind::Rules } else { Kind::Query };
        let lines = Lines::new(&text);
        let mut document = Self { text, lines, kind, version, checked: None, diagnostics: Vec::new() };
        document.analyse();
        document
    }

    /// Applies the editor's changes in their order.
    pub fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        self.version = version;
        for change in changes {
            match change.range {
                Some(range) => {
                    let span = self.lines.span(&self.text, range);
                    self.text.replace_range(span.range(), &change.text);
                }
                None => self.text = change.text,
            }
            self.lines = Lines::new(&self.text);
        }
        self.analyse();
    }

    fn analyse(&mut self) {
        match self.kind {
            Kind::Query => {
                let checked = check(&self.text, &Env::new(Mode::Compat));
                self.diagnostics.clone_from(&checked.diagnostics);
                self.checked = Some(checked);
            }
            Kind::Rules => self.diagnostics = rules::check(&self.text, &Env::new(Mode::Compat)),
        }
    }

    /// What is known of a query; none for a rules file.
    pub fn checked(&self) -> Option<&Checked> {
        self.checked.as_ref()
    }

    /// Everything that is wrong with the text.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}
