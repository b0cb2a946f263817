//! The stages that group, order or combine rows.

use atalanta_diag::Span;

use super::super::ast::{
    Aggregate, Bin, BinSize, Comp, Dedup, Duration, Expr, ExprKind, FieldItem, Frame, IpLoc, Join, JoinKind,
    JoinSide, Name, Option_, Pivot, SortKey, StageKind, Strategy, Top, Transaction, Union, Unit, WindowItem,
};
use super::super::codes;
use super::super::token::{Symbol, TokenKind};
use super::{Parse, Parser};

impl Parser {
    pub(super) fn duration(&mut self) -> Parse<Duration> {
        let start = self.span();
        if let Some((amount, unit)) = self.quoted_duration() {
            self.bump();
            return Ok(Duration { amount, unit, span: start });
        }
        let amount = self.unsigned("a duration such as `1h`")?;
        let unit_span = self.span();
        let TokenKind::Word(word) = &self.token().kind else {
            return Err(self.expected("a unit of time (ms, s, m, h, d, w, mo, y)"));
        };
        let Some(unit) = unit(word) else {
            let message = format!("no unit of time is called `{word}`; units are ms s m h d w mo y");
            return Err(self.error(codes::EXPECTED, unit_span, message));
        };
        self.bump();
        Ok(Duration { amount, unit, span: start.to(unit_span) })
    }

    /// A duration in quotes: what the value of a parameter becomes.
    fn quoted_duration(&self) -> Option<(u64, Unit)> {
        let TokenKind::String { value, .. } = &self.token().kind else { return None };
        let digits = value.bytes().take_while(u8::is_ascii_digit).count();
        Some((value.get(..digits)?.parse().ok()?, unit(value.get(digits..)?)?))
    }

    pub(super) fn comp(&mut self) -> Parse<StageKind> {
        self.bump();
        let mut comp = Comp {
            aggregates: vec![self.aggregate()?],
            by: Vec::new(),
            by_span: None,
            trailing_alias: None,
            raw_data: None,
        };
        self.more_aggregates(&mut comp)?;
        if self.is_word("by") {
            comp.by_span = Some(self.span());
            self.bump();
            self.comp_keys(&mut comp)?;
        }
        if self.is_word("as") {
            let start = self.span();
            self.bump();
            let name = self.field("a name after `as`")?;
            let span = start.to(name.span);
            comp.trailing_alias = Some((name, span));
            self.more_aggregates(&mut comp)?;
        }
        if self.eat_word("addrawdata") {
            self.expect(Symbol::Equal)?;
            let wanted = self.boolean()?;
            let alias = self.opt_alias()?;
            comp.raw_data = wanted.then_some(alias);
        }
        Ok(StageKind::Comp(comp))
    }

    fn more_aggregates(&mut self, comp: &mut Comp) -> Parse<()> {
        while self.eat(Symbol::Comma) {
            comp.aggregates.push(self.aggregate()?);
        }
        Ok(())
    }

    fn comp_keys(&mut self, comp: &mut Comp) -> Parse<()> {
        loop {
            let direction = (self.is_word("asc") || self.is_word("desc"))
                && matches!(self.ahead(1).kind, TokenKind::Word(_))
                && !self.word_ahead(1, "as");
            if direction {
                self.bump();
            }
            comp.by.push(self.field("a field to group by")?);
            if !self.eat(Symbol::Comma) {
                return Ok(());
            }
            let call = matches!(self.token().kind, TokenKind::Word(_))
                && self.ahead(1).kind == TokenKind::Symbol(Symbol::LeftParen);
            if call {
                comp.aggregates.push(self.aggregate()?);
                return self.more_aggregates(comp);
            }
        }
    }

    fn aggregate(&mut self) -> Parse<Aggregate> {
        let function = self.simple_name("an aggregate function")?;
        self.expect(Symbol::LeftParen)?;
        let mut arguments = Vec::new();
        if !self.is(Symbol::RightParen) {
            arguments = self.list(Self::aggregate_argument)?;
        }
        self.expect(Symbol::RightParen)?;
        let call_span = function.span.to(self.last_span());
        let alias = if self.eat_word("as") { Some(self.aggregate_alias()?) } else { None };
        let span = function.span.to(self.last_span());
        Ok(Aggregate { function, arguments, alias, span, call_span })
    }

