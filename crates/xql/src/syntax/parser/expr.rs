//! Expressions. Precedence, loosest first: `or`, `and`, `not`, comparisons, `+ -`, `* / %`, arrows.

use atalanta_diag::Span;

use super::super::ast::{Expr, ExprKind, Literal, Name, Operator};
use super::super::codes;
use super::super::token::{Symbol, TokenKind};
use super::{End, MAX_CHAIN, Parse, Parser};

const CONSTANT_PREFIXES: &[&str] = &["ENUM", "XDM_CONST", "ROLE", "XDM_ALIAS"];

impl Parser {
    /// A condition or a value.
    pub(super) fn expr(&mut self) -> Parse<Expr> {
        self.enter()?;
        let result = self.logic(false);
        self.leave();
        result
    }

    fn logic(&mut self, and: bool) -> Parse<Expr> {
        let word = if and { "and" } else { "or" };
        let operand = |parser: &mut Self| if and { parser.not() } else { parser.logic(true) };
        let first = operand(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.eat_word(word) {
            operands.push(operand(self)?);
        }
        let span = operands[0].span.to(self.last_span());
        Ok(Expr { kind: ExprKind::Logic { and, operands }, span })
    }

    fn not(&mut self) -> Parse<Expr> {
        let mut nots = Vec::new();
        while self.is_word("not") {
            nots.push(self.span());
            self.bump();
        }
        if nots.len() > super::MAX_DEPTH {
            let message = format!("more than {} `not` in a row", super::MAX_DEPTH);
            return Err(self.error(codes::DEPTH, nots[0], message));
        }
        let inner = self.comparison()?;
        Ok(nots.into_iter().rev().fold(inner, |inner, not| Expr {
            span: not.to(inner.span),
            kind: ExprKind::Not(Box::new(inner)),
        }))
    }

    fn comparison(&mut self) -> Parse<Expr> {
        let left = self.sum()?;
        let start = self.span();
        let negated = self.is_word("not") && self.infix_word(1).is_some();
        if negated {
            self.bump();
        }
        if self.is_word("in") {
            return self.membership(left, negated, start);
        }
        let Some(operator) = self.comparison_operator() else { return Ok(left) };
        self.bump();
        let operator_span = start.to(self.last_span());
        let right = self.sum()?;
        let span = left.span.to(right.span);
        let kind = ExprKind::Binary {
            operator,
            negated,
            operator_span,
            left: Box::new(left),
            right: Box::new(right),
        };
        Ok(Expr { kind, span })
    }

    /// An operator that is a word and may follow `not`.
    fn infix_word(&self, n: usize) -> Option<&'static str> {
        ["in", "contains", "incidr", "incidr6", "like", "regex"]
            .into_iter()
            .find(|word| self.word_ahead(n, word))
    }

    fn comparison_operator(&self) -> Option<Operator> {
        if let TokenKind::Symbol(symbol) = self.token().kind {
            return Some(match symbol {
                Symbol::Equal | Symbol::DoubleEqual => Operator::Eq,
                Symbol::NotEqual => Operator::Ne,
                Symbol::Less => Operator::Lt,
                Symbol::LessEqual => Operator::Le,
                Symbol::Greater => Operator::Gt,
                Symbol::GreaterEqual => Operator::Ge,
                Symbol::Match => Operator::Regex,
                Symbol::NotMatch => Operator::NotRegex,
                _ => return None,
            });
        }
        match self.infix_word(0)? {
            "contains" => Some(Operator::Contains),
            "incidr" => Some(Operator::InCidr),
            "incidr6" => Some(Operator::InCidr6),
            "like" => Some(Operator::Like),
            "regex" => Some(Operator::Regex),
            _ => None,
        }
    }

    fn membership(&mut self, left: Expr, negated: bool, start: Span) -> Parse<Expr> {
        self.bump();
        let operator_span = start.to(self.last_span());
        self.expect(Symbol::LeftParen)?;
        let left = Box::new(left);
        let kind = if self.at_subquery() {
            let query = Box::new(self.subquery()?);
            ExprKind::InQuery { negated, left, query }
        } else {
            let list = if self.is(Symbol::RightParen) { Vec::new() } else { self.list(Self::expr)? };
            ExprKind::In { negated, operator_span, left, list }
        };
        self.expect(Symbol::RightParen)?;
        let span = match &kind {
            ExprKind::InQuery { left, .. } | ExprKind::In { left, .. } => left.span.to(self.last_span()),
            _ => operator_span,
        };
        Ok(Expr { kind, span })
    }

    /// Stage words are not reserved: a sub-query starts with one that is followed by what only a stage has.
    pub(super) fn at_subquery(&self) -> bool {
        let starts = ["dataset", "cold_dataset", "preset", "datamodel", "config", "call"];
        let word = starts.iter().any(|word| self.is_word(word));
        let follows = match &self.ahead(1).kind {
            TokenKind::Symbol(Symbol::Equal) | TokenKind::Word(_) | TokenKind::String { .. } => true,
            TokenKind::Symbol(Symbol::Pipe) => self.is_word("datamodel"),
            _ => false,
        };
        word && follows
    }

    /// A query up to the `)` that closes it, which is left to the caller.
    pub(super) fn subquery(&mut self) -> Parse<super::super::ast::Query> {
        self.enter()?;
        let query = self.query(End::Paren);
        self.leave();
        Ok(query)
    }

    fn sum(&mut self) -> Parse<Expr> {
        self.chain(Self::product, &[(Symbol::Plus, Operator::Add), (Symbol::Minus, Operator::Sub)])
    }

