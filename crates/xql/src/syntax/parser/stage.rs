//! The row-wise stages and the source.

use super::super::ast::{
    Assign, Call, Expr, ExprKind, FieldItem, Fields, Literal, Name, Option_, Search, Setting, Source,
    SourceKind, StageKind, Target, TimeFrame,
};
use super::super::codes;
use super::super::token::{Symbol, TokenKind};
use super::{Parse, Parser};
use atalanta_diag::Span;

impl Parser {
    pub(super) fn config(&mut self) -> Parse<StageKind> {
        self.bump();
        let mut settings = vec![self.setting()?];
        while !self.stage_over() && matches!(self.token().kind, TokenKind::Word(_)) {
            if super::pipeline::is_stage_word(&self.simple_text()) {
                break;
            }
            settings.push(self.setting()?);
        }
        Ok(StageKind::Config(settings))
    }

    fn simple_text(&self) -> String {
        match &self.token().kind {
            TokenKind::Word(word) => word.clone(),
            _ => String::new(),
        }
    }

    fn setting(&mut self) -> Parse<Setting> {
        let name = self.simple_name("a setting such as `timeframe`")?;
        let start = name.span;
        match name.folded().as_str() {
            "case_sensitive" => {
                self.expect(Symbol::Equal)?;
                let value = self.boolean()?;
                Ok(Setting::CaseSensitive(value, start.to(self.last_span())))
            }
            "timeframe" => {
                self.eat(Symbol::Equal);
                let frame = self.timeframe()?;
                Ok(Setting::TimeFrame(frame, start.to(self.last_span())))
            }
            "max_runtime_minutes" => {
                self.expect(Symbol::Equal)?;
                let minutes = self.unsigned("a number of minutes")?;
                Ok(Setting::MaxRuntime(minutes, start.to(self.last_span())))
            }
            other => {
                let message = format!("no setting is called `{other}`");
                self.error(codes::OPTION, name.span, message);
                if self.eat(Symbol::Equal) {
                    self.expr()?;
                }
                Ok(Setting::Unknown(name))
            }
        }
    }

    fn timeframe(&mut self) -> Parse<TimeFrame> {
        if !self.eat_word("between") {
            return self.duration().map(TimeFrame::Last);
        }
        let from = self.string("the start of the time frame in quotes")?;
        self.expect_word("and")?;
        let to = self.string("the end of the time frame in quotes")?;
        Ok(TimeFrame::Between(from, to))
    }

    pub(super) fn source(&mut self) -> Parse<StageKind> {
        let word = self.simple_text().to_lowercase();
        self.bump();
        let kind = match word.as_str() {
            "cold_dataset" => SourceKind::ColdDataset,
            "preset" => SourceKind::Preset,
            "datamodel" => SourceKind::DataModel,
            _ => SourceKind::Dataset,
        };
        if kind == SourceKind::DataModel {
            let names = if self.eat_word("dataset") { self.dataset_names()? } else { Vec::new() };
            return Ok(StageKind::Source(Source { kind, names }));
        }
        let names = self.dataset_names()?;
        Ok(StageKind::Source(Source { kind, names }))
    }

    fn dataset_names(&mut self) -> Parse<Vec<Name>> {
        if self.eat_word("in") {
            self.expect(Symbol::LeftParen)?;
            let names = self.list(Self::dataset_pattern)?;
            self.expect(Symbol::RightParen)?;
            return Ok(names);
        }
        self.eat(Symbol::Equal);
        Ok(vec![self.dataset_pattern()?])
    }

    /// A dataset name, with `*` at its end, or `*`.
    fn dataset_pattern(&mut self) -> Parse<Name> {
        if self.is(Symbol::Star) {
            let name = Name { text: "*".to_owned(), span: self.span() };
            self.bump();
            return Ok(name);
        }
        let mut name = self.any_name("a dataset name")?;
        if self.is(Symbol::Star) && self.adjacent() {
            self.bump();
            name.text.push('*');
            name.span = name.span.to(self.last_span());
        }
        Ok(name)
    }