    fn aggregate_argument(&mut self) -> Parse<Expr> {
        let star = self.is(Symbol::Star);
        if !star {
            return self.expr();
        }
        let span = self.span();
        self.bump();
        Ok(Expr { kind: ExprKind::Name("*".to_owned()), span })
    }

    fn aggregate_alias(&mut self) -> Parse<Name> {
        if self.is(Symbol::Star) {
            let name = Name { text: "*".to_owned(), span: self.span() };
            self.bump();
            return Ok(name);
        }
        self.field("a name after `as`")
    }

    pub(super) fn windowcomp(&mut self) -> Parse<StageKind> {
        self.bump();
        self.list(Self::window_item).map(StageKind::Window)
    }

    fn window_item(&mut self) -> Parse<WindowItem> {
        let call = self.aggregate()?;
        let mut item = WindowItem { call, by: Vec::new(), sort: Vec::new(), frame: None };
        if self.eat_word("over") {
            self.sql_window(&mut item)?;
            return Ok(item);
        }
        if self.eat_word("by") {
            item.by = self.window_names()?;
        }
        if self.eat_word("sort") {
            item.sort = self.window_sort()?;
        }
        if self.eat_word("between") {
            item.frame = Some(self.frame()?);
        }
        if self.eat_word("as") {
            let name = self.field("a name after `as`")?;
            item.call.span = item.call.span.to(name.span);
            item.call.alias = Some(name);
        }
        Ok(item)
    }

    /// After a comma, `name (` starts the next item; anything else continues this list.
    fn continues_list(&self) -> bool {
        self.is(Symbol::Comma)
            && !(matches!(self.ahead(1).kind, TokenKind::Word(_))
                && self.ahead(2).kind == TokenKind::Symbol(Symbol::LeftParen))
    }

    fn window_names(&mut self) -> Parse<Vec<Name>> {
        let mut names = vec![self.field("a field to group by")?];
        while self.continues_list() {
            self.bump();
            names.push(self.field("a field to group by")?);
        }
        Ok(names)
    }

    fn window_sort(&mut self) -> Parse<Vec<SortKey>> {
        let mut keys = vec![self.sort_key()?];
        while self.continues_list() {
            self.bump();
            keys.push(self.sort_key()?);
        }
        Ok(keys)
    }

    fn sql_window(&mut self, item: &mut WindowItem) -> Parse<()> {
        self.expect(Symbol::LeftParen)?;
        if self.eat_word("partition") {
            self.expect_word("by")?;
            item.by = self.list(|parser| parser.field("a field"))?;
        }
        if self.eat_word("order") {
            self.expect_word("by")?;
            item.sort = self.list(Self::sort_key)?;
        }
        self.expect(Symbol::RightParen)?;
        Ok(())
    }

    fn frame(&mut self) -> Parse<Frame> {
        let start = self.frame_bound()?;
        let end = if self.eat_word("and") { self.frame_bound()? } else { Some(0) };
        let mut range = false;
        if self.eat_word("frame_type") {
            self.expect(Symbol::Equal)?;
            range = self.is_word("range");
            if !self.eat_word("range") {
                self.expect_word("rows")?;
            }
        }
        Ok(Frame { start, end, range })
    }

    fn frame_bound(&mut self) -> Parse<Option<i64>> {
        if self.eat_word("null") {
            return Ok(None);
        }
        self.integer("a frame bound (a number or `null`)").map(Some)
    }

    pub(super) fn sort(&mut self) -> Parse<StageKind> {
        self.bump();
        self.list(Self::sort_key).map(StageKind::Sort)
    }

    fn sort_key(&mut self) -> Parse<SortKey> {
        let start = self.span();
        let mut descending = None;
        if (self.is_word("asc") || self.is_word("desc")) && self.direction_leads() {
            descending = Some(self.is_word("desc"));
            self.bump();
        }
        let field = self.field("a field to sort by")?;
        let mut direction_after = false;
        if descending.is_none() && (self.is_word("asc") || self.is_word("desc")) {
            descending = Some(self.is_word("desc"));
            direction_after = true;
            self.bump();
        }
        Ok(SortKey { field, descending, direction_after, span: start.to(self.last_span()) })
    }

    /// `asc` and `desc` are not reserved: they lead only when a name follows.
    fn direction_leads(&self) -> bool {
        match &self.ahead(1).kind {
            TokenKind::Word(word) => {
                !["asc", "desc", "as", "between"].contains(&word.to_lowercase().as_str())
            }
            TokenKind::Quoted(_) => true,
            _ => true,
        }
    }

