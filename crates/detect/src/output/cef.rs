//! Common Event Format, version 0 (ArcSight CEF Implementation Standard): seven header fields divided by `|`, then
//! `key=value` pairs.

use std::fmt::Write as _;

use crate::alert::Alert;
use atalanta_schema::Level;

/// Keys of custom strings, of which CEF has six.
const CUSTOM: [&str; 4] = ["cs1", "cs2", "cs3", "cs4"];

/// One line without a line break.
pub(super) fn line(alert: &Alert) -> String {
    let severity = match alert.severity {
        Level::Informational => 1,
        Level::Low => 3,
        Level::Medium => 5,
        Level::High => 8,
        Level::Critical => 10,
    };
    let mut out = format!(
        "CEF:0|Atalanta|Atalanta|{}|{}|{}|{severity}|",
        env!("CARGO_PKG_VERSION"),
        header(&alert.rule),
        header(&alert.title)
    );
    let _ = write!(
        out,
        "externalId={} start={} end={} cnt={} cat={}",
        alert.id,
        alert.first / 1000,
        alert.last / 1000,
        alert.events,
        value(&alert.class)
    );
    let _ = write!(out, " cs5Label=atlas cs5={}", value(&alert.atlas.join(",")));
    for (key, (name, entity)) in CUSTOM.iter().zip(&alert.entities) {
        if let Some(entity) = entity {
            let _ = write!(out, " {key}Label={} {key}={}", value(name), value(entity));
        }
    }
    out
}

/// In the header `\` and `|` are escaped; a line break cannot stand there.
fn header(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// In a value `\` and `=` are escaped.
fn value(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('=', "\\=")
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn event_text_ends_neither_field_nor_line() {
        let line = super::line(&super::super::hostile());
        assert!(!line.chars().any(char::is_control), "{line}");
        assert!(line.starts_with("CEF:0|Atalanta|Atalanta|"));
        assert!(line.contains("|r\\|1|cmd=a\\\\b\\|c=d <!channel>"), "{line}");
        assert!(line.contains("cs1Label=user cs1=ann\\=\\\\ <x>"), "{line}");
    }
}
