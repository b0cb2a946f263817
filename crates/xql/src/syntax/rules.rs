//! Rules files (`.xif`): `[SECTION: arguments]` followed by pipelines that end in `;`.
//!
//! Parsing rules (`[INGEST]`, `[COLLECT]`, `[CONST]`, `[RULE]`) and data-model rules (`[MODEL]`, `[RULE]`)
//! share this shape; see `XQL.md` section 4.1.

use atalanta_diag::{Diagnostic, Span};

use super::ast::{Name, Query};
use super::codes;
use super::lexer::{Backslash, lex};
use super::parser::statement;
use super::token::{Symbol, Token, TokenKind};

/// A parsed rules file.
#[derive(Clone, Debug, Default)]
pub struct RulesFile {
    /// Sections in order.
    pub sections: Vec<Section>,
    /// Syntax errors.
    pub diagnostics: Vec<Diagnostic>,
    /// How backslashes before quotes were read.
    pub backslash: Backslash,
}

/// One section.
#[derive(Clone, Debug)]
pub struct Section {
    /// `INGEST`, `RULE`, … in upper case.
    pub kind: String,
    /// Arguments: (name in lower case, values). A `[RULE: name]` has the argument ``.
    pub arguments: Vec<(String, Vec<String>)>,
    /// The pipelines; each ends in `;`.
    pub statements: Vec<Query>,
    /// `[CONST]` entries.
    pub constants: Vec<(Name, TokenKind)>,
    /// The header with its brackets.
    pub span: Span,
}

impl Section {
    /// The name of a `[RULE: name]`.
    pub fn name(&self) -> Option<&str> {
        self.argument("")
    }

    /// First value of an argument.
    pub fn argument(&self, name: &str) -> Option<&str> {
        let (_, values) = self.arguments.iter().find(|(key, _)| key == name)?;
        values.first().map(String::as_str)
    }
}

impl RulesFile {
    /// The `[RULE: name]` section of this name, ignoring case.
    pub fn rule(&self, name: &str) -> Option<&Section> {
        let is = |section: &&Section| {
            section.kind == "RULE" && section.argument("").is_some_and(|n| n.eq_ignore_ascii_case(name))
        };
        self.sections.iter().find(is)
    }
}

/// Parses a rules file.
///
/// The readings of a backslash before a quote are tried in turn; see [`Backslash`].
pub fn parse_rules(text: &str) -> RulesFile {
    let file = parse_with(text, Backslash::OddEscapes);
    if file.diagnostics.is_empty() {
        return file;
    }
    let mut others = Backslash::others(text).map(|reading| parse_with(text, reading));
    others.find(|other| other.diagnostics.is_empty()).unwrap_or(file)
}

fn parse_with(text: &str, backslash: Backslash) -> RulesFile {
    let lexed = lex(text, backslash);
    let file = RulesFile { backslash, ..RulesFile::default() };
    let mut reader = Reader { tokens: lexed.tokens, at: 0, file };
    reader.file.diagnostics = lexed.diagnostics;
    while !reader.at_end() {
        reader.section();
    }
    reader.file.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    reader.file
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    file: RulesFile,
}

impl Reader {
    fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn at_end(&self) -> bool {
        self.token().kind == TokenKind::End
    }

    fn is(&self, symbol: Symbol) -> bool {
        self.token().kind == TokenKind::Symbol(symbol)
    }

    fn bump(&mut self) -> Span {
        let span = self.token().span;
        if !self.at_end() {
            self.at += 1;
        }
        span
    }

    fn eat(&mut self, symbol: Symbol) -> bool {
        let found = self.is(symbol);
        if found {
            self.bump();
        }
        found
    }

    fn error(&mut self, what: &str) {
        let found = self.token().kind.describe();
        let message = format!("expected {what}, found {found}");
        let span = self.token().span;
        self.file.diagnostics.push(Diagnostic::error(codes::RULES, span, message));
    }

    fn section(&mut self) {
        if !self.is(Symbol::LeftBracket) {
            self.error("a section such as `[INGEST: vendor = \"x\", …]`");
            while !self.at_end() && !self.at_header() {
                self.bump();
            }
            return;
        }
        let start = self.bump();
        let Some(kind) = self.word() else {
            self.error("a section name");
            self.bump();
            return;
        };
        let kind = kind.to_uppercase();
        let mut arguments = Vec::new();
        if self.eat(Symbol::Colon) {
            self.arguments(&mut arguments);
        }
        if !self.eat(Symbol::RightBracket) {
            self.error("`]`");
        }
        let span = start.to(self.tokens[self.at.saturating_sub(1)].span);
        let mut section = Section { kind, arguments, statements: Vec::new(), constants: Vec::new(), span };
        if section.kind == "CONST" {
            self.constants(&mut section);
        } else {
            self.statements(&mut section);
        }
        self.file.sections.push(section);
    }