    pub(super) fn dedup(&mut self) -> Parse<StageKind> {
        self.bump();
        let fields = self.list(|parser| parser.field("a field"))?;
        let mut keys = if self.eat_word("by") { self.list(Self::sort_key)? } else { Vec::new() }.into_iter();
        let by = keys.next();
        Ok(StageKind::Dedup(Dedup { fields, by, then: keys.collect() }))
    }

    pub(super) fn bin(&mut self) -> Parse<StageKind> {
        self.bump();
        let field = self.field("a field")?;
        let mut bin = Bin { field, size: None, timeshift: None, timezone: None };
        while let TokenKind::Word(word) = &self.token().kind {
            let word = word.to_lowercase();
            let at = self.span();
            self.bump();
            self.expect(Symbol::Equal)?;
            match word.as_str() {
                "span" => bin.size = Some(self.bin_span()?),
                "bins" => bin.size = Some(BinSize::Width(self.unsigned("a bucket width")? as f64)),
                "timeshift" => bin.timeshift = Some(self.integer("seconds since the epoch")?),
                "timezone" => bin.timezone = Some(self.string("a time zone in quotes")?),
                _ => {
                    let message =
                        format!("`bin` has no option `{word}`; it has span, bins, timeshift, timezone");
                    return Err(self.error(codes::OPTION, at, message));
                }
            }
        }
        if bin.size.is_none() {
            return Err(self.expected("`span = 1h` or `bins = 50`"));
        }
        Ok(StageKind::Bin(bin))
    }

    fn bin_span(&mut self) -> Parse<BinSize> {
        if self.quoted_duration().is_some() {
            return self.duration().map(BinSize::Span);
        }
        if let TokenKind::Float(width) = self.token().kind {
            self.bump();
            return Ok(BinSize::Width(width));
        }
        let number_only =
            !matches!(&self.ahead(1).kind, TokenKind::Word(_)) || self.ahead(1).span.start != self.span().end;
        if number_only {
            return Ok(BinSize::Width(self.unsigned("a duration such as `1h`")? as f64));
        }
        self.duration().map(BinSize::Span)
    }

    pub(super) fn join(&mut self) -> Parse<StageKind> {
        self.bump();
        let (mut kind, mut strategy) = (None, None);
        while self.ahead(1).kind == TokenKind::Symbol(Symbol::Equal) {
            if self.is_word("type") {
                kind = Some(self.join_kind()?);
            } else if self.is_word("conflict_strategy") {
                strategy = Some(self.join_strategy()?);
            } else {
                return Err(self.expected("`type = …`, `conflict_strategy = …` or `(`"));
            }
        }
        let right = self.join_side()?;
        let alias = self.opt_alias()?;
        let on = self.is_word("on").then(|| self.span());
        if on.is_some() {
            self.bump();
        }
        let condition = if self.stage_over() { None } else { Some(self.expr()?) };
        Ok(StageKind::Join(Box::new(Join { kind, strategy, right, alias, condition, on })))
    }

    fn join_kind(&mut self) -> Parse<(JoinKind, Span)> {
        let start = self.span();
        self.bump();
        self.bump();
        let kind = match &self.token().kind {
            TokenKind::Word(word) if word.eq_ignore_ascii_case("inner") => JoinKind::Inner,
            TokenKind::Word(word) if word.eq_ignore_ascii_case("left") => JoinKind::Left,
            TokenKind::Word(word) if word.eq_ignore_ascii_case("right") => JoinKind::Right,
            _ => return Err(self.expected("`inner`, `left` or `right`")),
        };
        self.bump();
        Ok((kind, start.to(self.last_span())))
    }

    fn join_strategy(&mut self) -> Parse<(Strategy, Span)> {
        let start = self.span();
        self.bump();
        self.bump();
        let strategy = match &self.token().kind {
            TokenKind::Word(word) if word.eq_ignore_ascii_case("both") => Strategy::Both,
            TokenKind::Word(word) if word.eq_ignore_ascii_case("left") => Strategy::Left,
            TokenKind::Word(word) if word.eq_ignore_ascii_case("right") => Strategy::Right,
            _ => return Err(self.expected("`both`, `left` or `right`")),
        };
        self.bump();
        Ok((strategy, start.to(self.last_span())))
    }

