//! `view`: how a result is to be shown.

use super::super::ast::{Expr, Name, StageKind, View};
use super::super::codes;
use super::super::token::{Symbol, TokenKind};
use super::{Parse, Parser};

impl Parser {
    pub(super) fn view(&mut self) -> Parse<StageKind> {
        self.bump();
        if self.eat_word("highlight") {
            return self.highlight();
        }
        if self.eat_word("column") {
            self.expect_word("order")?;
            self.expect(Symbol::Equal)?;
            let order = self.any_name("`default` or `populated`")?;
            return Ok(StageKind::View(View::ColumnOrder(order)));
        }
        self.expect_word("graph")?;
        self.expect_word("type")?;
        self.expect(Symbol::Equal)?;
        let kind = self.any_name("a graph type")?;
        let mut parameters = Vec::new();
        while matches!(self.token().kind, TokenKind::Word(_)) {
            let name = self.simple_name("a parameter of the graph")?;
            parameters.push((name, self.graph_values()?));
        }
        Ok(StageKind::View(View::Graph { kind, parameters }))
    }

    /// `= a, b`, or `("series", "#23ae4f")` for what belongs to one series; saved dashboards have both forms.
    fn graph_values(&mut self) -> Parse<Vec<Expr>> {
        if !self.eat(Symbol::LeftParen) {
            self.expect(Symbol::Equal)?;
            return self.list(Self::expr);
        }
        let values = self.list(Self::expr)?;
        self.expect(Symbol::RightParen)?;
        Ok(values)
    }

    fn highlight(&mut self) -> Parse<StageKind> {
        let (mut fields, mut values): (Vec<Name>, _) = (Vec::new(), Vec::new());
        while let TokenKind::Word(word) = &self.token().kind {
            let (word, span) = (word.to_lowercase(), self.span());
            self.bump();
            self.expect(Symbol::Equal)?;
            match word.as_str() {
                "fields" => fields = self.list(|parser| parser.field("a field"))?,
                "values" => values = self.list(Self::expr)?,
                other => {
                    let message = format!("`view highlight` has no option `{other}`; it has fields, values");
                    return Err(self.error(codes::OPTION, span, message));
                }
            }
        }
        if fields.is_empty() || values.is_empty() {
            return Err(self.expected("`fields = … values = …`"));
        }
        Ok(StageKind::View(View::Highlight { fields, values }))
    }
}

#[cfg(test)]
mod tests {
    use crate::syntax::parse;

    #[test]
    fn series_have_values_in_parentheses() {
        let graph = "dataset = x | comp sum(a) as a, sum(b) as b by k | view graph type = column xaxis = k yaxis = a,b";
        let sound =
            format!("{graph} seriescolor(\"a\",\"#23ae4f\") seriestitle(\"b\",\"B\") xaxistitle = \"Time\"");
        assert!(!parse(&sound).has_errors(), "{:?}", parse(&sound).diagnostics);
        assert!(parse(&format!("{graph} seriescolor(\"a\",\"#23ae4f\" legend = \"x\"")).has_errors());
        assert!(parse(&format!("{graph} seriescolor \"a\"")).has_errors());
    }
}