    pub(super) fn search(&mut self) -> Parse<StageKind> {
        self.bump();
        let texts = self.list(Self::expr)?;
        let mut search = Search { texts, mode: None, datasets: Vec::new() };
        loop {
            if self.is_word("mode") {
                if search.mode.is_some() {
                    let span = self.span();
                    return Err(self.error(codes::OPTION, span, "`mode` is given twice"));
                }
                self.bump();
                self.expect(Symbol::Equal)?;
                search.mode = Some(self.any_name("`raw`, `normalize` or `all`")?);
            } else if self.eat_word("dataset") {
                search.datasets = self.dataset_names()?;
            } else {
                return Ok(StageKind::Search(search));
            }
        }
    }

    pub(super) fn call(&mut self) -> Parse<StageKind> {
        self.bump();
        let name = self.any_name("the name of a saved query or rule")?;
        let mut parameters = Vec::new();
        while matches!(self.token().kind, TokenKind::Word(_)) {
            parameters.push(self.call_parameter()?);
            self.eat(Symbol::Comma);
        }
        Ok(StageKind::Call(Call { name, parameters }))
    }

    /// `name = value`; a duration such as `7d` is a value here.
    fn call_parameter(&mut self) -> Parse<Option_> {
        let duration = matches!(self.ahead(2).kind, TokenKind::Int(_))
            && matches!(self.ahead(3).kind, TokenKind::Word(_))
            && self.ahead(2).span.end == self.ahead(3).span.start;
        if !duration {
            return self.option();
        }
        let name = self.simple_name("a parameter")?;
        self.expect(Symbol::Equal)?;
        let start = self.span();
        let (TokenKind::Int(amount), TokenKind::Word(unit)) = (&self.token().kind, &self.ahead(1).kind)
        else {
            return Err(self.expected("a value"));
        };
        let value = format!("{amount}{unit}");
        self.bump();
        self.bump();
        let kind = ExprKind::Literal(Literal::String { value, triple: false });
        Ok(Option_ { name, value: Expr { kind, span: start.to(self.last_span()) } })
    }

    pub(super) fn option(&mut self) -> Parse<Option_> {
        let name = self.simple_name("an option")?;
        self.expect(Symbol::Equal)?;
        let value = self.expr()?;
        Ok(Option_ { name, value })
    }

    pub(super) fn filter(&mut self) -> Parse<StageKind> {
        self.bump();
        self.expr().map(StageKind::Filter)
    }

    pub(super) fn drop_stage(&mut self) -> Parse<StageKind> {
        self.bump();
        self.expr().map(StageKind::Drop)
    }

    pub(super) fn alter(&mut self) -> Parse<StageKind> {
        self.bump();
        if self.tagging_call() {
            self.bump();
            self.bump();
            return self.call();
        }
        if !self.rules {
            return self.list(Self::assign).map(StageKind::Alter);
        }
        let mut assigns = Vec::new();
        loop {
            let start = self.at;
            match self.assign() {
                Ok(assign) => assigns.push(assign),
                Err(_) => self.next_assign(start),
            }
            if !self.eat(Symbol::Comma) {
                return Ok(StageKind::Alter(assigns));
            }
            self.quiet = false;
        }
    }

    fn assign(&mut self) -> Parse<Assign> {
        let name = self.field("a field name")?;
        self.expect(Symbol::Equal)?;
        let value = self.expr()?;
        Ok(Assign { name, value })
    }

    /// `alter tagged = call rule`: in the manual of parsing rules for rules that only tag. The name means nothing.
    fn tagging_call(&self) -> bool {
        self.rules
            && matches!(self.token().kind, TokenKind::Word(_))
            && self.ahead(1).kind == TokenKind::Symbol(Symbol::Equal)
            && self.word_ahead(2, "call")
            && matches!(self.ahead(3).kind, TokenKind::Word(_) | TokenKind::String { .. })
    }