    fn word(&mut self) -> Option<String> {
        let TokenKind::Word(word) = &self.token().kind else { return None };
        let word = word.clone();
        self.bump();
        Some(word)
    }

    /// A header starts with `[` at the start of a section body: between statements only.
    fn at_header(&self) -> bool {
        self.is(Symbol::LeftBracket)
    }

    fn arguments(&mut self, out: &mut Vec<(String, Vec<String>)>) {
        loop {
            let Some(value) = self.argument_value() else {
                self.error("an argument");
                return;
            };
            if self.eat(Symbol::Equal) {
                let values = self.argument_values();
                out.push((value.to_lowercase(), values));
            } else {
                out.push((String::new(), vec![value]));
            }
            if !self.eat(Symbol::Comma) {
                return;
            }
        }
    }

    fn argument_values(&mut self) -> Vec<String> {
        if !self.eat(Symbol::LeftParen) {
            return self.argument_value().into_iter().collect();
        }
        let mut values = Vec::new();
        while let Some(value) = self.argument_value() {
            values.push(value);
            if !self.eat(Symbol::Comma) {
                break;
            }
        }
        if !self.eat(Symbol::RightParen) {
            self.error("`)`");
        }
        values
    }

    /// A string, `*`, or a bare word of letters, digits, `_`, `.` and `-`.
    fn argument_value(&mut self) -> Option<String> {
        if let TokenKind::String { value, .. } = &self.token().kind {
            let value = value.clone();
            self.bump();
            return Some(value);
        }
        let mut text = String::new();
        let mut end = None;
        loop {
            let part = match &self.token().kind {
                TokenKind::Word(word) | TokenKind::Quoted(word) => word.clone(),
                TokenKind::Int(_) => self.token().digits().unwrap_or_default(),
                TokenKind::Symbol(symbol @ (Symbol::Dot | Symbol::Minus | Symbol::Star)) => {
                    symbol.glyph().to_owned()
                }
                _ => break,
            };
            if end.is_some_and(|end| end != self.token().span.start) {
                break;
            }
            text.push_str(&part);
            end = Some(self.bump().end);
        }
        (!text.is_empty()).then_some(text)
    }

    fn constants(&mut self, section: &mut Section) {
        while !self.at_end() && !self.at_header() {
            let span = self.token().span;
            let Some(text) = self.word() else {
                self.error("a constant such as `NAME = \"text\";`");
                self.bump();
                continue;
            };
            if !self.eat(Symbol::Equal) {
                self.error("`=`");
                continue;
            }
            let value = self.token().kind.clone();
            self.bump();
            section.constants.push((Name { text, span }, value));
            if !self.eat(Symbol::Semicolon) {
                self.error("`;`");
            }
        }
    }

