//! A message for Slack's incoming webhooks and what understands the same.
//!
//! `&`, `<` and `>` are the characters by which Slack's text format makes links and mentions; they are escaped as its
//! documentation asks, so that event text can neither link nor call a channel.

use serde_json::{Value, json};

use crate::alert::Alert;
use crate::row_json::time;

pub(super) fn body(alert: &Alert) -> Value {
    let mut lines = vec![
        format!("*{}* {}", alert.severity.name().to_uppercase(), escaped(&alert.title)),
        format!(
            "rule {} ({}), {} events, {} – {}",
            escaped(&alert.rule),
            alert.atlas.join(", "),
            alert.events,
            time(alert.first),
            time(alert.last)
        ),
    ];
    for (name, value) in &alert.entities {
        if let Some(value) = value {
            lines.push(format!("{} = `{}`", escaped(name), escaped(value).replace('`', "'")));
        }
    }
    lines.push(format!("alert {}", alert.id));
    json!({ "text": lines.join("\n") })
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn event_text_mentions_nobody() {
        let body = super::body(&super::super::hostile());
        let text = body["text"].as_str().unwrap();
        assert!(
            text.contains("&lt;!channel&gt;") && !text.contains('<') && !text.contains('\u{1b}'),
            "{text}"
        );
        assert_eq!(text.lines().count(), 4, "{text}");
    }
}
