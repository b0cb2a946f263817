//! Cuts a stream of JSON into its objects without parsing it whole.
//!
//! Arrays at the top are opened: their elements are the records. Objects may span lines and may follow each
//! other with or without white space. The cutting only follows brackets and quotes; each piece is then checked
//! by the parser. After a broken piece the splitter looks for the next one:
//!
//! * a bracket of the wrong kind closes everything up to its partner, so the piece ends where it should have;
//! * a string that is not closed on its line (JSON has no line breaks in strings) gives the piece up, and the
//!   next one begins at the next line that starts with `{`, in the column of the broken piece if that stood
//!   first on its line.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use super::check::check_json;
use super::problem::{Problem, ProblemKind};
use super::records::{Emitter, unfinished};

/// Brackets that may be open at once; the parser's own limit is far lower, this bounds the stack only.
const MAX_OPEN: usize = 4096;

/// Where the splitter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between two pieces.
    Between,
    /// Inside a piece, outside of strings.
    Bracketed,
    /// Inside a string of a piece.
    Quoted,
    /// Inside something that is neither object, array nor string.
    Bare,
    /// Behind a broken piece, looking for the next.
    Lost,
}

/// Reads all pieces of a stream.
pub fn read_json(reader: &mut impl BufRead, out: &mut Emitter<'_>) -> io::Result<()> {
    let mut splitter = Splitter::new(1);
    loop {
        let chunk = match reader.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                if splitter.is_inside() {
                    out.skip(unfinished(out.path(), splitter.begun.0));
                }
                return Err(error);
            }
        };
        let length = chunk.len();
        let flow = splitter.feed(chunk, out);
        reader.consume(length);
        if flow.is_break() {
            return Ok(());
        }
        out.tick();
    }
    // The stream is at its end, so whether the sink breaks now changes nothing.
    let _ = splitter.finish(out);
    Ok(())
}

/// Cuts one line that holds an array.
pub fn split_line(text: &[u8], line: u64, out: &mut Emitter<'_>) -> ControlFlow<()> {
    let mut splitter = Splitter::new(line);
    splitter.feed(text, out)?;
    splitter.finish(out)
}

/// The state between two chunks; where the chunks are cut makes no difference.
struct Splitter {
    state: State,
    /// Brackets open in the piece.
    open: Vec<u8>,
    /// Whether the next byte of the string is escaped.
    escaped: bool,
    /// Line of the array at the top, if one is open.
    array: Option<u64>,
    /// The piece so far; empty once it is larger than the limit.
    piece: Vec<u8>,
    /// Bytes of the piece, kept or not.
    size: u64,
    /// Line and column of the piece's first byte.
    begun: (u64, u64),
    /// Column of the piece if it stood first on its line.
    indent: Option<u64>,
    /// Current line.
    line: u64,
    /// Offset of the current line's first byte.
    line_start: u64,
    /// Offset of the next byte.
    offset: u64,
    /// Whether only white space has come on this line.
    blank: bool,
}

impl Splitter {
    fn new(line: u64) -> Self {
        Self {
            state: State::Between,
            open: Vec::new(),
            escaped: false,
            array: None,
            piece: Vec::new(),
            size: 0,
            begun: (line, 1),
            indent: None,
            line,
            line_start: 0,
            offset: 0,
            blank: true,
        }
    }

    /// Whether a piece has begun and not ended.
    fn is_inside(&self) -> bool {
        matches!(self.state, State::Bracketed | State::Quoted | State::Bare)
    }