    fn statements(&mut self, section: &mut Section) {
        while !self.at_end() && !self.at_header() {
            if self.eat(Symbol::Semicolon) {
                continue;
            }
            let before = self.at;
            let tokens = std::mem::take(&mut self.tokens);
            let (query, next, tokens, mut diagnostics) = statement(tokens, self.at);
            self.tokens = tokens;
            self.at = next;
            self.file.diagnostics.append(&mut diagnostics);
            section.statements.push(query);
            if !self.eat(Symbol::Semicolon) && !self.at_end() {
                self.error("`;` after the statement");
            }
            if self.at == before {
                self.bump();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::ast::StageKind;

    #[test]
    fn sections_arguments_and_statements() {
        let text = r#"
[CONST] HEALTH = "/healthz";
[RULE: base]
alter m = regexcapture(_raw_log, "^(?P<ip>\S+)") | alter src = m->ip;
[INGEST: vendor = "acme", product = "gateway", target_dataset = "acme_gateway_raw", no_hit = keep]
filter _raw_log ~= "x" | call base | drop path = $HEALTH;
filter a = 1;
"#;
        let file = parse_rules(text);
        assert!(file.diagnostics.is_empty(), "{:?}", file.diagnostics);
        assert_eq!(file.sections.len(), 3);
        assert_eq!(file.sections[2].argument("vendor"), Some("acme"));
        assert_eq!(file.sections[2].statements.len(), 2);
        assert!(file.rule("BASE").is_some());
    }

    #[test]
    fn one_broken_assignment_leaves_the_others() {
        let file = parse_rules(
            "[MODEL: dataset = x] alter a = 1, xdm.b = ), c = if(x, xdm.d = 4, | alter e = 5, ; filter f = 1; [RULE: r] alter g = 1",
        );
        assert!(!file.diagnostics.is_empty());
        let StageKind::Alter(first) = &file.sections[0].statements[0].stages[0].kind else { panic!() };
        let names: Vec<&str> = first.iter().map(|assign| assign.name.text.as_str()).collect();
        assert_eq!(names, ["a", "xdm.d"]);
        assert_eq!(file.sections[0].statements[0].stages.len(), 2);
        assert_eq!(file.sections[0].statements.len(), 2);
        assert_eq!(file.sections[1].statements.len(), 1);
    }

    #[test]
    fn missing_semicolons_and_pipes_are_reported_and_read() {
        let file = parse_rules(
            "[MODEL: dataset = x] filter a = 1 alter b = 2\nfilter c = 1 | alter d = 1\n[MODEL: dataset = y] alter e = 1;",
        );
        assert!(!file.diagnostics.is_empty());
        assert_eq!(file.sections.len(), 2);
        let stages: Vec<usize> = file.sections[0].statements.iter().map(|one| one.stages.len()).collect();
        assert_eq!(stages, [2, 2]);
    }

    #[test]
    fn backslashes_before_quotes_are_read_so_that_the_file_can_be_read() {
        let text = |file: &str| {
            let file = parse_rules(file);
            assert!(file.diagnostics.is_empty(), "{:?}", file.diagnostics);
            let StageKind::Alter(first) = &file.sections[0].statements[0].stages[0].kind else { panic!() };
            let literal = first[0].value.as_str().expect("a literal");
            (file.backslash, literal.to_owned())
        };
        assert_eq!(
            text(r#"[MODEL: dataset = x] alter a = "a\\", xdm.b = "\"";"#),
            (Backslash::OddEscapes, r"a\\".to_owned())
        );
        assert_eq!(
            text(r#"[MODEL: dataset = x] alter a = "k\\":\"v", xdm.b = replace(c, "\\"", "\"");"#),
            (Backslash::AlwaysEscapes, r#"k\":"v"#.to_owned())
        );
        assert_eq!(
            text(r#"[MODEL: dataset = x] alter a = "\k\";"#),
            (Backslash::NeverEscapes, r"\k\".to_owned())
        );
    }

    #[test]
    fn a_rule_may_be_called_in_an_assignment() {
        let file = parse_rules("[RULE: r] tag add \"x\"; [INGEST: vendor = a] alter t = call r;");
        assert!(file.diagnostics.is_empty(), "{:?}", file.diagnostics);
        assert!(
            matches!(&file.sections[1].statements[0].stages[0].kind, StageKind::Call(call) if call.name.is("r"))
        );
    }

    #[test]
    fn names_may_begin_with_digits() {
        let file = parse_rules(
            "[RULE: 007Common_Fields] alter a = 1; [MODEL: dataset = x] filter b | call 007Common_Fields | \
             join (dataset = 1password_raw) as j j.a = a;",
        );
        assert!(file.diagnostics.is_empty(), "{:?}", file.diagnostics);
        let stages = &file.sections[1].statements[0].stages;
        let StageKind::Call(call) = &stages[1].kind else { panic!("{stages:?}") };
        assert_eq!(
            (call.name.text.as_str(), file.rule("007COMMON_FIELDS").is_some()),
            ("007Common_Fields", true)
        );
        for broken in ["7 fields".to_owned(), "9".repeat(70_000) + "fields"] {
            assert!(!parse_rules(&format!("[RULE: {broken}] call {broken};")).diagnostics.is_empty());
        }
    }

    #[test]
    fn broken_sections_do_not_stop_the_rest() {
        let file = parse_rules("junk [INGEST vendor] filter ; [MODEL: dataset = x] alter a = 1;");
        assert!(!file.diagnostics.is_empty());
        assert!(file.sections.iter().any(|section| section.kind == "MODEL"));
    }
}
