//! Lines of a stream, with a bound on the memory one line may take.

use std::io::{self, BufRead};

/// What [`LineReader::next`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The end of the stream.
    End,
    /// A line; its text is in the buffer, without its terminator (`\n` or `\r\n`).
    Whole,
    /// A line of this many bytes, above the limit; it was read to its end and thrown away.
    TooLarge(u64),
}

/// Reads lines and numbers them.
pub struct LineReader<R> {
    reader: R,
    limit: usize,
    /// 1-based number of the line last begun; 0 before the first.
    pub number: u64,
}

impl<R: BufRead> LineReader<R> {
    /// A reader whose lines hold at most `limit` bytes.
    pub fn new(reader: R, limit: usize) -> Self {
        Self { reader, limit, number: 0 }
    }

    /// Reads the next line behind what `buffer` holds already.
    ///
    /// The buffer never grows beyond the limit plus one read. After an error the buffer may hold the
    /// beginning of an unfinished line.
    pub fn append(&mut self, buffer: &mut Vec<u8>) -> io::Result<Line> {
        let start = buffer.len();
        let mut length = 0_u64;
        self.number += 1;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let newline = memchr::memchr(b'\n', chunk);
            let part = &chunk[..newline.unwrap_or(chunk.len())];
            length += part.len() as u64;
            // One byte of grace: a carriage return does not count.
            if length <= self.limit as u64 + 1 {
                buffer.extend_from_slice(part);
            }
            let (is_end, used) = (chunk.is_empty(), part.len() + usize::from(newline.is_some()));
            self.reader.consume(used);
            if is_end && length == 0 {
                self.number -= 1;
                return Ok(Line::End);
            }
            if is_end || newline.is_some() {
                break;
            }
        }
        if length <= self.limit as u64 + 1 && buffer.len() > start && buffer.last() == Some(&b'\r') {
            buffer.pop();
            length -= 1;
        }
        if length > self.limit as u64 {
            buffer.truncate(start);
            return Ok(Line::TooLarge(length));
        }
        Ok(Line::Whole)
    }

    /// Reads the next line into an emptied buffer.
    pub fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<Line> {
        buffer.clear();
        self.append(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, limit: usize) -> Vec<(u64, Line, String)> {
        let mut reader = LineReader::new(text.as_bytes(), limit);
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        loop {
            let line = reader.next(&mut buffer).unwrap();
            if line == Line::End {
                return found;
            }
            found.push((reader.number, line, String::from_utf8(buffer.clone()).unwrap()));
        }
    }

    #[test]
    fn terminators_and_numbers() {
        let found = lines("a\r\n\nb\rc\n", 10);
        let expected = [(1, Line::Whole, "a"), (2, Line::Whole, ""), (3, Line::Whole, "b\rc")];
        assert_eq!(found, expected.map(|(n, line, text)| (n, line, text.to_string())));
        assert_eq!(lines("", 10), vec![]);
        assert_eq!(lines("x", 10).len(), 1);
    }

    #[test]
    fn limit_is_exact_and_goes_on() {
        let found = lines("12345\r\n123456\n1\n", 5);
        assert_eq!(found[0].1, Line::Whole);
        assert_eq!(found[1].1, Line::TooLarge(6));
        assert_eq!(found[2], (3, Line::Whole, "1".to_string()));
    }
}