    /// Takes the next bytes of the stream.
    fn feed(&mut self, chunk: &[u8], out: &mut Emitter<'_>) -> ControlFlow<()> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let used = match self.state {
                State::Between => self.between(rest),
                State::Bracketed => self.bracketed(rest, out)?,
                State::Quoted => self.quoted(rest, out)?,
                State::Bare => self.bare(rest, out)?,
                State::Lost => self.lost(rest),
            };
            self.offset += used as u64;
            rest = &rest[used..];
        }
        ControlFlow::Continue(())
    }

    /// Takes the end of the stream.
    fn finish(&mut self, out: &mut Emitter<'_>) -> ControlFlow<()> {
        if self.state == State::Bare {
            self.complete(out)?;
        } else if self.is_inside() {
            let message = "the value that begins here is not closed before the end";
            let problem = Problem::new(out.path(), ProblemKind::Malformed, message);
            out.skip(problem.at(self.begun.0, self.begun.1));
        }
        if let Some(line) = self.array {
            let message = "the array that begins here is not closed before the end";
            out.note(Problem::new(out.path(), ProblemKind::Malformed, message).at_line(line));
        }
        ControlFlow::Continue(())
    }

    /// Notes a line break at `index` of the bytes at hand.
    fn newline(&mut self, index: usize) {
        self.line += 1;
        self.line_start = self.offset + index as u64 + 1;
        self.blank = true;
    }

    /// 1-based column of `index`.
    fn column(&self, index: usize) -> u64 {
        self.offset + index as u64 - self.line_start + 1
    }

    /// Adds bytes to the piece, or only counts them once it is too large.
    fn keep(&mut self, bytes: &[u8], limit: usize) {
        self.size += bytes.len() as u64;
        if self.size <= limit as u64 {
            self.piece.extend_from_slice(bytes);
        } else {
            self.piece.clear();
        }
    }

    /// Skips white space, commas and the brackets of the array at the top; stops where a piece begins.
    fn between(&mut self, bytes: &[u8]) -> usize {
        for (index, &byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' => self.newline(index),
                b' ' | b'\t' | b'\r' => {}
                b',' => self.blank = false,
                b'[' if self.array.is_none() => {
                    self.array = Some(self.line);
                    self.blank = false;
                }
                b']' if self.array.is_some() => {
                    self.array = None;
                    self.blank = false;
                }
                _ => {
                    self.begun = (self.line, self.column(index));
                    self.indent = self.blank.then_some(self.begun.1);
                    self.blank = false;
                    self.piece.clear();
                    self.open.clear();
                    self.size = 0;
                    self.state =
                        if matches!(byte, b'{' | b'[' | b'"') { State::Bracketed } else { State::Bare };
                    return index;
                }
            }
        }
        bytes.len()
    }

    /// Follows brackets until the piece ends or a string begins.
    fn bracketed(&mut self, bytes: &[u8], out: &mut Emitter<'_>) -> ControlFlow<(), usize> {
        for (index, &byte) in bytes.iter().enumerate() {
            match byte {
                b'"' => {
                    self.keep(&bytes[..=index], out.limit());
                    self.state = State::Quoted;
                    return ControlFlow::Continue(index + 1);
                }
                b'{' | b'[' if self.open.len() == MAX_OPEN => {
                    self.give_up(&format!("more than {MAX_OPEN} brackets are open"), index, out);
                    return ControlFlow::Continue(index);
                }
                b'{' | b'[' => self.open.push(byte),
                b'}' | b']' => {
                    if let Some(used) = self.close(byte, index) {
                        self.keep(&bytes[..used], out.limit());
                        self.complete(out)?;
                        return ControlFlow::Continue(used);
                    }
                }
                b'\n' => self.newline(index),
                _ => {}
            }
        }
        self.keep(bytes, out.limit());
        ControlFlow::Continue(bytes.len())
    }

    /// Closes a bracket. Gives the length of the piece's last part if the piece ends here.
    fn close(&mut self, byte: u8, index: usize) -> Option<usize> {
        let partner = if byte == b'}' { b'{' } else { b'[' };
        match self.open.iter().rposition(|&open| open == partner) {
            Some(depth) => {
                self.open.truncate(depth);
                self.open.is_empty().then_some(index + 1)
            }
            // The array at the top ends although the piece is not closed: the bracket is not the piece's.
            None if byte == b']' && self.array.is_some() => Some(index),
            None => None,
        }
    }

    /// Follows a string to its end.
    fn quoted(&mut self, bytes: &[u8], out: &mut Emitter<'_>) -> ControlFlow<(), usize> {
        let mut index = 0;
        if self.escaped && bytes[0] != b'\n' {
            index = 1;
        }
        self.escaped = false;
        while let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &bytes[index..]) {
            index += found;
            match bytes[index] {
                b'"' => {
                    self.keep(&bytes[..=index], out.limit());
                    self.state = State::Bracketed;
                    if self.open.is_empty() {
                        self.complete(out)?;
                    }
                    return ControlFlow::Continue(index + 1);
                }
                b'\n' => {
                    self.give_up("a string is not closed at the end of its line", index, out);
                    return ControlFlow::Continue(index);
                }
                _ => {}
            }
            // A backslash: step over the next byte, which may come with the next chunk or be a line break.
            match bytes.get(index + 1) {
                None => {
                    self.escaped = true;
                    break;
                }
                Some(b'\n') => index += 1,
                Some(_) => index += 2,
            }
        }
        self.keep(bytes, out.limit());
        ControlFlow::Continue(bytes.len())
    }

    /// Follows something that is no object to the next comma, bracket or line end.
    fn bare(&mut self, bytes: &[u8], out: &mut Emitter<'_>) -> ControlFlow<(), usize> {
        let is_end = |&byte: &u8| matches!(byte, b'\n' | b',' | b'{' | b'}' | b'[' | b']');
        // The first byte belongs to the piece whatever it is, or a stray `}` would never be passed.
        let first = usize::from(self.size == 0);
        let Some(length) = bytes[first..].iter().position(is_end) else {
            self.keep(bytes, out.limit());
            return ControlFlow::Continue(bytes.len());
        };
        self.keep(&bytes[..first + length], out.limit());
        self.complete(out)?;
        ControlFlow::Continue(first + length)
    }

    /// Reports the piece as broken at `index` and starts looking for the next.
    fn give_up(&mut self, message: &str, index: usize, out: &mut Emitter<'_>) {
        let problem = Problem::new(out.path(), ProblemKind::Malformed, message);
        let place = (self.line, self.column(index));
        out.skip(problem.at(place.0, place.1).with_help("the rest up to the next record was skipped"));
        self.piece.clear();
        self.blank = false;
        self.escaped = false;
        self.state = State::Lost;
    }

    /// Looks for a line that begins a piece or ends the array at the top.
    fn lost(&mut self, bytes: &[u8]) -> usize {
        for (index, &byte) in bytes.iter().enumerate() {
            if byte == b'\n' {
                self.newline(index);
                continue;
            }
            if !self.blank || byte.is_ascii_whitespace() {
                continue;
            }
            let column = self.column(index);
            let begins = byte == b'{' && self.indent.is_none_or(|indent| indent == column);
            let ends =
                byte == b']' && self.array.is_some() && self.indent.is_none_or(|indent| column < indent);
            if begins || ends {
                self.state = State::Between;
                return index;
            }
            self.blank = false;
        }
        bytes.len()
    }

    /// Checks a finished piece and hands it on.
    fn complete(&mut self, out: &mut Emitter<'_>) -> ControlFlow<()> {
        self.state = State::Between;
        let (line, column) = self.begun;
        if self.size > out.limit() as u64 {
            out.skip_large(line, self.size);
            return ControlFlow::Continue(());
        }
        let Some(text) = out.text(&self.piece, line, column) else {
            return ControlFlow::Continue(());
        };
        match check_json(&text) {
            Ok(()) => out.emit(text.into_owned().into_bytes(), line),
            Err(fault) => {
                out.skip_malformed(&fault, line, column);
                ControlFlow::Continue(())
            }
        }
    }
}