    fn product(&mut self) -> Parse<Expr> {
        let table =
            [(Symbol::Star, Operator::Mul), (Symbol::Slash, Operator::Div), (Symbol::Percent, Operator::Rem)];
        self.chain(Self::arrow, &table)
    }

    fn chain(&mut self, operand: fn(&mut Self) -> Parse<Expr>, table: &[(Symbol, Operator)]) -> Parse<Expr> {
        let mut left = operand(self)?;
        let mut length = 0;
        while let Some((_, operator)) = table.iter().find(|(symbol, _)| self.is(*symbol)) {
            length += 1;
            let operator_span = self.span();
            if length > MAX_CHAIN {
                let message = format!("more than {MAX_CHAIN} operands in a row");
                return Err(self.error(codes::DEPTH, operator_span, message));
            }
            self.bump();
            let right = operand(self)?;
            let span = left.span.to(right.span);
            let (left_box, right_box) = (Box::new(left), Box::new(right));
            let kind = ExprKind::Binary {
                operator: *operator,
                negated: false,
                operator_span,
                left: left_box,
                right: right_box,
            };
            left = Expr { kind, span };
        }
        Ok(left)
    }

    fn arrow(&mut self) -> Parse<Expr> {
        let left = self.primary()?;
        if let TokenKind::Arrow { path, take } = self.token().kind.clone() {
            self.bump();
            let span = left.span.to(self.last_span());
            if matches!(self.token().kind, TokenKind::Arrow { .. }) {
                let at = self.span();
                return Err(self.error(codes::EXPECTED, at, "two arrows in a row; join the keys with dots"));
            }
            return Ok(Expr { kind: ExprKind::Arrow { left: Box::new(left), path, take }, span });
        }
        if self.eat(Symbol::DoubleArrow) {
            let path = Box::new(self.primary()?);
            let span = left.span.to(path.span);
            return Ok(Expr { kind: ExprKind::PathArrow { left: Box::new(left), path }, span });
        }
        Ok(left)
    }

    fn primary(&mut self) -> Parse<Expr> {
        let span = self.span();
        let literal = |literal| Expr { kind: ExprKind::Literal(literal), span };
        match self.token().kind.clone() {
            TokenKind::String { value, triple } => {
                self.bump();
                Ok(literal(Literal::String { value, triple }))
            }
            TokenKind::Int(value) => {
                self.bump();
                Ok(literal(Literal::Int(value)))
            }
            TokenKind::Float(value) => {
                self.bump();
                Ok(literal(Literal::Float(value)))
            }
            TokenKind::Symbol(Symbol::Minus) => self.negative(),
            TokenKind::Symbol(Symbol::Dollar) => self.parameter(),
            TokenKind::Symbol(Symbol::LeftParen) => self.parenthesized(),
            TokenKind::Word(_) | TokenKind::Quoted(_) => self.name_or_call(),
            _ => Err(self.expected("a value")),
        }
    }

    fn negative(&mut self) -> Parse<Expr> {
        let start = self.span();
        self.bump();
        let literal = match self.token().kind {
            TokenKind::Int(value) => Literal::Int(value.wrapping_neg()),
            TokenKind::Float(value) => Literal::Float(-value),
            _ => return Err(self.expected("a number after `-`")),
        };
        self.bump();
        Ok(Expr { kind: ExprKind::Literal(literal), span: start.to(self.last_span()) })
    }

    fn parameter(&mut self) -> Parse<Expr> {
        let start = self.span();
        self.bump();
        let name = self.simple_name("a parameter name after `$`")?;
        Ok(Expr { kind: ExprKind::Parameter(name.text), span: start.to(name.span) })
    }

    fn parenthesized(&mut self) -> Parse<Expr> {
        let start = self.span();
        self.bump();
        let inner = self.expr()?;
        self.expect(Symbol::RightParen)?;
        Ok(Expr { kind: ExprKind::Paren(Box::new(inner)), span: start.to(self.last_span()) })
    }

    fn name_or_call(&mut self) -> Parse<Expr> {
        let quoted = matches!(self.token().kind, TokenKind::Quoted(_));
        if !quoted && self.ahead(1).kind == TokenKind::Symbol(Symbol::LeftParen) {
            let function = self.simple_name("a function")?;
            return self.function_call(function);
        }
        let name = self.field("a name")?;
        if quoted {
            return Ok(Expr { span: name.span, kind: ExprKind::Name(name.text) });
        }
        Ok(Expr { span: name.span, kind: name_kind(&name) })
    }

    fn function_call(&mut self, function: Name) -> Parse<Expr> {
        self.expect(Symbol::LeftParen)?;
        let arguments = if self.is(Symbol::RightParen) { Vec::new() } else { self.list(Self::expr)? };
        self.expect(Symbol::RightParen)?;
        let span = function.span.to(self.last_span());
        Ok(Expr { kind: ExprKind::Call { function, arguments }, span })
    }
}

fn name_kind(name: &Name) -> ExprKind {
    match name.text.to_lowercase().as_str() {
        "null" => return ExprKind::Literal(Literal::Null),
        "true" => return ExprKind::Literal(Literal::Bool(true)),
        "false" => return ExprKind::Literal(Literal::Bool(false)),
        _ => {}
    }
    let Some((prefix, rest)) = name.text.split_once('.') else { return ExprKind::Name(name.text.clone()) };
    let prefix = prefix.to_uppercase();
    if !CONSTANT_PREFIXES.contains(&prefix.as_str()) {
        return ExprKind::Name(name.text.clone());
    }
    let start = name.span.end as usize - rest.len().min(name.span.end as usize);
    let span = Span::new(start, name.span.end as usize);
    ExprKind::Constant { prefix, name: Name { text: rest.to_owned(), span } }
}
