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

pub(crate) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// The elements of a JSON array as they were written, with the line on which each starts, from 1; none if the bytes
/// are no array, or have something behind it.
pub fn elements(bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut out = Vec::new();
    let mut line = 1;
    let mut rest = skip(bytes, &mut line).strip_prefix(b"[")?;
    loop {
        rest = skip(rest, &mut line);
        if let Some(tail) = rest.strip_prefix(b"]") {
            return skip(tail, &mut line).is_empty().then_some(out);
        }
        let mut stream = Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        stream.next()?.ok()?;
        let (element, tail) = rest.split_at(stream.byte_offset());
        out.push((line, element));
        line += newlines(element);
        rest = skip(tail, &mut line);
        match rest.strip_prefix(b",") {
            Some(tail) => rest = tail,
            None if rest.starts_with(b"]") => {}
            None => return None,
        }
    }
}

/// The members of a JSON object with their values as they were written; none if the bytes are something else.
pub fn members(bytes: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut out = Vec::new();
    let mut rest = bytes.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    if let Some(tail) = rest.strip_prefix(b"}") {
        return tail.trim_ascii().is_empty().then_some(out);
    }
    loop {
        let mut key = Deserializer::from_slice(rest).into_iter::<String>();
        let name = key.next()?.ok()?;
        rest = rest[key.byte_offset()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let mut value = Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        value.next()?.ok()?;
        let (text, tail) = rest.split_at(value.byte_offset());
        out.push((name, text));
        rest = tail.trim_ascii_start();
        match rest.split_first()? {
            (b',', tail) => rest = tail.trim_ascii_start(),
            (b'}', tail) => return tail.trim_ascii().is_empty().then_some(out),
            _ => return None,
        }
    }
}

fn skip<'a>(bytes: &'a [u8], line: &mut u64) -> &'a [u8] {
    let rest = bytes.trim_ascii_start();
    *line += newlines(&bytes[..bytes.len() - rest.len()]);
    rest
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
        let found = elements(b" [ {\"a\":\n 1.0} ,\n[2,3],\"x\" ]\n").unwrap();
        assert_eq!(found, [(1, b"{\"a\":\n 1.0}".as_slice()), (3, b"[2,3]"), (3, b"\"x\"")]);
        assert!(elements(b"{}").is_none() && elements(b"[1] x").is_none());
    }

    #[test]
    fn members_stay_as_they_were_written() {
        let found = members(b" { \"a\" : 1.10 ,\"b\":[1, 2],\"a\":{\"x\":\"}\"} } ").unwrap();
        let found: Vec<(&str, &[u8])> = found.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        assert_eq!(found, [("a", b"1.10".as_slice()), ("b", b"[1, 2]"), ("a", b"{\"x\":\"}\"}")]);
        assert_eq!(members(b"{}").unwrap(), []);
        for bad in
            ["", "{", "[]", "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":1 \"b\":2}"]
        {
            assert!(members(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
