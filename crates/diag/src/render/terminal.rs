//! Diagnostics for a terminal, in the look of rustc.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{Diagnostic, Severity, Source, Span};

/// Renders one diagnostic with the source lines it points at.
///
/// `color` asks for ANSI colours. Control characters of the source never reach the terminal.
pub fn terminal(source: &Source, diagnostic: &Diagnostic, color: bool) -> String {
    // Escaping must keep byte offsets, so control characters become blanks here.
    let text = blank_control(source.text());
    let (level, name) = match diagnostic.severity {
        Severity::Error => (Level::ERROR, "error"),
        Severity::Warning => (Level::WARNING, "warning"),
        Severity::Info => (Level::INFO, "info"),
    };
    let message = escape_control(&diagnostic.message);
    let title = level.with_name(name).primary_title(message.as_str()).id(diagnostic.code.0);
    let labels: Vec<(Span, String)> =
        diagnostic.labels.iter().map(|label| (label.span, escape_control(&label.text))).collect();
    let mut snippet = Snippet::source(text.as_str())
        .path(source.name())
        .fold(true)
        .annotation(AnnotationKind::Primary.span(inside(&text, diagnostic.span)));
    for (span, label) in &labels {
        let place = AnnotationKind::Context.span(inside(&text, *span)).label(label.as_str());
        snippet = snippet.annotation(place);
    }
    let notes: Vec<String> = diagnostic.notes.iter().map(|note| escape_control(note)).collect();
    let mut group: Group<'_> = title.element(snippet);
    for note in &notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    let helps = help_lines(diagnostic);
    for help in &helps {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

fn help_lines(diagnostic: &Diagnostic) -> Vec<String> {
    let mut lines: Vec<String> = diagnostic.help.iter().map(|text| escape_control(text)).collect();
    for fix in &diagnostic.fixes {
        let flag = match fix.applicability {
            crate::Applicability::Safe => "--fix",
            crate::Applicability::NeedsReview => "--fix=all",
        };
        lines.push(format!("{} ({flag})", escape_control(&fix.title)));
    }
    lines
}

fn inside(text: &str, span: Span) -> std::ops::Range<usize> {
    let clamp = |offset: u32| {
        let mut at = (offset as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    clamp(span.start)..clamp(span.end)
}

fn blank_control(text: &str) -> String {
    let hostile = |c: char| is_hostile(c) && c != '\n' && c != '\t';
    // Replacements keep the byte length so that spans stay right.
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if hostile(c) {
            out.extend(std::iter::repeat_n('.', c.len_utf8()));
        } else {
            out.push(c);
        }
        out
    })
}

/// Whether a character could drive a terminal or hide text: controls, bidi and zero-width marks.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        || ('\u{e0000}'..='\u{e007f}').contains(&c)
}

/// Makes text from events or queries harmless for a terminal: control, bidi and invisible
/// characters are written as `\u{..}`; line feeds and tabs as `\n` and `\t`.
pub fn escape_control(text: &str) -> String {
    if !text.chars().any(is_hostile) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_hostile(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Edit, Fix};

    #[test]
    fn shows_code_place_reason_and_fix() {
        let source = Source::new("hunt.xql", "dataset = x\n| sort a desc\n");
        let diagnostic = Diagnostic::warning(Code("XC006"), Span::new(21, 25), "direction after the field")
            .label(Span::new(19, 20), "the field")
            .note("XQL writes the direction first")
            .fix(Fix::safe("write `desc a`", vec![Edit::new(Span::new(19, 25), "desc a")]));
        let text = terminal(&source, &diagnostic, false);
        assert!(text.contains("warning[XC006]: direction after the field"), "{text}");
        assert!(text.contains("hunt.xql:2:10"), "{text}");
        assert!(text.contains("write `desc a` (--fix)"), "{text}");
    }

    #[test]
    fn hostile_text_cannot_drive_the_terminal() {
        let source = Source::new("q", "filter a = \"\u{1b}[2J\u{202e}\"");
        let diagnostic = Diagnostic::error(Code("T1"), Span::new(7, 8), "bad \u{1b}[31m");
        let text = terminal(&source, &diagnostic, false);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    }

    #[test]
    fn any_span_renders() {
        let source = Source::new("q", "é");
        for span in [Span::new(0, 1), Span::new(1, 2), Span::new(5, 9), Span::at(2)] {
            assert!(!terminal(&source, &Diagnostic::error(Code("T1"), span, "m"), true).is_empty());
        }
    }
}
