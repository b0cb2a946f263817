//! Text to tokens.
//!
//! The lexer is contextual in one place: after `->` it reads a JSON path, whose words follow other rules
//! than names. It never fails: what it cannot read becomes a diagnostic and is skipped.

use atalanta_diag::{Diagnostic, Span};

use super::ast::ArrowKind;
use super::codes;
use super::token::{Comment, CommentKind, Symbol, Token, TokenKind};

/// Bytes of the longest name.
const LONGEST_NAME: usize = 1024;
/// The digits of the least integer, whose amount is one more than the greatest.
const LEAST: &str = "9223372036854775808";

/// What the lexer made of a text.
#[derive(Clone, Debug, Default)]
pub struct Lexed {
    /// Tokens, the last one is [`TokenKind::End`].
    pub tokens: Vec<Token>,
    /// Comments in order.
    pub comments: Vec<Comment>,
    /// Errors.
    pub diagnostics: Vec<Diagnostic>,
    /// Typographic quotes that were read as `"`.
    pub curly_quotes: Vec<Span>,
}

/// How a backslash before a quote is read in `"…"` (the manual contradicts itself, `XQL.md` O-3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backslash {
    /// An odd run of backslashes escapes the quote.
    #[default]
    OddEscapes,
    /// A backslash is always data.
    NeverEscapes,
    /// The backslash next to the quote escapes it, whatever stands before: `"\\"k\\":1"` is one text.
    AlwaysEscapes,
}

impl Backslash {
    /// The readings to try after the first one, in order: those that can make a difference to the text.
    pub fn others(text: &str) -> impl Iterator<Item = Self> {
        let needs = [(Self::NeverEscapes, "\\\""), (Self::AlwaysEscapes, "\\\\\"")];
        needs.into_iter().filter(move |(_, part)| text.contains(part)).map(|(reading, _)| reading)
    }

    /// Whether a quote behind a run of backslashes ends the text.
    fn closes(self, backslashes: usize) -> bool {
        match self {
            Self::OddEscapes => backslashes.is_multiple_of(2),
            Self::NeverEscapes => true,
            Self::AlwaysEscapes => backslashes == 0,
        }
    }
}

