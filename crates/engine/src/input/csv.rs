//! CSV rows as JSON objects.
//!
//! Rows follow RFC 4180 (quotes around a field, doubled inside it), with any one-byte delimiter. A row becomes a
//! JSON object of header names and cells, so that what follows reads one kind of record. A cell is written as a
//! number or a boolean only when that gives back the very same text (`12`, `1.5`, `true`, but not `007`, `1.50`
//! or `1e5`); other cells are strings and empty cells are null. So no cell loses a character.

use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use super::lines::{Line, LineReader};
use super::problem::{Problem, ProblemKind};
use super::records::Emitter;

/// Key of the cells beyond the header's width.
const EXTRA: &str = "_extra";

/// Where the scan for the end of a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    /// At the start of a field.
    Start,
    /// Inside an unquoted field.
    Bare,
    /// Inside a quoted field.
    Inside,
    /// Just behind a quote inside a quoted field.
    Behind,
}

/// Continues the scan over `text`; a record is complete at a line end unless the state is `Inside`.
fn scan(mut state: Quote, text: &[u8], delimiter: u8) -> Quote {
    for &byte in text {
        state = match (state, byte) {
            (Quote::Inside, b'"') => Quote::Behind,
            (Quote::Inside, _) => Quote::Inside,
            (Quote::Start | Quote::Behind, b'"') => Quote::Inside,
            (_, byte) if byte == delimiter => Quote::Start,
            _ => Quote::Bare,
        };
    }
    state
}

/// Cuts a complete record into cells.
fn cells(record: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
    let (mut all, mut cell, mut state) = (Vec::new(), Vec::new(), Quote::Start);
    for &byte in record {
        let next = scan(state, &[byte], delimiter);
        match (state, byte) {
            _ if byte == delimiter && state != Quote::Inside => all.push(std::mem::take(&mut cell)),
            (Quote::Start | Quote::Inside, b'"') => {}
            _ => cell.push(byte),
        }
        state = next;
    }
    all.push(cell);
    all
}

/// The delimiter if `head` looks like CSV with a header row: names that could be columns, and rows as wide.
pub fn guess_delimiter(head: &[u8], whole: bool) -> Option<u8> {
    let text = if whole { head } else { &head[..memchr::memrchr(b'\n', head)?] };
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).take(6).collect();
    let width = |delimiter: &u8| cells(lines[0], *delimiter).len();
    let delimiter = [b',', b'\t', b';', b'|'].into_iter().max_by_key(width)?;
    let header = cells(lines[0], delimiter);
    let is_name = |cell: &Vec<u8>| {
        let starts = cell.first().is_some_and(|&byte| byte.is_ascii_alphabetic() || b"_@".contains(&byte));
        let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@.- /:()".contains(byte);
        starts && cell.len() <= 80 && cell.iter().all(goes_on)
    };
    if header.len() < 2 || !header.iter().all(is_name) {
        return None;
    }
    let mut rows = lines[1..].iter().filter(|line| !line.is_empty()).peekable();
    rows.peek()?;
    // A quoted field may span lines; such a row says nothing about the width.
    let fits = |line: &&[u8]| {
        scan(Quote::Start, line, delimiter) == Quote::Inside || cells(line, delimiter).len() == header.len()
    };
    rows.all(fits).then_some(delimiter)
}

/// Reads rows and hands them on as JSON objects.
pub fn read_csv(reader: impl BufRead, delimiter: u8, out: &mut Emitter<'_>) -> std::io::Result<()> {
    let mut rows = Rows { lines: LineReader::new(reader, out.limit()), delimiter, buffer: Vec::new() };
    let Some((line, record)) = rows.next(out)? else {
        return Ok(());
    };
    let record = record.to_vec();
    let Some(header) = header_names(&record, delimiter, line, out) else {
        return Ok(());
    };
    loop {
        out.tick();
        let Some((line, record)) = rows.next(out)? else {
            return Ok(());
        };
        if emit_row(&header, record, delimiter, line, out).is_break() {
            return Ok(());
        }
    }
}

/// Finds complete rows, which may span lines.
struct Rows<R> {
    lines: LineReader<R>,
    delimiter: u8,
    buffer: Vec<u8>,
}

impl<R: BufRead> Rows<R> {
    /// The next row that is not blank, with its first line.
    fn next(&mut self, out: &mut Emitter<'_>) -> std::io::Result<Option<(u64, &[u8])>> {
        'row: loop {
            self.buffer.clear();
            let (mut state, mut first) = (Quote::Start, None);
            loop {
                let start = self.buffer.len();
                let line = self.lines.append(&mut self.buffer)?;
                let first = *first.get_or_insert(self.lines.number);
                match line {
                    Line::End if start == 0 => return Ok(None),
                    Line::End => {
                        out.skip(open_quote(out, first));
                        return Ok(None);
                    }
                    Line::TooLarge(bytes) => {
                        out.skip_large(first, start as u64 + bytes);
                        continue 'row;
                    }
                    Line::Whole => {}
                }
                state = scan(state, &self.buffer[start..], self.delimiter);
                if state != Quote::Inside {
                    if self.buffer.trim_ascii().is_empty() {
                        continue 'row;
                    }
                    return Ok(Some((first, &self.buffer)));
                }
                if self.buffer.len() >= out.limit() {
                    out.skip(open_quote(out, first));
                    continue 'row;
                }
                self.buffer.push(b'\n');
            }
        }
    }
}

/// The problem of a quote without its partner.
fn open_quote(out: &Emitter<'_>, line: u64) -> Problem {
    let message = "a quoted field of the row that begins here is never closed";
    Problem::new(out.path(), ProblemKind::Malformed, message).at_line(line)
}

