//! Walking JSON text without building a tree.
//!
//! A walk reads the text up to the value it looks for and no further: what stands before the value is checked for
//! well-formed structure, what follows is not looked at. Of equal keys the first counts.

use std::borrow::Cow;

use super::path::Step;

/// Deeper nesting is treated as not JSON, so that hostile text cannot exhaust the stack.
const DEEPEST: usize = 128;

/// A JSON text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<'a> {
    text: &'a str,
}

/// A complete value inside a JSON text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    text: &'a str,
    /// It is known to be a string without escapes.
    plain: bool,
}

impl<'a> Json<'a> {
    /// Looks at `text`, which need not be JSON.
    pub fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// The value at a path.
    pub fn at(self, path: &[Step]) -> Option<Node<'a>> {
        let mut at = self.skip_space(0);
        for step in path {
            at = match step {
                Step::Key(_) if self.byte(at)? == b'[' => self.element(at, step.as_index()?)?,
                Step::Key(key) => self.member(at, key)?,
                Step::Index(index) => self.element(at, *index)?,
            };
        }
        let end = self.value_end(at, 0)?;
        Some(Node::new(self.text.get(at..end)?))
    }

    /// The elements of the array at a path.
    pub fn elements_at(self, path: &[Step]) -> Option<Vec<Node<'a>>> {
        Json::new(self.at(path)?.text).root_elements()
    }

    /// The elements of the array that the text is.
    pub fn root_elements(self) -> Option<Vec<Node<'a>>> {
        let mut nodes = Vec::new();
        self.each_element(self.skip_space(0), |start, end| {
            nodes.extend(self.text.get(start..end).map(Node::new));
        })?;
        Some(nodes)
    }

    /// The members of the object that the text is, keys unescaped.
    pub fn root_members(self) -> Option<Vec<(String, Node<'a>)>> {
        let mut members = Vec::new();
        self.each_member(self.skip_space(0), |key, start, end| {
            members.extend(self.text.get(start..end).map(|text| (key.into_owned(), Node::new(text))));
        })?;
        Some(members)
    }

    /// Whether `text` stands at `at`.
    pub(super) fn has(self, at: usize, text: &str) -> bool {
        self.text.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    /// The eight bytes at `at` as a word.
    pub(super) fn word(self, at: usize) -> Option<u64> {
        self.text.as_bytes().get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
    }

    /// The text between two places.
    pub(super) fn slice(self, start: usize, end: usize) -> Option<&'a str> {
        self.text.get(start..end)
    }

    /// The value between two places; `plain` if it is known to be a string without escapes.
    pub(super) fn node(self, start: usize, end: usize, plain: bool) -> Option<Node<'a>> {
        self.text.get(start..end).map(|text| Node { text, plain })
    }

    /// One past the object of which a member begins at `at`.
    pub(super) fn members_end(self, at: usize) -> Option<usize> {
        self.items_end(at, 0, true)
    }

    /// One past the array of which an element begins at `at`.
    pub(super) fn elements_end(self, at: usize) -> Option<usize> {
        self.items_end(at, 0, false)
    }

    pub(super) fn byte(self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    pub(super) fn skip_space(self, mut at: usize) -> usize {
        while matches!(self.byte(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }

    /// Where the value of a key begins, in the object at `at`.
    fn member(self, at: usize, wanted: &str) -> Option<usize> {
        let mut at = self.open(at, b'{')?;
        loop {
            let (key, value) = self.key(at)?;
            if key == wanted {
                return Some(value);
            }
            at = self.next(self.value_end(value, 0)?)?;
        }
    }

    /// Where an element begins, in the array at `at`.
    fn element(self, at: usize, wanted: usize) -> Option<usize> {
        let mut at = self.open(at, b'[')?;
        for _ in 0..wanted {
            at = self.next(self.value_end(at, 0)?)?;
        }
        (self.byte(at) != Some(b']')).then_some(at)
    }

    /// The first non-blank place inside a container.
    pub(super) fn open(self, at: usize, bracket: u8) -> Option<usize> {
        (self.byte(at)? == bracket).then(|| self.skip_space(at + 1))
    }

    /// The place of the next item after a comma; none at the end of the container.
    fn next(self, at: usize) -> Option<usize> {
        let at = self.skip_space(at);
        (self.byte(at)? == b',').then(|| self.skip_space(at + 1))
    }

    /// A key and where its value begins.
    pub(super) fn key(self, at: usize) -> Option<(Cow<'a, str>, usize)> {
        let end = self.string_end(at)?;
        let key = unescape(self.text.get(at..end)?)?;
        let colon = self.skip_space(end);
        (self.byte(colon)? == b':').then(|| (key, self.skip_space(colon + 1)))
    }

    /// Visits the elements of the array at `at` as (start, end); gives the place behind the array.
    fn each_element(self, at: usize, mut visit: impl FnMut(usize, usize)) -> Option<usize> {
        let mut at = self.open(at, b'[')?;
        if self.byte(at)? == b']' {
            return Some(at + 1);
        }
        loop {
            let end = self.value_end(at, 0)?;
            visit(at, end);
            at = self.skip_space(end);
            match self.byte(at)? {
                b',' => at = self.skip_space(at + 1),
                b']' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// Visits the members of the object at `at` as (key, start, end); gives the place behind the object.
    fn each_member(self, at: usize, mut visit: impl FnMut(Cow<'a, str>, usize, usize)) -> Option<usize> {
        let mut at = self.open(at, b'{')?;
        if self.byte(at)? == b'}' {
            return Some(at + 1);
        }
        loop {
            let (key, value) = self.key(at)?;
            let end = self.value_end(value, 0)?;
            visit(key, value, end);
            at = self.skip_space(end);
            match self.byte(at)? {
                b',' => at = self.skip_space(at + 1),
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// One past the value that begins at `at`.
    pub(super) fn value_end(self, at: usize, depth: usize) -> Option<usize> {
        match self.byte(at)? {
            b'"' => self.string_end(at),
            b'{' | b'[' => self.container_end(at, depth),
            b't' => self.word_end(at, "true"),
            b'f' => self.word_end(at, "false"),
            b'n' => self.word_end(at, "null"),
            b'-' | b'0'..=b'9' => self.number_end(at),
            _ => None,
        }
    }

    fn container_end(self, at: usize, depth: usize) -> Option<usize> {
        if depth >= DEEPEST {
            return None;
        }
        let object = self.byte(at)? == b'{';
        let close = if object { b'}' } else { b']' };
        let at = self.skip_space(at + 1);
        if self.byte(at)? == close {
            return Some(at + 1);
        }
        self.items_end(at, depth, object)
    }

    /// One past the container of which an item begins at `at`.
    fn items_end(self, mut at: usize, depth: usize, object: bool) -> Option<usize> {
        let close = if object { b'}' } else { b']' };
        loop {
            if object {
                let colon = self.skip_space(self.string_end(at)?);
                if self.byte(colon)? != b':' {
                    return None;
                }
                at = self.skip_space(colon + 1);
            }
            at = self.skip_space(self.value_end(at, depth + 1)?);
            match self.byte(at)? {
                b',' => at = self.skip_space(at + 1),
                byte if byte == close => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// One past the closing quote of the string that begins at `at`.
    fn string_end(self, at: usize) -> Option<usize> {
        self.string(at).map(|(end, _)| end)
    }

    /// As [`Self::string_end`], and whether the string has no escape.
    pub(super) fn string(self, at: usize) -> Option<(usize, bool)> {
        if self.byte(at)? != b'"' {
            return None;
        }
        let bytes = self.text.as_bytes();
        let mut at = at + 1;
        let mut plain = true;
        loop {
            at += quote_or_escape(bytes.get(at..)?)?;
            if self.byte(at)? == b'"' {
                return Some((at + 1, plain));
            }
            plain = false;
            at += 2;
        }
    }

    fn word_end(self, at: usize, word: &str) -> Option<usize> {
        self.text.get(at..)?.starts_with(word).then_some(at + word.len())
    }

    fn number_end(self, start: usize) -> Option<usize> {
        let mut at = start;
        while matches!(self.byte(at), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            at += 1;
        }
        let number = self.text.get(start..at)?;
        if number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(at);
        }
        // The standard parser is a little more lenient than JSON (`1.`, `01`); both are harmless here.
        number.parse::<f64>().is_ok().then_some(at)
    }
}

impl<'a> Node<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, plain: false }
    }

    /// JSON null.
    pub fn is_null(self) -> bool {
        self.text == "null"
    }

    /// The elements, if it is an array.
    pub fn elements(self) -> Option<Vec<Node<'a>>> {
        Json::new(self.text).root_elements()
    }

    /// As [`Self::compact`], borrowed where there is no white space.
    pub fn compacted(self) -> Cow<'a, str> {
        let bytes = self.text.as_bytes();
        if bytes.first() == Some(&b'"') {
            return Cow::Borrowed(self.text);
        }
        let blank = memchr::memchr2(b' ', b'\n', bytes).or_else(|| memchr::memchr2(b'\t', b'\r', bytes));
        if blank.is_none() { Cow::Borrowed(self.text) } else { Cow::Owned(self.compact()) }
    }

    /// The text of the value without white space outside strings.
    pub fn compact(self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut in_string = false;
        let mut escaped = false;
        for c in self.text.chars() {
            if !in_string && c.is_ascii_whitespace() {
                continue;
            }
            out.push(c);
            let quote = c == '"' && !escaped;
            escaped = in_string && c == '\\' && !escaped;
            in_string ^= quote;
        }
        out
    }

    /// Bytes of its text.
    pub fn length(self) -> usize {
        self.text.len()
    }

    /// The value of a string without quotes, or the text of a number or boolean; none for null and containers.
    pub fn scalar(self) -> Option<Cow<'a, str>> {
        match self.text.as_bytes().first()? {
            b'"' if self.plain => self.text.get(1..self.text.len() - 1).map(Cow::Borrowed),
            b'"' => unescape(self.text),
            b'{' | b'[' | b'n' => None,
            _ => Some(Cow::Borrowed(self.text)),
        }
    }

    /// As [`Self::scalar`], with containers as JSON text.
    pub fn plain(self) -> Option<String> {
        if self.text.starts_with(['{', '[']) {
            Some(self.compact())
        } else {
            self.scalar().map(Cow::into_owned)
        }
    }
}

/// Where the first `"` or `\` stands. Most strings of records are short: calling the search for long ones costs more than
/// looking at their first words.
fn quote_or_escape(bytes: &[u8]) -> Option<usize> {
    const WORD: usize = size_of::<u64>();
    let mut at = 0;
    while at < 3 * WORD {
        let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<WORD>) else { break };
        let word = u64::from_le_bytes(*word);
        let found = zero_bytes(word ^ u64::from_le_bytes([b'"'; WORD]))
            | zero_bytes(word ^ u64::from_le_bytes([b'\\'; WORD]));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += WORD;
    }
    Some(at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?)
}

/// A word whose lowest bit that is set is the top bit of the first byte that is zero; zero if none is (Mycroft, 1987).
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080
}

/// The value of a quoted string; none if it has an invalid escape.
fn unescape(quoted: &str) -> Option<Cow<'_, str>> {
    let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
    // A string that was found whole has no quote that is not escaped.
    if quote_or_escape(text.as_bytes()).is_some() {
        return serde_json::from_str::<String>(quoted).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-c\"\\\\é\n]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"\\\\]{0,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// All paths into a value, with what lies there.
    fn walk(value: &Value, path: &mut Vec<Step>, visit: &mut impl FnMut(&[Step], &Value)) {
        visit(path, value);
        let children: Vec<(Step, &Value)> = match value {
            Value::Array(items) => items.iter().enumerate().map(|(i, v)| (Step::Index(i), v)).collect(),
            Value::Object(map) => map.iter().map(|(k, v)| (Step::Key(k.clone()), v)).collect(),
            _ => Vec::new(),
        };
        for (step, child) in children {
            path.push(step);
            walk(child, path, visit);
            path.pop();
        }
    }

    proptest! {
        #[test]
        fn finds_every_value_that_a_parser_finds(value in json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            walk(&value, &mut Vec::new(), &mut |path, expected| {
                let node = Json::new(&text).at(path).expect("the value is there");
                assert_eq!(serde_json::from_str::<Value>(&node.compact()).unwrap(), *expected);
                let other = node.scalar().filter(|_| !expected.is_string());
                assert_eq!(node.scalar().as_deref(), expected.as_str().or(other.as_deref()));
                let mut missing = path.to_vec();
                missing.push(Step::Key("not there".to_owned()));
                assert!(Json::new(&text).at(&missing).is_none());
            });
        }

        #[test]
        fn never_panics(text in "[\\[\\]{}\",:\\\\0-9a-z \u{e9}.+-]{0,40}") {
            for path in [vec![], vec![Step::Index(1)], vec![Step::Key("a".to_owned()), Step::Index(0)]] {
                if let Some(node) = Json::new(&text).at(&path) {
                    node.scalar();
                    node.compact();
                }
            }
            Json::new(&text).root_members();
        }
    }

    #[test]
    fn the_first_quote_or_escape_is_found_wherever_it_stands() {
        for length in 0..60 {
            assert_eq!(quote_or_escape(&"\u{e9}a!#[]\u{80}".repeat(9).as_bytes()[..length]), None);
            for mark in ['"', '\\'] {
                let text = format!("{}{mark}\"\\x", "#]!\u{7f}".repeat(20)[..length].to_owned());
                assert_eq!(quote_or_escape(text.as_bytes()), Some(length), "{text}");
            }
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(Json::new(&"[".repeat(100_000)).at(&[]).is_none());
    }
}
