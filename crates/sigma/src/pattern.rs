//! Texts with wildcards: `*` is any run of characters, `?` exactly one.

/// A part of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// These characters.
    Literal(String),
    /// Any run of characters, also none.
    Any,
    /// One character.
    One,
}

/// A text with wildcards, anchored at both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern {
    parts: Vec<Part>,
}

impl Pattern {
    /// Reads a Sigma text. A backslash before `*`, `?` or a backslash makes that character a plain one, every other
    /// backslash is itself.
    pub fn read(text: &str) -> Self {
        let mut pattern = Self::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => {
                    pattern.push_char(chars.next_if(|next| matches!(next, '*' | '?' | '\\')).unwrap_or('\\'));
                }
                '*' => pattern.push(Part::Any),
                '?' => pattern.push(Part::One),
                c => pattern.push_char(c),
            }
        }
        pattern
    }

    /// A text in which nothing is special.
    pub fn plain(text: &str) -> Self {
        let parts = if text.is_empty() { Vec::new() } else { vec![Part::Literal(text.to_owned())] };
        Self { parts }
    }

    /// The parts; literals are not empty and do not follow one another.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text, when nothing in it is a wildcard.
    pub fn as_plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text of `*text*`.
    pub fn as_contained(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Any, Part::Literal(text), Part::Any] => Some(text),
            _ => None,
        }
    }

    /// The pattern in the wildcards of XQL; none when it has a `?` or a plain `*`, which XQL cannot say.
    pub fn as_star(&self) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Any => text.push('*'),
                Part::Literal(literal) if !literal.contains('*') => text.push_str(literal),
                _ => return None,
            }
        }
        Some(text)
    }

    /// A regular expression for the same texts, without flags; `.` must match line breaks.
    pub fn as_regex(&self) -> String {
        let mut regex = String::from("^");
        for part in &self.parts {
            match part {
                Part::Any => regex.push_str(".*"),
                Part::One => regex.push('.'),
                Part::Literal(literal) => regex.push_str(&regex_syntax::escape(literal)),
            }
        }
        regex.push('$');
        regex
    }

    /// With any run of characters before it.
    pub fn open_start(mut self) -> Self {
        if self.parts.first() != Some(&Part::Any) {
            self.parts.insert(0, Part::Any);
        }
        self
    }

    /// With any run of characters behind it.
    pub fn open_end(mut self) -> Self {
        if self.parts.last() != Some(&Part::Any) {
            self.parts.push(Part::Any);
        }
        self
    }

    /// Every literal changed into one of several; all combinations.
    pub(crate) fn vary(&self, variants: impl Fn(&str) -> Option<Vec<String>>) -> Option<Vec<Self>> {
        let mut all = vec![Self::default()];
        for part in &self.parts {
            let Part::Literal(literal) = part else {
                all.iter_mut().for_each(|pattern| pattern.push(part.clone()));
                continue;
            };
            let literals = variants(literal)?;
            all = all
                .iter()
                .flat_map(|pattern| {
                    literals.iter().map(|literal| {
                        let mut pattern = pattern.clone();
                        pattern.push(Part::Literal(literal.clone()));
                        pattern
                    })
                })
                .collect();
        }
        Some(all)
    }

    fn push(&mut self, part: Part) {
        // Two stars in a row are one.
        if part == Part::Any && self.parts.last() == Some(&Part::Any) {
            return;
        }
        self.parts.push(part);
    }

    fn push_char(&mut self, c: char) {
        if let Some(Part::Literal(text)) = self.parts.last_mut() {
            text.push(c);
        } else {
            self.parts.push(Part::Literal(c.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        let mut out = String::new();
        for part in Pattern::read(text).parts() {
            match part {
                Part::Any => out.push_str("<any>"),
                Part::One => out.push_str("<one>"),
                Part::Literal(text) => out.push_str(text),
            }
        }
        out
    }

    #[test]
    fn the_table_of_escapes() {
        let cases = [
            (r"\*", "*"),
            (r"\\*", r"\<any>"),
            (r"\\\*", r"\*"),
            (r"a?c", "a<one>c"),
            (r"a\?c", "a?c"),
            (r"\\", r"\"),
            (r"\\\\", r"\\"),
            (r"C:\Windows\*", r"C:\Windows*"),
            (r"C:\Windows\\*", r"C:\Windows\<any>"),
            (r"end\", r"end\"),
            ("**", "<any>"),
        ];
        for (text, expected) in cases {
            assert_eq!(show(text), expected, "{text}");
        }
    }

    #[test]
    fn the_forms_of_xql() {
        let pattern = Pattern::read("a*b");
        assert_eq!(pattern.as_star().as_deref(), Some("a*b"));
        assert_eq!(pattern.as_regex(), "^a.*b$");
        assert_eq!(Pattern::read(r"a\*b").as_star(), None);
        assert_eq!(Pattern::plain("a.b").open_start().open_end().as_contained(), Some("a.b"));
        assert_eq!(Pattern::read("?").as_star(), None);
        assert_eq!(Pattern::plain("").as_plain(), Some(""));
    }
}
