//! Bytes of a stream to messages: lines, whole bodies, server-sent events.
//!
//! What a message may take in memory is bounded by [`MAX_MESSAGE`]; of a longer one the beginning is kept and the
//! rest is counted.

/// Bytes of one message that are recorded; a server takes bodies of twice as much.
pub(crate) const MAX_MESSAGE: usize = 8 << 20;

/// How messages stand in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// One in each line.
    Lines,
    /// The whole stream is one.
    Whole,
    /// The data of server-sent events.
    Events,
}

/// One piece: what was sent as one message, or as one line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its bytes, without line end.
    pub(crate) bytes: Vec<u8>,
    /// Bytes that are not in `bytes`: over the limit, or lost.
    pub(crate) missing: u64,
    /// Name of the server-sent event.
    pub(crate) event: Option<String>,
}

/// Cuts a stream.
#[derive(Debug)]
pub(crate) struct Assembler {
    framing: Framing,
    line: Piece,
    /// The event whose lines are being read.
    event: Piece,
    /// The last byte was a carriage return that ended a line.
    returned: bool,
}

impl Piece {
    fn add(&mut self, bytes: &[u8]) {
        let room = MAX_MESSAGE.saturating_sub(self.bytes.len());
        let (kept, over) = bytes.split_at(room.min(bytes.len()));
        self.bytes.extend_from_slice(kept);
        self.missing += over.len() as u64;
    }

    fn is_empty(&self) -> bool {
        self.missing == 0 && self.bytes.trim_ascii().is_empty()
    }
}

impl Assembler {
    /// For a stream of that form.
    pub(crate) fn new(framing: Framing) -> Self {
        Self { framing, line: Piece::default(), event: Piece::default(), returned: false }
    }

    /// Takes bytes; pieces that they complete are appended to `out`.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<Piece>) {
        match self.framing {
            Framing::Whole => self.line.add(bytes),
            Framing::Lines => {
                let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
                while let Some(part) = parts.next() {
                    self.line.add(part);
                    if parts.peek().is_some() {
                        self.end_line(out);
                    }
                }
            }
            Framing::Events => self.events(bytes, out),
        }
    }

    /// Notes bytes that were lost.
    pub(crate) fn lost(&mut self, bytes: u64) {
        self.line.missing += bytes;
    }

    /// What is left at the end of the stream.
    pub(crate) fn finish(&mut self, out: &mut Vec<Piece>) {
        match self.framing {
            Framing::Whole | Framing::Lines => self.end_line(out),
            Framing::Events => {
                self.event_line();
                self.end_event(out);
            }
        }
    }

    fn end_line(&mut self, out: &mut Vec<Piece>) {
        let mut piece = std::mem::take(&mut self.line);
        if piece.is_empty() {
            return;
        }
        if piece.bytes.last() == Some(&b'\r') {
            piece.bytes.pop();
        }
        out.push(piece);
    }

    /// Lines of an event stream end with CR, LF or both.
    fn events(&mut self, bytes: &[u8], out: &mut Vec<Piece>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.returned) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                return self.line.add(rest);
            };
            self.line.add(&rest[..at]);
            self.returned = rest[at] == b'\r';
            rest = &rest[at + 1..];
            if self.line.bytes.is_empty() && self.line.missing == 0 {
                self.end_event(out);
            } else {
                self.event_line();
            }
        }
    }

    fn event_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let at = line.bytes.iter().position(|byte| *byte == b':').unwrap_or(line.bytes.len());
        let (name, value) = line.bytes.split_at(at);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        self.event.missing += line.missing;
        match name {
            b"data" => {
                if !self.event.bytes.is_empty() {
                    self.event.add(b"\n");
                }
                self.event.add(value);
            }
            b"event" => self.event.event = Some(String::from_utf8_lossy(value).into_owned()),
            _ => {}
        }
    }

    fn end_event(&mut self, out: &mut Vec<Piece>) {
        let event = std::mem::take(&mut self.event);
        if !event.is_empty() {
            out.push(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(framing: Framing, chunks: &[&[u8]]) -> Vec<(String, Option<String>)> {
        let (mut assembler, mut out) = (Assembler::new(framing), Vec::new());
        for chunk in chunks {
            assembler.push(chunk, &mut out);
        }
        assembler.finish(&mut out);
        out.into_iter().map(|piece| (String::from_utf8(piece.bytes).unwrap(), piece.event)).collect()
    }

    #[test]
    fn events_are_read_as_the_specification_says() {
        let stream = ": hello\r\n\r\nevent: endpoint\r\ndata: /messages?sessionId=1\r\n\r\nid: 3\ndata: {\"a\":\ndata: 1}\nretry: 5\n\ndata:x\r\rdata: unfinished";
        let expected = vec![
            ("/messages?sessionId=1".to_owned(), Some("endpoint".to_owned())),
            ("{\"a\":\n1}".to_owned(), None),
            ("x".to_owned(), None),
            ("unfinished".to_owned(), None),
        ];
        assert_eq!(texts(Framing::Events, &[stream.as_bytes()]), expected);
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(texts(Framing::Events, &bytes), expected);
    }

    #[test]
    fn a_long_message_keeps_its_beginning() {
        let (mut assembler, mut out) = (Assembler::new(Framing::Lines), Vec::new());
        for _ in 0..10 {
            assembler.push(&vec![b'x'; 1 << 20], &mut out);
        }
        assembler.push(b"\n{}\n", &mut out);
        assert_eq!((out[0].bytes.len(), out[0].missing), (MAX_MESSAGE, 2 << 20));
        assert_eq!((out[1].bytes.as_slice(), out[1].missing), (b"{}".as_slice(), 0));
    }

    proptest! {
        /// Where the stream is cut into chunks makes no difference.
        #[test]
        fn chunks_do_not_matter(text in "[a-c:\\r\\n data]{0,80}", cuts in prop::collection::vec(1usize..9, 0..30)) {
            for framing in [Framing::Lines, Framing::Whole, Framing::Events] {
                let whole = texts(framing, &[text.as_bytes()]);
                let (mut rest, mut chunks) = (text.as_bytes(), Vec::new());
                for cut in &cuts {
                    let (chunk, tail) = rest.split_at((*cut).min(rest.len()));
                    chunks.push(chunk);
                    rest = tail;
                }
                chunks.push(rest);
                prop_assert_eq!(texts(framing, &chunks), whole);
            }
        }
    }
}