/// Splits a text into tokens.
pub fn lex(text: &str, backslash: Backslash) -> Lexed {
    let mut lexer = Lexer { text, at: 0, backslash, out: Lexed::default() };
    lexer.run();
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    backslash: Backslash,
    out: Lexed,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(c) = self.peek() {
            let start = self.at;
            match c {
                c if c.is_whitespace() || c == '\u{feff}' => self.bump(c),
                '/' if self.rest().starts_with("//") => self.line_comment(CommentKind::Line),
                '/' if self.rest().starts_with("/*") => self.block_comment(),
                '#' => self.line_comment(CommentKind::Hash),
                '"' if self.rest().starts_with("\"\"\"") => self.triple_string(),
                '"' => self.string(),
                '\u{201c}' | '\u{201d}' => self.curly_string(),
                '`' => self.quoted_name(),
                c if c.is_ascii_digit() => self.number(),
                c if c.is_alphabetic() || c == '_' => self.word(),
                '-' if self.rest().starts_with("->->") => self.symbol(Symbol::DoubleArrow, 4),
                '-' if self.rest().starts_with("->") => self.arrow(),
                _ => match symbol_at(self.rest()) {
                    Some((symbol, len)) => self.symbol(symbol, len),
                    None => self.unknown(c, start),
                },
            }
        }
        self.push(TokenKind::End, self.at);
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self, c: char) {
        self.at += c.len_utf8();
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &str {
        let start = self.at;
        while let Some(c) = self.peek().filter(|c| keep(*c)) {
            self.bump(c);
        }
        &self.text[start..self.at]
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        self.out.tokens.push(Token { kind, span: Span::new(start, self.at) });
    }

    fn symbol(&mut self, symbol: Symbol, len: usize) {
        let start = self.at;
        self.at += len;
        self.push(TokenKind::Symbol(symbol), start);
    }

    fn unknown(&mut self, c: char, start: usize) {
        self.bump(c);
        let shown = c.escape_debug();
        let message = if c == '\'' {
            "XQL has no single-quoted strings".to_owned()
        } else {
            format!("unexpected character `{shown}`")
        };
        let span = Span::new(start, self.at);
        let mut diagnostic = Diagnostic::error(codes::CHARACTER, span, message);
        if c == '\'' {
            diagnostic = diagnostic.help("write strings in double quotes");
        }
        self.out.diagnostics.push(diagnostic);
    }

    fn line_comment(&mut self, kind: CommentKind) {
        let start = self.at;
        let text = self.take_while(|c| c != '\n');
        let trimmed = text.trim_end_matches('\r').len();
        self.out.comments.push(Comment { span: Span::new(start, start + trimmed), kind });
    }

    fn block_comment(&mut self) {
        let start = self.at;
        match self.rest()[2..].find("*/") {
            Some(len) => self.at += len + 4,
            None => {
                self.at = self.text.len();
                let span = Span::new(start, start + 2);
                let message = "block comment is never closed";
                self.out
                    .diagnostics
                    .push(Diagnostic::error(codes::UNTERMINATED, span, message).help("close it with `*/`"));
            }
        }
        self.out.comments.push(Comment { span: Span::new(start, self.at), kind: CommentKind::Block });
    }

    fn word(&mut self) {
        let start = self.at;
        let word = self.take_while(|c| c.is_alphanumeric() || c == '_').to_owned();
        let word = self.limited(word, start);
        self.push(TokenKind::Word(word), start);
    }

    fn quoted_name(&mut self) {
        let start = self.at;
        self.at += 1;
        let name = self.take_while(|c| c != '`' && c != '\n').to_owned();
        if self.peek() == Some('`') {
            self.at += 1;
        } else {
            self.unterminated(start, "quoted name");
        }
        let name = self.limited(name, start);
        self.push(TokenKind::Quoted(name), start);
    }

    /// A name becomes part of others, such as those of all columns behind a join: one as long as a text would take
    /// memory many times that.
    fn limited(&mut self, mut name: String, start: usize) -> String {
        if name.len() > LONGEST_NAME {
            let message = format!("a name of {} bytes; {LONGEST_NAME} are allowed", name.len());
            let span = Span::new(start, self.at);
            self.out.diagnostics.push(Diagnostic::error(codes::LIMIT, span, message));
            name.truncate(name.floor_char_boundary(LONGEST_NAME));
        }
        name
    }

    fn unterminated(&mut self, start: usize, what: &str) {
        let message = format!("{what} is never closed");
        let end = (start + 1).min(self.text.len());
        self.out.diagnostics.push(Diagnostic::error(codes::UNTERMINATED, Span::new(start, end), message));
    }

    fn number(&mut self) {
        let start = self.at;
        self.take_while(|c| c.is_ascii_digit());
        let mut float = false;
        let mut rest = self.rest().chars();
        if rest.next() == Some('.') && rest.next().is_some_and(|c| c.is_ascii_digit()) {
            float = true;
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        float |= self.exponent();
        let text = &self.text[start..self.at];
        let kind = if float {
            // Digits, one point, one exponent: always parses, at worst to infinity.
            TokenKind::Float(text.parse().unwrap_or(f64::MAX))
        } else if let Ok(value) = text.parse() {
            TokenKind::Int(value)
        } else if text == LEAST && self.follows_minus(start) {
            TokenKind::Int(i64::MIN)
        } else {
            let message = "number does not fit into 64 bits";
            let span = Span::new(start, self.at);
            self.out.diagnostics.push(Diagnostic::error(codes::NUMBER, span, message));
            TokenKind::Int(i64::MAX)
        };
        self.push(kind, start);
    }

    /// Whether a minus sign stands directly before a place.
    fn follows_minus(&self, at: usize) -> bool {
        let last = self.out.tokens.last().map(|token| &token.kind);
        self.text[..at].ends_with('-') && last == Some(&TokenKind::Symbol(Symbol::Minus))
    }

    /// Reads `e12`, `e-3` if it is there; `1e` alone is a number and a word.
    fn exponent(&mut self) -> bool {
        let rest = self.rest().as_bytes();
        if !matches!(rest.first(), Some(b'e' | b'E')) {
            return false;
        }
        let sign = usize::from(matches!(rest.get(1), Some(b'+' | b'-')));
        if !rest.get(1 + sign).is_some_and(u8::is_ascii_digit) {
            return false;
        }
        self.at += 1 + sign;
        self.take_while(|c| c.is_ascii_digit());
        true
    }

    fn string(&mut self) {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let run = self.take_while(|c| c != '"').to_owned();
            value.push_str(&run);
            if self.peek().is_none() {
                self.unterminated(start, "string");
                break;
            }
            self.at += 1;
            let backslashes = run.bytes().rev().take_while(|byte| *byte == b'\\').count();
            if self.backslash.closes(backslashes) {
                break;
            }
            value.pop();
            value.push('"');
        }
        self.push(TokenKind::String { value, triple: false }, start);
    }

    fn curly_string(&mut self) {
        let start = self.at;
        let open = self.peek().map_or(0, char::len_utf8);
        self.at += open;
        self.out.curly_quotes.push(Span::new(start, self.at));
        let closes = |c: char| matches!(c, '\u{201c}' | '\u{201d}' | '"');
        let value = self.take_while(|c| !closes(c)).to_owned();
        match self.peek() {
            Some(c) => {
                let at = self.at;
                self.bump(c);
                if c != '"' {
                    self.out.curly_quotes.push(Span::new(at, self.at));
                }
            }
            None => self.unterminated(start, "string"),
        }
        self.push(TokenKind::String { value, triple: false }, start);
    }

    fn triple_string(&mut self) {
        let start = self.at;
        self.at += 3;
        let mut value = String::new();
        loop {
            if self.rest().starts_with("\"\"\"") {
                self.at += 3;
                // A quote right before the closing three belongs to the text: `"""a""""`.
                while self.peek() == Some('"') {
                    value.push('"');
                    self.at += 1;
                }
                break;
            }
            let Some(c) = self.peek() else {
                self.unterminated(start, "string");
                break;
            };
            self.bump(c);
            if c == '\\' {
                self.escape(&mut value);
            } else {
                value.push(c);
            }
        }
        self.push(TokenKind::String { value, triple: true }, start);
    }

    /// An unknown escape keeps the backslash (`XQL.md` O-4).
    fn escape(&mut self, value: &mut String) {
        let Some(c) = self.peek() else {
            value.push('\\');
            return;
        };
        self.bump(c);
        match c {
            'n' => value.push('\n'),
            't' => value.push('\t'),
            'r' => value.push('\r'),
            '\\' | '"' => value.push(c),
            _ => {
                value.push('\\');
                value.push(c);
            }
        }
    }

    fn arrow(&mut self) {
        let start = self.at;
        self.at += 2;
        self.take_while(char::is_whitespace);
        let mut path = String::from("$");
        let mut take = ArrowKind::Scalar;
        loop {
            match self.peek() {
                Some('[') if self.closes("[", ']') => {
                    take = ArrowKind::Array;
                    break;
                }
                Some('{') if self.closes("{", '}') => {
                    take = ArrowKind::Object;
                    break;
                }
                Some('[') => {
                    if !self.path_index(&mut path) {
                        break;
                    }
                }
                Some('.') => self.at += 1,
                Some(c) if is_path_char(c) => {
                    let key = self.take_while(is_path_char).to_owned();
                    push_key(&mut path, &key);
                }
                _ => break,
            }
        }
        if path == "$" && take == ArrowKind::Scalar {
            let span = Span::new(start, self.at);
            let message = "`->` needs a JSON path after it";
            self.out.diagnostics.push(
                Diagnostic::error(codes::EXPECTED, span, message)
                    .help("write a path such as `-> user.name`, `-> items[]` or `-> [\"odd key\"]`"),
            );
        }
        self.push(TokenKind::Arrow { path, take }, start);
    }

    /// Consumes `[]` or `{}` (blanks allowed inside) if they stand here.
    fn closes(&mut self, open: &str, close: char) -> bool {
        let rest = &self.rest()[open.len()..];
        let trimmed = rest.trim_start();
        if !trimmed.starts_with(close) {
            return false;
        }
        self.at += open.len() + (rest.len() - trimmed.len()) + close.len_utf8();
        true
    }

    /// `[3]` or `["key"]`.
    fn path_index(&mut self, path: &mut String) -> bool {
        let start = self.at;
        self.at += 1;
        if self.peek() == Some('"') {
            self.string();
            let Some(Token { kind: TokenKind::String { value, .. }, .. }) = self.out.tokens.pop() else {
                return false;
            };
            push_key(path, &value);
        } else {
            let index = self.take_while(|c| c != ']' && c != '\n').trim().to_owned();
            if index.parse::<u32>().is_ok() {
                path.push('[');
                path.push_str(&index);
                path.push(']');
            } else {
                push_key(path, index.trim_matches('\''));
            }
        }
        if self.peek() == Some(']') {
            self.at += 1;
            return true;
        }
        self.unterminated(start, "path index");
        false
    }
}