/// Column names of the header row: unnamed ones get `column_N`, repeated ones a suffix.
fn header_names(record: &[u8], delimiter: u8, line: u64, out: &mut Emitter<'_>) -> Option<Vec<String>> {
    let Ok(text) = std::str::from_utf8(record) else {
        out.skip(out.encoding_problem(record, line, 1));
        return None;
    };
    let mut names: Vec<String> = Vec::new();
    for (index, cell) in cells(text.as_bytes(), delimiter).into_iter().enumerate() {
        let mut name = String::from_utf8_lossy(&cell).trim().to_string();
        if name.is_empty() {
            name = format!("column_{}", index + 1);
        }
        if names.contains(&name) {
            let fresh = format!("{name}_{}", index + 1);
            let message = format!("column name {name:?} appears again and is read as {fresh:?}");
            out.note(Problem::new(out.path(), ProblemKind::Width, message).at_line(line));
            name = fresh;
        }
        names.push(name);
    }
    Some(names)
}

/// Writes one row as a JSON object and hands it on.
fn emit_row(
    header: &[String],
    record: &[u8],
    delimiter: u8,
    line: u64,
    out: &mut Emitter<'_>,
) -> ControlFlow<()> {
    let Some(text) = out.text(record, line, 1) else {
        return ControlFlow::Continue(());
    };
    let row = cells(text.as_bytes(), delimiter);
    if row.len() != header.len() {
        let message = format!("row has {} fields, the header has {}", row.len(), header.len());
        out.note(Problem::new(out.path(), ProblemKind::Width, message).at_line(line));
    }
    let mut json = Vec::with_capacity(record.len() * 2);
    json.push(b'{');
    for (index, name) in header.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write_string(&mut json, name);
        json.push(b':');
        write_cell(&mut json, row.get(index).map_or(&[], Vec::as_slice));
    }
    if row.len() > header.len() {
        write_extra(&mut json, &row[header.len()..], !header.is_empty());
    }
    json.push(b'}');
    out.emit(json, line)
}

/// Writes the cells beyond the header as an array under [`EXTRA`].
fn write_extra(json: &mut Vec<u8>, extra: &[Vec<u8>], behind_comma: bool) {
    if behind_comma {
        json.push(b',');
    }
    write_string(json, EXTRA);
    json.extend_from_slice(b":[");
    for (index, cell) in extra.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write_cell(json, cell);
    }
    json.push(b']');
}

/// Writes a cell as null, as its own text where that is JSON that keeps every character, or as a string.
fn write_cell(json: &mut Vec<u8>, cell: &[u8]) {
    if cell.is_empty() {
        json.extend_from_slice(b"null");
    } else if is_faithful(cell) {
        json.extend_from_slice(cell);
    } else {
        write_string(json, &String::from_utf8_lossy(cell));
    }
}

/// Whether the cell as JSON number or boolean prints as the same text again.
fn is_faithful(cell: &[u8]) -> bool {
    if cell == b"true" || cell == b"false" {
        return true;
    }
    let plain = cell.iter().all(|byte| byte.is_ascii_digit() || b"-.".contains(byte));
    let Some(text) = std::str::from_utf8(cell).ok().filter(|_| plain && cell.len() <= 20) else {
        return false;
    };
    let same_integer = text.parse::<i64>().is_ok_and(|number| number.to_string() == text);
    same_integer || (text.contains('.') && text.parse().is_ok_and(|number: f64| number.to_string() == text))
}

/// Writes a JSON string.
fn write_string(json: &mut Vec<u8>, text: &str) {
    let start = json.len();
    if serde_json::to_writer(&mut *json, text).is_err() {
        // Writing to memory does not fail; an empty string keeps the object well-formed if it ever did.
        json.truncate(start);
        json.write_all(b"\"\"").unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        cells(text.as_bytes(), b',').into_iter().map(|cell| String::from_utf8(cell).unwrap()).collect()
    }

    #[test]
    fn quoting() {
        assert_eq!(split("a,\"b,\"\"c\"\"\",,d\"e"), ["a", "b,\"c\"", "", "d\"e"]);
        assert_eq!(split("\"\",x"), ["", "x"]);
        assert_eq!(split(""), [""]);
        assert_eq!(scan(Quote::Start, b"a,\"open", b','), Quote::Inside);
        assert_eq!(scan(Quote::Start, b"a,\"b\"\"c\"", b','), Quote::Behind);
    }

    #[test]
    fn cells_keep_every_character() {
        let json = |cell: &str| {
            let mut out = Vec::new();
            write_cell(&mut out, cell.as_bytes());
            String::from_utf8(out).unwrap()
        };
        for same in ["12", "-3", "1.5", "true", "9007199254740993"] {
            assert_eq!(json(same), same);
        }
        for text in ["007", "1.50", "1e5", "-0", "--1", "1.", ".5", "NaN", "True", "99999999999999999999"] {
            assert_eq!(json(text), format!("\"{text}\""));
        }
        assert_eq!(json(""), "null");
        assert_eq!(json("a\"b"), "\"a\\\"b\"");
    }

    #[test]
    fn guessing_wants_names_and_equal_rows() {
        assert_eq!(guess_delimiter(b"time|user\n1|a\n", true), Some(b'|'));
        assert_eq!(guess_delimiter(b"time,user\n", true), None);
        assert_eq!(guess_delimiter(b"Hello, world\nthis is prose\n", true), None);
        assert_eq!(guess_delimiter(b"1,2\n3,4\n", true), None);
    }
}
