//! Byte offsets to positions of the protocol, and back: lines from 0, columns in UTF-16 units.

use atalanta_diag::Span;
use lsp_types::{Position, Range};

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// Finds the lines of a text; they end with `\n`, `\r\n` or `\r`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends =
            |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let starts =
            std::iter::once(0).chain((0..bytes.len()).filter(|at| ends(*at)).map(|at| at + 1)).collect();
        Self { starts }
    }

    /// The position of an offset; one beyond the text is its end, one inside a character its start.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let before = text.get(self.starts[line]..offset).unwrap_or("");
        let column = before.chars().map(char::len_utf16).sum::<usize>();
        Position::new(clamp(line), clamp(column))
    }

    /// The offset of a position; one beyond a line is the line's end.
    pub fn offset(&self, text: &str, position: Position) -> usize {
        let line = position.line as usize;
        let Some(&start) = self.starts.get(line) else { return text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let content = text.get(start..end).unwrap_or("").trim_end_matches(['\r', '\n']);
        let mut units = position.character as usize;
        for (at, c) in content.char_indices() {
            if units < c.len_utf16() {
                return start + at;
            }
            units -= c.len_utf16();
        }
        start + content.len()
    }

    /// The range of a span.
    pub fn range(&self, text: &str, span: Span) -> Range {
        Range::new(self.position(text, span.start as usize), self.position(text, span.end as usize))
    }

    /// The span of a range.
    pub fn span(&self, text: &str, range: Range) -> Span {
        Span::new(self.offset(text, range.start), self.offset(text, range.end))
    }
}

fn clamp(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_units() {
        let text = "aé𝄞b\r\nx\ry";
        let lines = Lines::new(text);
        assert_eq!(lines.position(text, 3), Position::new(0, 2));
        assert_eq!(lines.position(text, 7), Position::new(0, 4));
        assert_eq!(lines.offset(text, Position::new(0, 4)), 7);
        assert_eq!(lines.offset(text, Position::new(0, 99)), 8);
        assert_eq!(lines.offset(text, Position::new(1, 1)), 11);
        assert_eq!(lines.offset(text, Position::new(2, 0)), 12);
        assert_eq!(lines.offset(text, Position::new(9, 0)), text.len());
        // The middle of a surrogate pair is the character's start.
        assert_eq!(lines.offset(text, Position::new(0, 3)), 3);
    }

    #[test]
    fn every_character_comes_back() {
        let text = "dataset = x // 𝄞é\n| filter a = \"ü\"\n";
        let lines = Lines::new(text);
        for (at, _) in text.char_indices().filter(|(_, c)| *c != '\n') {
            assert_eq!(lines.offset(text, lines.position(text, at)), at);
        }
    }
}
