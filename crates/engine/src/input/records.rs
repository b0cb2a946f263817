//! Cuts a file into records, one at a time, in bounded memory.
//!
//! Every record comes with the line it begins on and its position in the file. What cannot be passed on is
//! reported with file, line, column and reason, and the rest goes on.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use super::check::{JsonFault, check_json, split_concatenated};
use super::csv::read_csv;
use super::discover::InputFile;
use super::format::Format;
use super::json_split::{read_json, split_line};
use super::lines::{Line, LineReader};
use super::open::{Opened, open_path, open_stream};
use super::problem::{Problem, ProblemKind, Problems};
use super::progress::{Progress, STEP};

/// One record as it stands in the file.
///
/// `bytes` is UTF-8 and verbatim without the line terminator: one JSON object (JSON formats), one line (text).
/// A CSV row is the exception: it comes as a JSON object of header names and cells that keeps every character
/// of every cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRecord {
    /// The record.
    pub bytes: Vec<u8>,
    /// 1-based line the record begins on.
    pub line: u64,
    /// 0-based position among the records passed on from this file.
    pub ordinal: u64,
}

/// What a reader accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the largest record; a larger one is reported, not buffered. Default 16 MiB.
    pub max_record_bytes: usize,
    /// Pass on records with invalid UTF-8, each invalid sequence replaced by U+FFFD, instead of skipping them.
    /// They are reported either way. Default off.
    pub lossy_utf8: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_record_bytes: 16 << 20, lossy_utf8: false }
    }
}

/// Reads all records of a file and hands each to `sink`, until the end or until the sink breaks.
///
/// The format is told again from the content, so a file may have changed since it was discovered. Parquet is
/// not read here and is reported.
pub fn for_each_record(
    file: &InputFile,
    limits: &Limits,
    progress: &dyn Progress,
    problems: &mut Problems,
    sink: &mut dyn FnMut(RawRecord) -> ControlFlow<()>,
) {
    let opened = open_path(&file.path);
    run(opened, &file.path, limits, progress, problems, sink);
}

/// The same for any stream; `path` names it in problems and its extension helps to tell the format.
pub fn for_each_record_in<'a>(
    stream: impl Read + 'a,
    path: &Path,
    limits: &Limits,
    progress: &dyn Progress,
    problems: &mut Problems,
    sink: &mut dyn FnMut(RawRecord) -> ControlFlow<()>,
) {
    run(open_stream(stream, path), path, limits, progress, problems, sink);
}

/// Reads an opened stream by its format and reports how it ended.
fn run(
    opened: Result<Opened<'_>, Problem>,
    path: &Path,
    limits: &Limits,
    progress: &dyn Progress,
    problems: &mut Problems,
    sink: &mut dyn FnMut(RawRecord) -> ControlFlow<()>,
) {
    let mut opened = match opened {
        Ok(opened) => opened,
        Err(problem) => return problems.push(problem),
    };
    let done = Rc::clone(&opened.done);
    let mut out =
        Emitter { path, limits, progress, problems, sink, done, reported: 0, fresh: 0, ordinal: 0, line: 0 };
    let end = match opened.format {
        Format::Ndjson => read_lines(&mut opened.reader, &mut out, emit_json_line),
        Format::Text | Format::Unknown => read_lines(&mut opened.reader, &mut out, emit_text_line),
        Format::Json => read_json(&mut opened.reader, &mut out),
        Format::Csv { delimiter } => read_csv(&mut opened.reader, delimiter, &mut out),
        Format::Parquet => {
            let message = "found Parquet, which is scanned from a file and not read as a stream of records";
            let problem = Problem::new(path, ProblemKind::Unsupported, message);
            out.note(problem.with_help("name the Parquet file itself"));
            Ok(())
        }
    };
    out.report();
    if let Err(error) = end {
        let problem = opened.read_problem(path, &error);
        let problem = if out.line > 0 { problem.at_line(out.line) } else { problem };
        out.problems.push(problem);
    }
}

/// Hands records to the sink and problems to the list; knows limits and progress.
pub struct Emitter<'a> {
    path: &'a Path,
    limits: &'a Limits,
    progress: &'a dyn Progress,
    problems: &'a mut Problems,
    sink: &'a mut dyn FnMut(RawRecord) -> ControlFlow<()>,
    done: Rc<Cell<u64>>,
    reported: u64,
    fresh: u64,
    ordinal: u64,
    /// The line of the last record or problem, for problems of the stream itself.
    line: u64,
}