/// Keys with other characters than letters, digits and `_` go into brackets.
fn push_key(path: &mut String, key: &str) {
    if !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_') {
        path.push('.');
        path.push_str(key);
    } else {
        path.push_str("['");
        path.push_str(&key.replace('\'', "\\'"));
        path.push_str("']");
    }
}

fn is_path_char(c: char) -> bool {
    !c.is_whitespace() && !",)(|=!<>~\"[]{}.;".contains(c)
}

fn symbol_at(rest: &str) -> Option<(Symbol, usize)> {
    const TABLE: [(&str, Symbol); 25] = [
        ("!~=", Symbol::NotMatch),
        ("~=", Symbol::Match),
        ("!=", Symbol::NotEqual),
        ("<>", Symbol::NotEqual),
        ("<=", Symbol::LessEqual),
        (">=", Symbol::GreaterEqual),
        ("==", Symbol::DoubleEqual),
        ("|", Symbol::Pipe),
        (",", Symbol::Comma),
        (".", Symbol::Dot),
        ("(", Symbol::LeftParen),
        (")", Symbol::RightParen),
        ("[", Symbol::LeftBracket),
        ("]", Symbol::RightBracket),
        (";", Symbol::Semicolon),
        (":", Symbol::Colon),
        ("$", Symbol::Dollar),
        ("=", Symbol::Equal),
        ("<", Symbol::Less),
        (">", Symbol::Greater),
        ("+", Symbol::Plus),
        ("-", Symbol::Minus),
        ("*", Symbol::Star),
        ("/", Symbol::Slash),
        ("%", Symbol::Percent),
    ];
    TABLE.iter().find(|(glyph, _)| rest.starts_with(glyph)).map(|(glyph, s)| (*s, glyph.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let lexed = lex(text, Backslash::OddEscapes);
        assert!(lexed.diagnostics.is_empty(), "{:?}", lexed.diagnostics);
        lexed.tokens.into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn names_have_a_length_limit_and_the_least_integer_is_one() {
        let lexed = lex(&format!("{} `{}`", "é".repeat(600), "b".repeat(1025)), Backslash::OddEscapes);
        assert_eq!(lexed.diagnostics.len(), 2);
        assert!(lexed.diagnostics.iter().all(|found| found.code == codes::LIMIT));
        assert!(matches!(&lexed.tokens[0].kind, TokenKind::Word(word) if word.len() == 1024));
        assert!(kinds(&"a".repeat(1024)).len() <= 2);
        assert_eq!(kinds("-9223372036854775808")[1], TokenKind::Int(i64::MIN));
        assert_eq!(lex("9223372036854775808", Backslash::OddEscapes).diagnostics.len(), 1);
        assert_eq!(lex("- 9223372036854775808", Backslash::OddEscapes).diagnostics.len(), 1);
    }

    fn string(text: &str) -> String {
        match kinds(text).remove(0) {
            TokenKind::String { value, .. } => value,
            other => panic!("not a string: {other:?}"),
        }
    }

    #[test]
    fn backslashes_in_plain_strings_are_data() {
        assert_eq!(string(r#""a\tb""#), r"a\tb");
        assert_eq!(string(r#""\"""#), "\"");
        assert_eq!(string(r#""\\""#), r"\\");
    }

    #[test]
    fn triple_strings_have_escapes() {
        assert_eq!(string(r#""""a\tb""""#), "a\tb");
        assert_eq!(string(r#""""\\test\\""""#), r"\test\");
        assert_eq!(string(r#""""\d""""#), r"\d");
        assert_eq!(string(r#""""\"""""#), "\"");
        assert_eq!(string("\"\"\"\"\"\""), "");
    }

    #[test]
    fn arrows_read_paths() {
        let arrow = |text: &str| match kinds(text).remove(1) {
            TokenKind::Arrow { path, take } => (path, take),
            other => panic!("not an arrow: {other:?}"),
        };
        assert_eq!(arrow("f -> a.b[0].c"), ("$.a.b[0].c".into(), ArrowKind::Scalar));
        assert_eq!(arrow("f->a{}"), ("$.a".into(), ArrowKind::Object));
        assert_eq!(arrow("f -> []"), ("$".into(), ArrowKind::Array));
        assert_eq!(arrow(r#"f -> ["k.x"].in[]"#), ("$['k.x'].in".into(), ArrowKind::Array));
    }

    #[test]
    fn comments_are_kept_apart() {
        let lexed = lex("a # one\n// two\n/* three */ b", Backslash::OddEscapes);
        assert_eq!(lexed.tokens.len(), 3);
        assert_eq!(lexed.comments.len(), 3);
    }
}
