//! Diagnostics as the protocol wants them.

use atalanta_diag::{Diagnostic, Severity};
use lsp_types::{
    DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString, Uri,
};

use crate::document::Document;

/// All diagnostics of a text.
pub fn all(document: &Document, uri: &Uri) -> Vec<lsp_types::Diagnostic> {
    document.diagnostics().iter().map(|diagnostic| convert(document, uri, diagnostic)).collect()
}

/// One diagnostic: reasons and advice follow the message, secondary places are related information.
pub fn convert(document: &Document, uri: &Uri, diagnostic: &Diagnostic) -> lsp_types::Diagnostic {
    let mut message = diagnostic.message.clone();
    for note in &diagnostic.notes {
        message.push('\n');
        message.push_str(note);
    }
    if let Some(help) = &diagnostic.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    let related = diagnostic.labels.iter().map(|label| DiagnosticRelatedInformation {
        location: Location::new(uri.clone(), document.lines.range(&document.text, label.span)),
        message: label.text.clone(),
    });
    let related: Vec<_> = related.collect();
    // A stage that never matters is shown faintly.
    let unnecessary = ["XL003", "XL004", "XL005"].contains(&diagnostic.code.0);
    lsp_types::Diagnostic {
        range: document.lines.range(&document.text, diagnostic.span),
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Info => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(diagnostic.code.0.to_owned())),
        source: Some("atalanta".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: unnecessary.then(|| vec![DiagnosticTag::UNNECESSARY]),
        ..lsp_types::Diagnostic::default()
    }
}