impl Emitter<'_> {
    /// Bytes of the largest record.
    pub fn limit(&self) -> usize {
        self.limits.max_record_bytes
    }

    /// The file as named in problems.
    pub fn path(&self) -> &Path {
        self.path
    }

    /// Hands on one record.
    pub fn emit(&mut self, bytes: Vec<u8>, line: u64) -> ControlFlow<()> {
        let record = RawRecord { bytes, line, ordinal: self.ordinal };
        self.ordinal += 1;
        self.fresh += 1;
        self.line = line;
        (self.sink)(record)
    }

    /// Reports a problem that cost no record.
    pub fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Reports a record that is left out.
    pub fn skip(&mut self, problem: Problem) {
        self.line = problem.line.unwrap_or(self.line);
        self.problems.skip(problem);
    }

    /// Reports a record above the size limit.
    pub fn skip_large(&mut self, line: u64, bytes: u64) {
        let message =
            format!("record of {bytes} bytes is larger than {} bytes and was skipped", self.limit());
        let problem = Problem::new(self.path, ProblemKind::TooLarge, message).at_line(line);
        self.skip(problem.with_help("raise the limit on record size"));
    }

    /// Reports progress if enough was read since the last report.
    pub fn tick(&mut self) {
        if self.done.get() - self.reported >= STEP {
            self.report();
        }
    }

    /// Reports what was read since the last report.
    fn report(&mut self) {
        let done = self.done.get();
        self.progress.advance(done - self.reported, self.fresh);
        self.reported = done;
        self.fresh = 0;
    }

    /// The record as text. Invalid UTF-8 is reported; the record is then `None` or repaired, as the limits say.
    /// `line` and `column` are those of its first byte.
    pub fn text<'t>(&mut self, bytes: &'t [u8], line: u64, column: u64) -> Option<Cow<'t, str>> {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Some(text.into());
        }
        let problem = self.encoding_problem(bytes, line, column);
        if self.limits.lossy_utf8 {
            self.note(problem);
            return Some(String::from_utf8_lossy(bytes));
        }
        self.skip(problem);
        None
    }

    /// The problem of a record that is not UTF-8, at the first invalid byte.
    pub fn encoding_problem(&self, bytes: &[u8], line: u64, column: u64) -> Problem {
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let before = &bytes[..valid];
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        let column = match memchr::memrchr(b'\n', before) {
            Some(newline) => (valid - newline) as u64,
            None => column + valid as u64,
        };
        let byte = bytes.get(valid).copied().unwrap_or(0);
        let message = format!("record is not UTF-8: found byte 0x{byte:02x}");
        let problem = Problem::new(self.path, ProblemKind::Encoding, message);
        problem.at(line + lines, column).with_help("convert the file to UTF-8")
    }

    /// Reports a record that is no JSON object. `line` and `column` are those of its first byte.
    pub fn skip_malformed(&mut self, fault: &JsonFault, line: u64, column: u64) {
        let shift = if fault.line == 1 { column - 1 } else { 0 };
        let problem = Problem::new(self.path, ProblemKind::Malformed, fault.reason.clone());
        self.skip(problem.at(line + fault.line - 1, fault.column + shift));
    }
}

/// Reads lines and hands those that are not blank to `emit`.
fn read_lines(
    reader: impl BufRead,
    out: &mut Emitter<'_>,
    emit: fn(&[u8], u64, &mut Emitter<'_>) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut lines = LineReader::new(reader, out.limit());
    let mut buffer = Vec::new();
    loop {
        match lines.next(&mut buffer) {
            Ok(Line::End) => return Ok(()),
            Ok(Line::TooLarge(bytes)) => out.skip_large(lines.number, bytes),
            Ok(Line::Whole) if buffer.trim_ascii().is_empty() => {}
            Ok(Line::Whole) => {
                if emit(&buffer, lines.number, out).is_break() {
                    return Ok(());
                }
            }
            Err(error) => {
                if !buffer.is_empty() {
                    out.skip(unfinished(out.path, lines.number));
                }
                return Err(error);
            }
        }
        out.tick();
    }
}

/// The problem of a record cut off by the end of a damaged stream.
pub fn unfinished(path: &Path, line: u64) -> Problem {
    let message = "the record that begins here is cut off";
    Problem::new(path, ProblemKind::Damaged, message).at_line(line)
}

/// Hands on a line as it is.
fn emit_text_line(line: &[u8], number: u64, out: &mut Emitter<'_>) -> ControlFlow<()> {
    match out.text(line, number, 1) {
        Some(text) => out.emit(text.into_owned().into_bytes(), number),
        None => ControlFlow::Continue(()),
    }
}

/// Checks a JSON line and hands on its object or objects.
fn emit_json_line(line: &[u8], number: u64, out: &mut Emitter<'_>) -> ControlFlow<()> {
    let Some(text) = out.text(line, number, 1) else {
        return ControlFlow::Continue(());
    };
    let Err(fault) = check_json(&text) else {
        return out.emit(text.into_owned().into_bytes(), number);
    };
    if text.trim_ascii_start().starts_with('[') {
        return split_line(text.as_bytes(), number, out);
    }
    if fault.reason != "trailing characters" {
        out.skip_malformed(&fault, number, 1);
        return ControlFlow::Continue(());
    }
    match split_concatenated(&text) {
        Ok(ranges) => {
            for (start, end) in ranges {
                out.emit(text.as_bytes()[start..end].to_vec(), number)?;
            }
        }
        Err(fault) => out.skip_malformed(&fault, number, 1),
    }
    ControlFlow::Continue(())
}

/// The splitter alone over a buffer of any size, which opening a stream does not allow.
#[cfg(test)]
pub fn read_json_for_tests(
    mut reader: impl BufRead,
    problems: &mut Problems,
    sink: &mut dyn FnMut(RawRecord) -> ControlFlow<()>,
) {
    let (limits, done, path) = (Limits::default(), Rc::new(Cell::new(0)), Path::new("x"));
    let progress = &super::progress::NoProgress;
    let mut out = Emitter {
        path,
        limits: &limits,
        progress,
        problems,
        sink,
        done,
        reported: 0,
        fresh: 0,
        ordinal: 0,
        line: 0,
    };
    read_json(&mut reader, &mut out).unwrap_or_default();
}