    /// Goes to the comma before the next assignment: one outside all parentheses, or, should a parenthesis be
    /// missing, the one before the next field of the data model.
    fn next_assign(&mut self, start: usize) {
        self.at = start;
        let mut parens = 0usize;
        while !self.at_end() && !self.is(Symbol::Semicolon) && !self.at_section() {
            match self.token().kind {
                TokenKind::Symbol(Symbol::LeftParen) => parens += 1,
                TokenKind::Symbol(Symbol::RightParen) => parens = parens.saturating_sub(1),
                TokenKind::Symbol(Symbol::Pipe) if parens == 0 || self.stage_word_ahead() => return,
                TokenKind::Symbol(Symbol::Comma) if parens == 0 || self.word_ahead(1, "xdm") => return,
                _ => {}
            }
            self.bump();
        }
    }

    fn stage_word_ahead(&self) -> bool {
        matches!(&self.ahead(1).kind, TokenKind::Word(word) if super::pipeline::is_stage_word(word))
    }

    pub(super) fn fields(&mut self) -> Parse<StageKind> {
        self.bump();
        let exclude = self.eat(Symbol::Minus);
        let items = self.list(Self::field_item)?;
        Ok(StageKind::Fields(Fields { exclude, items }))
    }

    fn field_item(&mut self) -> Parse<FieldItem> {
        let pattern = self.field_pattern()?;
        let alias = self.opt_alias()?;
        let span = pattern.span.to(self.last_span());
        Ok(FieldItem { pattern, alias, span })
    }

    /// Name characters, dots, `*` and backtick parts without blanks between them.
    fn field_pattern(&mut self) -> Parse<Name> {
        let mut name = Name { text: String::new(), span: Span::at(self.span().start as usize) };
        loop {
            let first = name.text.is_empty();
            if !first && !self.adjacent() {
                break;
            }
            match &self.token().kind {
                TokenKind::Word(text) | TokenKind::Quoted(text) => name.text.push_str(text),
                TokenKind::Symbol(Symbol::Star) => name.text.push('*'),
                TokenKind::Symbol(Symbol::Dot) if !first => name.text.push('.'),
                _ => break,
            }
            name.span = name.span.to(self.span());
            self.bump();
        }
        if name.text.is_empty() {
            return Err(self.expected("a field name or pattern"));
        }
        Ok(name)
    }

    pub(super) fn limit(&mut self) -> Parse<StageKind> {
        self.bump();
        let span = self.span();
        let count = self.unsigned("a number of rows")?;
        Ok(StageKind::Limit(Some((count, span))))
    }

    pub(super) fn replace_null(&mut self) -> Parse<StageKind> {
        self.bump();
        let field = self.field("a field name")?;
        self.expect(Symbol::Equal)?;
        let value = self.expr()?;
        Ok(StageKind::ReplaceNull { field, value })
    }

    pub(super) fn array_expand(&mut self) -> Parse<StageKind> {
        self.bump();
        let field = self.field("an array field")?;
        let limit = if self.eat_word("limit") { Some(self.unsigned("a number of elements")?) } else { None };
        Ok(StageKind::ArrayExpand { field, limit })
    }

    pub(super) fn tag(&mut self) -> Parse<StageKind> {
        self.bump();
        self.expect_word("add")?;
        self.list(Self::expr).map(StageKind::Tag)
    }

    pub(super) fn getrole(&mut self) -> Parse<StageKind> {
        self.bump();
        let field = self.field("a user or host field")?;
        let alias = self.opt_alias()?;
        Ok(StageKind::GetRole { field, alias })
    }

    pub(super) fn target(&mut self) -> Parse<StageKind> {
        self.bump();
        let (mut lookup, mut append) = (false, false);
        loop {
            if self.is_word("type") && self.ahead(1).kind == TokenKind::Symbol(Symbol::Equal) {
                self.bump();
                self.bump();
                lookup = self.is_word("lookup");
                if !self.eat_word("lookup") {
                    self.expect_word("dataset")?;
                }
            } else if self.is_word("append") && self.ahead(1).kind == TokenKind::Symbol(Symbol::Equal) {
                self.bump();
                self.bump();
                append = self.boolean()?;
            } else {
                let name = self.any_name("a dataset name")?;
                return Ok(StageKind::Target(Target { lookup, append, name }));
            }
        }
    }

    /// A value without operators, for options.
    pub(super) fn value(&mut self) -> Parse<Expr> {
        self.expr()
    }
}
