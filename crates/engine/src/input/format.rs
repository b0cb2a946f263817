//! Which format a file has: by its first bytes, then by its name.
//!
//! The content decides wherever it can (a `.log` that holds JSON lines is read as JSON lines); the extension
//! decides between formats that look alike (one-column CSV against plain lines) and for JSON files whose first
//! record is damaged. Nothing here reads more than the head it is given.

use std::path::Path;

use super::check::check_json;
use super::csv::guess_delimiter;

/// Formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// JSON values that span lines: an array of records, one object, or several one after the other.
    Json,
    /// Separated values with a header row.
    Csv {
        /// The byte between two fields.
        delimiter: u8,
    },
    /// Parquet; scanned by the planner, not read record by record.
    Parquet,
    /// One record a line, not interpreted.
    Text,
    /// A pipe: decided when it is read, because a look would consume it.
    Unknown,
}

impl Format {
    /// The name of the format in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "JSON lines",
            Self::Json => "JSON",
            Self::Csv { .. } => "CSV",
            Self::Parquet => "Parquet",
            Self::Text => "text lines",
            Self::Unknown => "not known yet",
        }
    }
}

/// Compressions that are undone while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// RFC 1952, one or several members.
    Gzip,
    /// RFC 8878, one or several frames.
    Zstd,
}

impl Compression {
    /// The compression whose magic number `head` starts with (RFC 1952 section 2.3.1, RFC 8878 section 3.1).
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(&[0x1f, 0x8b, 0x08]) {
            return Some(Self::Gzip);
        }
        let skippable = head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == [0x2a, 0x4d, 0x18];
        (head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || skippable).then_some(Self::Zstd)
    }

    /// The name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Why a head is no format that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What was seen.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The UTF-8 byte order mark.
pub const BOM: &[u8] = b"\xef\xbb\xbf";

/// The format of content that starts with `head` (after decompression, without byte order mark).
///
/// `whole` says that `head` is all there is; `path` is only asked for its extension.
pub fn sniff(head: &[u8], whole: bool, path: &Path) -> Result<Format, Unreadable> {
    if head.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    if let Some(unreadable) = refuse_binary(head) {
        return Err(unreadable);
    }
    let extension = extension_below_compression(path);
    let is_json_name = matches!(extension.as_str(), "json" | "ndjson" | "jsonl");
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(head.len());
    let body = &head[start..];
    match body.first() {
        Some(b'{') if looks_like_object(body) || is_json_name => return Ok(lines_or_stream(body)),
        Some(b'[') if looks_like_array(body, whole) => return Ok(Format::Json),
        _ if is_json_name => return Ok(Format::Ndjson),
        _ => {}
    }
    Ok(match extension.as_str() {
        "csv" | "tsv" => {
            let usual = if extension == "tsv" { b'\t' } else { b',' };
            Format::Csv { delimiter: guess_delimiter(body, whole).unwrap_or(usual) }
        }
        "log" | "txt" | "out" | "md" => Format::Text,
        _ => guess_delimiter(body, whole).map_or(Format::Text, |delimiter| Format::Csv { delimiter }),
    })
}

/// The lower-case extension, looking below `.gz`, `.zst` and the like: `a.csv.gz` gives `csv`.
fn extension_below_compression(path: &Path) -> String {
    let lower = |path: &Path| path.extension().map(|text| text.to_string_lossy().to_lowercase());
    let mut path = path.to_path_buf();
    while let Some(extension) = lower(&path) {
        if !matches!(extension.as_str(), "gz" | "gzip" | "zst" | "zstd") {
            return extension;
        }
        path = path.with_extension("");
    }
    String::new()
}

/// Whether text after `{` can be a JSON object: a key or the end follows.
fn looks_like_object(body: &[u8]) -> bool {
    let next = body[1..].iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(next, None | Some(b'"' | b'}'))
}

/// Whether text that starts with `[` is a JSON array and not, say, a log line that starts with `[2026-01-01]`.
fn looks_like_array(body: &[u8], whole: bool) -> bool {
    match body[1..].iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => return true,
        Some(b'{') => return true,
        Some(_) => {}
    }
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<serde::de::IgnoredAny>();
    let cut = |error: &serde_json::Error| error.is_eof() && !whole;
    match values.next() {
        Some(Ok(_)) => {}
        Some(Err(error)) => return cut(&error),
        None => return false,
    }
    values.next().is_none_or(|second| second.is_ok_and(|_| true))
}

/// Tells one-object-a-line from objects that span lines.
fn lines_or_stream(body: &[u8]) -> Format {
    let Some(end) = memchr::memchr(b'\n', body) else {
        return Format::Ndjson;
    };
    let is_values = |line: &[u8]| {
        let mut values = serde_json::Deserializer::from_slice(line).into_iter::<serde::de::IgnoredAny>();
        values.all(|value| value.is_ok())
    };
    if is_values(&body[..end]) {
        return Format::Ndjson;
    }
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<serde::de::IgnoredAny>();
    if values.next().is_some_and(|first| first.is_ok()) {
        return Format::Json;
    }
    // The first record is damaged or longer than the head: whole objects on lines of their own decide.
    let is_object = |line: &[u8]| {
        line.starts_with(b"{") && std::str::from_utf8(line).is_ok_and(|text| check_json(text).is_ok())
    };
    let mut lines = body.split(|&byte| byte == b'\n').skip(1).take(50);
    if lines.any(|line| is_object(line.trim_ascii_end())) { Format::Ndjson } else { Format::Json }
}

