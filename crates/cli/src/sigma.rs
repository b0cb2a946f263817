//! Sigma rules as hunts.

use std::path::Path;

use atalanta_diag::{Diagnostic, Source};
use atalanta_schema::Level;
use atalanta_sigma::{Document, Pipeline};

use crate::checking;
use crate::hunting::pack::{About, Hunt};

/// The pipeline for `xdr_data`.
pub fn default_pipeline() -> &'static Pipeline {
    Pipeline::builtin("atalanta").expect("a test of the sigma crate proves that the pipeline is there")
}

/// Whether a file is named like one of Sigma rules; the metadata of a hunt folder is not.
pub fn is_named_like_a_rule(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

/// Whether a file in a folder holds Sigma rules: other YAML files stand beside them.
pub fn is_rule_file(path: &Path) -> bool {
    is_named_like_a_rule(path)
        && std::fs::read_to_string(path).is_ok_and(|text| atalanta_sigma::looks_like_sigma(&text))
}

/// The hunts of a file, and why others of its documents are none.
pub fn hunts(path: &Path, text: &str) -> (Vec<Hunt>, Vec<String>) {
    let place = path.display().to_string();
    let (documents, diagnostics) = atalanta_sigma::parse(text);
    let source = Source::new(&place, text);
    let mut problems: Vec<String> = errors(&source, &diagnostics);
    let mut hunts = Vec::new();
    for one in atalanta_sigma::lower_documents(&documents, default_pipeline()) {
        if one.lowered.has_errors() {
            problems.extend(errors(&source, &one.lowered.diagnostics));
            continue;
        }
        let about = about(one.document);
        hunts.push(Hunt { about, query: one.lowered.xql, place: place.clone() });
    }
    if hunts.is_empty() && problems.is_empty() {
        problems.push(format!("{place}: holds no Sigma rule"));
    }
    (hunts, problems)
}

fn errors(source: &Source, diagnostics: &[Diagnostic]) -> Vec<String> {
    let is_error = |one: &&Diagnostic| checking::has_error(std::slice::from_ref(*one));
    let shown = |one: &Diagnostic| {
        let at = source.location(one.span.start);
        format!("{}:{}:{}: {} ({})", source.name(), at.line, at.column, one.message, one.code)
    };
    diagnostics.iter().filter(is_error).map(shown).collect()
}

fn about(document: &Document) -> About {
    let meta = document.meta();
    let texts = |list: &[atalanta_sigma::meta::Text]| list.iter().map(|text| text.text.clone()).collect();
    let id = meta.id.as_ref().or(meta.name.as_ref()).unwrap_or(&meta.title);
    About {
        id: id.text.clone(),
        title: meta.title.text.clone(),
        severity: meta.level().unwrap_or(Level::Medium),
        confidence: meta.confidence(),
        atlas: meta.atlas(),
        owasp: Vec::new(),
        description: meta.description.as_ref().map(|text| text.text.clone()).unwrap_or_default(),
        false_positives: texts(&meta.falsepositives),
        limits: Vec::new(),
        references: texts(&meta.references),
        entities: Vec::new(),
    }
}
