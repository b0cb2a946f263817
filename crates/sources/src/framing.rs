//! Where one record ends and the next begins.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// How a source's files are cut into records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// One record per line.
    Lines,
    /// JSON values one after the other, each over as many lines as it likes.
    Json,
}

/// Records of a file with the line on which each starts, from 1. Bytes that end no record are a record
/// too, so that the decoder can say what is wrong with them.
pub fn records(bytes: &[u8], framing: Framing) -> Vec<(u64, &[u8])> {
    match framing {
        Framing::Lines => lines(bytes, 1),
        Framing::Json => values(bytes),
    }
}

fn lines(bytes: &[u8], first: u64) -> Vec<(u64, &[u8])> {
    let lines = bytes.split(|byte| *byte == b'\n').zip(first..);
    lines.filter(|(line, _)| !line.trim_ascii().is_empty()).map(|(line, number)| (number, line)).collect()
}

fn values(bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut records = Vec::new();
    let (mut start, mut line) = (0, 1u64);
    while start < bytes.len() {
        let blank = bytes[start..].len() - bytes[start..].trim_ascii_start().len();
        line += newlines(&bytes[start..start + blank]);
        start += blank;
        if start >= bytes.len() {
            break;
        }
        let mut stream = Deserializer::from_slice(&bytes[start..]).into_iter::<IgnoredAny>();
        let Some(Ok(_)) = stream.next() else {
            // Not JSON from here: go on line by line rather than lose the rest of the file.
            let end =
                bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| start + at);
            records.push((line, &bytes[start..end]));
            start = end;
            continue;
        };
        let end = start + stream.byte_offset().max(1);
        records.push((line, &bytes[start..end]));
        line += newlines(&bytes[start..end]);
        start = end;
    }
    records
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').count() as u64 - 1
}

/// Texts of the elements of the JSON array that `text` starts with, as far as they parse.
fn elements(text: &str) -> Vec<&str> {
    let mut elements = Vec::new();
    let Some(mut rest) = text.trim_start().strip_prefix('[') else { return elements };
    loop {
        rest = rest.trim_start();
        let mut stream = Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        let Some(Ok(_)) = stream.next() else { return elements };
        let (element, tail) = rest.split_at(stream.byte_offset());
        elements.push(element.trim());
        let Some(tail) = tail.trim_start().strip_prefix(',') else { return elements };
        rest = tail;
    }
}

/// Texts of the elements of the array that is the text, or that is its first member of that name.
pub(crate) fn member_elements<'t>(text: &'t str, member: Option<&str>) -> Vec<&'t str> {
    let Some(member) = member else { return elements(text) };
    let quoted = format!("\"{member}\"");
    let after = text.split_once(quoted.as_str()).map_or("", |(_, after)| after);
    elements(after.trim_start().strip_prefix(':').unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_span_lines() {
        let text = b"{\"a\":\n1}\n\n{\"b\":2}\nnot json\n[3]";
        let found: Vec<_> = records(text, Framing::Json);
        assert_eq!(found, [(1, &b"{\"a\":\n1}"[..]), (4, b"{\"b\":2}"), (5, b"not json"), (6, b"[3]")]);
    }

    #[test]
    fn elements_are_verbatim() {
        assert_eq!(elements(r#" [ {"a": 1.0} , [2,3],"x" ]"#), [r#"{"a": 1.0}"#, "[2,3]", "\"x\""]);
        assert!(elements("{}").is_empty());
    }
}