/// Known binary formats by magic number, with advice.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a ZIP archive", "unpack it first"),
    (b"BZh", "bzip2 data", "decompress it first"),
    (b"\xfd7zXZ\0", "xz data", "decompress it first"),
    (b"\x04\x22\x4d\x18", "LZ4 data", "decompress it first"),
    (b"ElfFile\0", "a Windows event log", "convert it to JSON lines, for example with evtx_dump -o jsonl"),
    (b"\x7fELF", "an ELF program", ""),
    (b"\x89PNG", "a PNG image", ""),
    (b"%PDF", "a PDF document", ""),
    (b"SQLite format 3\0", "an SQLite database", "export its tables as CSV"),
    (b"ARROW1", "an Arrow IPC file", "convert it to Parquet"),
    (b"Obj\x01", "an Avro file", "convert it to Parquet"),
    (b"ORC", "an ORC file", "convert it to Parquet"),
    (b"GGUF", "a GGUF model", ""),
    (b"\x89HDF", "an HDF5 file", ""),
    (b"\xd4\xc3\xb2\xa1", "a packet capture", "convert it with Zeek (JSON logs)"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture", "convert it with Zeek (JSON logs)"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture", "convert it with Zeek (JSON logs)"),
    (b"\xff\xfe", "UTF-16 text", "convert it with iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "convert it with iconv -f UTF-16 -t UTF-8"),
];

/// Says what a binary head is; `None` for text.
fn refuse_binary(head: &[u8]) -> Option<Unreadable> {
    for (magic, name, advice) in MAGIC {
        // `ORC`, `BZh` and `Obj` could begin a line of text; binary content has control bytes soon after.
        if head.starts_with(magic) && (magic.len() > 3 || !head[0].is_ascii() || has_control(head)) {
            let help = (!advice.is_empty()).then(|| (*advice).to_string());
            return Some(Unreadable { message: format!("found {name}, {EXPECTED}"), help });
        }
    }
    if !has_control(head) {
        return None;
    }
    let first: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let message = format!("found binary data that starts with {}, {EXPECTED}", first.join(" "));
    Some(Unreadable { message, help: None })
}

/// What a file may be, for messages.
const EXPECTED: &str = "expected JSON, CSV, Parquet or text lines, plain or in gzip or zstd";

/// Whether a head has a NUL or several bytes that no text has, more than one in twenty.
fn has_control(head: &[u8]) -> bool {
    if memchr::memchr(0, head).is_some() {
        return true;
    }
    let is_odd = |byte: &&u8| matches!(**byte, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    let odd = head.iter().filter(is_odd).count();
    let broken = head.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    odd + broken > 3 && (odd + broken) * 20 > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(head: &str, name: &str) -> Format {
        sniff(head.as_bytes(), true, Path::new(name)).unwrap()
    }

    #[test]
    fn json_by_content() {
        assert_eq!(of("{\"a\":1}\n{\"a\":2}\n", "x.log"), Format::Ndjson);
        assert_eq!(of("{\"a\":1}{\"a\":2}", "x"), Format::Ndjson);
        assert_eq!(of("{\n \"a\": 1\n}\n{\n \"a\": 2\n}\n", "x"), Format::Json);
        assert_eq!(of("{\"Records\":[\n{\"a\":1},\n{\"b\":2}\n]}\n", "x"), Format::Json);
        assert_eq!(of("  [ {\"a\":1} ]", "x"), Format::Json);
        assert_eq!(of("[1, 2]\n[3]\n", "x"), Format::Json);
        assert_eq!(of("[]", "x"), Format::Json);
    }

    #[test]
    fn damaged_first_line_is_still_lines() {
        assert_eq!(of("{\"a\":1,\"b\":\n{\"a\":2}\n", "x"), Format::Ndjson);
        assert_eq!(of("{\"a\":1,\"b\":}\n{\"a\":2}\n", "x"), Format::Ndjson);
        assert_eq!(of("{\"a\":1,\"b\"", "x"), Format::Ndjson);
        assert_eq!(of("oops\n{\"a\":2}\n", "x.jsonl.gz"), Format::Ndjson);
    }

    #[test]
    fn text_and_csv() {
        let access = "10.0.0.1 - - [22/Nov/2026:01:00:00 +0000] \"GET / HTTP/1.1\" 200 1\n";
        assert_eq!(of(access, "access.log"), Format::Text);
        assert_eq!(of(&format!("{access}{access}"), "access"), Format::Text);
        assert_eq!(of("[2026-01-01] started\n[2026-01-01] ended\n", "x"), Format::Text);
        assert_eq!(of("[12] started\n", "x"), Format::Text);
        assert_eq!(of("a,b\n1,2\n", "x"), Format::Csv { delimiter: b',' });
        assert_eq!(of("a\n1\n", "x.csv"), Format::Csv { delimiter: b',' });
        assert_eq!(of("a;b\n1;2\n", "x.csv"), Format::Csv { delimiter: b';' });
        assert_eq!(of("a\tb\n1\t2\n", "x.tsv.zst"), Format::Csv { delimiter: b'\t' });
        assert_eq!(of("{ not json at all\n", "x"), Format::Text);
    }

    #[test]
    fn binary_is_named() {
        let zip = sniff(b"PK\x03\x04\x14\0\0\0", true, Path::new("x")).unwrap_err();
        assert!(zip.message.starts_with("found a ZIP archive"), "{}", zip.message);
        let junk = sniff(&[1, 2, 3, 0, 255], true, Path::new("x.json")).unwrap_err();
        assert!(junk.message.starts_with("found binary data that starts with 01 02 03 00 ff"));
        assert_eq!(of("ORC is a word\n", "x.txt"), Format::Text);
        assert_eq!(sniff(b"PAR1\x15\x04", false, Path::new("x")), Ok(Format::Parquet));
    }
}
