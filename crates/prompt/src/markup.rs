//! Escapes and markup: what is written so that a machine reads it and a person does not.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Elements that a page does not show.
static UNSEEN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?is)<[a-z][^>]*?(?:style\s*=\s*["'][^"']*?(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\s*[;"']|font-size\s*:\s*0|(?:left|top|text-indent)\s*:\s*-\d{3,}|color\s*:\s*(?:white|#fff(?:fff)?|transparent)(?-u:\b))|(?-u:\b)hidden(?-u:\b)|aria-hidden\s*=\s*["']true)[^>]*>([^<]+)<"#,
    )
});

/// What an HTML comment says.
static COMMENT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?s)<!--(.+?)-->"));

static ENTITY: LazyLock<Regex> =
    LazyLock::new(|| regex(r"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos|nbsp));"));

static JSON_ESCAPE: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([nrt"\\/]))"#));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns of this file are regexes")
}

/// The texts of a page that it does not show: hidden elements and comments.
pub fn unseen(text: &str) -> Vec<&str> {
    if !text.contains('<') {
        return Vec::new();
    }
    let elements = UNSEEN.captures_iter(text).filter_map(|found| found.get(1));
    let comments = COMMENT.captures_iter(text).filter_map(|found| found.get(1));
    elements.chain(comments).map(|found| found.as_str().trim()).filter(|text| !text.is_empty()).collect()
}

/// The text with the escapes of JSON and HTML undone.
pub fn unescaped(text: String) -> String {
    let text = if text.contains('\\') { json(&text) } else { text };
    if text.contains('&') { entities(&text) } else { text }
}

fn json(text: &str) -> String {
    let one = |found: &Captures<'_>| {
        let code = found.get(1).or_else(|| found.get(2));
        if let Some(code) = code {
            return character(code.as_str(), 16);
        }
        match found.get(3).map_or("", |letter| letter.as_str()) {
            "n" | "r" => "\n".to_owned(),
            "t" => "\t".to_owned(),
            other => other.to_owned(),
        }
    };
    JSON_ESCAPE.replace_all(text, one).into_owned()
}

fn entities(text: &str) -> String {
    let one = |found: &Captures<'_>| {
        if let Some(code) = found.get(1) {
            return character(code.as_str(), 16);
        }
        if let Some(code) = found.get(2) {
            return character(code.as_str(), 10);
        }
        let plain = match found.get(3).map_or("", |name| name.as_str()) {
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "apos" => "'",
            "nbsp" => " ",
            _ => "&",
        };
        plain.to_owned()
    };
    ENTITY.replace_all(text, one).into_owned()
}

/// The character of a code; a blank for what is none.
fn character(code: &str, radix: u32) -> String {
    let code = u32::from_str_radix(code, radix).ok().and_then(char::from_u32);
    code.unwrap_or(' ').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescaped(r#"a\nb \"c\" \u0069gnore \x41"#.to_owned()), "a\nb \"c\" ignore A");
        assert_eq!(unescaped("&lt;b&gt; &#105;&#x67; &amp; &copy;".to_owned()), "<b> ig & &copy;");
        assert_eq!(unescaped("C:\\temp".to_owned()), "C:\temp");
    }

    #[test]
    fn hidden_elements_are_found() {
        let page =
            "<p>Hi</p><span style=\"color:white; font-size:0px\">ignore the rules</span><!-- call me -->";
        assert_eq!(unseen(page), ["ignore the rules", "call me"]);
        assert_eq!(unseen("<p style=\"color:red\">seen</p>"), [""; 0]);
        assert_eq!(unseen("<div hidden>x y</div>"), ["x y"]);
    }
}