    fn join_side(&mut self) -> Parse<JoinSide> {
        if !self.is(Symbol::LeftParen) {
            return self.field("a query in parentheses").map(JoinSide::Dataset);
        }
        self.bump();
        let query = self.subquery()?;
        self.expect(Symbol::RightParen)?;
        Ok(JoinSide::Query(query))
    }

    pub(super) fn union(&mut self) -> Parse<StageKind> {
        self.bump();
        let right = self.join_side()?;
        Ok(StageKind::Union(Box::new(Union { right })))
    }

    pub(super) fn top(&mut self) -> Parse<StageKind> {
        self.bump();
        let count = match self.token().kind {
            TokenKind::Int(_) => Some(self.unsigned("a number of values")?),
            _ => None,
        };
        let field = self.field("a field")?;
        let by = if self.eat_word("by") { self.list(|parser| parser.field("a field"))? } else { Vec::new() };
        let mut top = Top { count, field, by, count_alias: None, percent_alias: None };
        loop {
            if self.eat_word("top_count") {
                top.count_alias = self.opt_alias()?;
            } else if self.eat_word("top_percent") {
                top.percent_alias = self.opt_alias()?;
            } else {
                return Ok(StageKind::Top(top));
            }
            self.eat(Symbol::Comma);
        }
    }

    pub(super) fn iploc(&mut self) -> Parse<StageKind> {
        self.bump();
        let field = self.field("an address field")?;
        let mut columns = Vec::new();
        while matches!(self.token().kind, TokenKind::Word(_)) && !self.is_word("suffix") {
            let pattern = self.simple_name("a location column")?;
            let alias = self.opt_alias()?;
            let span = pattern.span.to(self.last_span());
            columns.push(FieldItem { pattern, alias, span });
            self.eat(Symbol::Comma);
        }
        let mut suffix = None;
        if self.eat_word("suffix") {
            self.expect(Symbol::Equal)?;
            suffix = Some(self.any_name("a suffix")?);
        }
        Ok(StageKind::IpLoc(IpLoc { field, columns, suffix }))
    }

    pub(super) fn transaction(&mut self) -> Parse<StageKind> {
        self.bump();
        let fields = self.list(|parser| parser.field("a field"))?;
        let mut transaction = Transaction { fields, span: None, options: Vec::new() };
        while matches!(self.token().kind, TokenKind::Word(_)) {
            if self.is_word("span") {
                self.bump();
                self.expect(Symbol::Equal)?;
                transaction.span = Some(self.duration()?);
                continue;
            }
            let name = self.simple_name("an option")?;
            self.expect(Symbol::Equal)?;
            let value = self.value()?;
            transaction.options.push(Option_ { name, value });
        }
        Ok(StageKind::Transaction(transaction))
    }

    pub(super) fn pivot(&mut self) -> Parse<StageKind> {
        self.bump();
        let aggregates = self.list(Self::aggregate)?;
        self.expect_word("for")?;
        let field = self.field("a field")?;
        self.expect_word("in")?;
        self.expect(Symbol::LeftParen)?;
        let values = self.list(Self::expr)?;
        self.expect(Symbol::RightParen)?;
        let by = if self.eat_word("by") { self.list(|parser| parser.field("a field"))? } else { Vec::new() };
        Ok(StageKind::Pivot(Pivot { aggregates, field, values, by }))
    }

    pub(super) fn transpose(&mut self) -> Parse<StageKind> {
        self.bump();
        let mut options = Vec::new();
        if matches!(self.token().kind, TokenKind::Int(_)) {
            let name = Name { text: String::new(), span: self.span() };
            options.push(Option_ { name, value: self.value()? });
        }
        while matches!(self.token().kind, TokenKind::Word(_)) {
            options.push(self.option()?);
        }
        Ok(StageKind::Transpose(options))
    }
}

/// A unit of time by its suffix.
fn unit(word: &str) -> Option<Unit> {
    Some(match word.to_lowercase().as_str() {
        "ms" => Unit::Millisecond,
        "s" => Unit::Second,
        "m" => Unit::Minute,
        "h" => Unit::Hour,
        "d" => Unit::Day,
        "w" => Unit::Week,
        "mo" => Unit::Month,
        "y" => Unit::Year,
        _ => return None,
    })
}
