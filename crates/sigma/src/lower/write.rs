//! Conditions as XQL text.
//!
//! Sigma's logic has two values, XQL's three: a comparison of a null is unknown. Negations are moved down to the tests,
//! and the negation of a test is written so that it is true for a null. Then no unknown stands below a `not`, and
//! `filter`, `if`, `and` and `or` treat unknown as false.

use atalanta_diag::{Diagnostic, Span};
use atalanta_schema::Type;

use super::field::{Column, column, literal};
use crate::codes;
use crate::correlation::Operator;
use crate::matcher::{Matcher, Place, Predicate, Test, TimePart};
use crate::meta::Meta;
use crate::pattern::{Part, Pattern};
use crate::pipeline::Applied;

/// A character that stands before and behind texts when their ends are compared. It is of Unicode's private area: an
/// event text that holds it could match where it should not.
const END: char = '\u{e0ff}';

/// A query being written.
pub(super) struct Writer<'a> {
    pub text: String,
    /// Start, end and origin of the parts.
    pub marks: Vec<(usize, usize, Span)>,
    pub diagnostics: Vec<Diagnostic>,
    dataset: &'a str,
    keyword_field: &'a str,
}

impl<'a> Writer<'a> {
    pub fn new(applied: &'a Applied) -> Self {
        let (dataset, keyword_field) = (applied.dataset(), applied.keyword_field());
        Self { text: String::new(), marks: Vec::new(), diagnostics: Vec::new(), dataset, keyword_field }
    }

    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The title as a comment; it is a text from outside and stays on its line.
    pub fn title(&mut self, meta: &Meta) {
        let title: String = meta.title.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.push(&format!("// {}\n", title.trim()));
    }

    /// A condition; true where the matcher holds and never unknown below a negation.
    pub fn matcher(&mut self, matcher: &Matcher) {
        self.write(matcher, false, Around::Nothing);
    }

    /// The spelling of a field for other parts of a query.
    pub fn column(&mut self, name: &str, span: Span) -> Column {
        if let Some(column) = column(self.dataset, name) {
            return column;
        }
        let message = format!("the field `{}` cannot be named in XQL", name.escape_debug());
        self.diagnostics.push(Diagnostic::error(codes::UNSUPPORTED, span, message));
        Column { text: "_time".to_owned(), ty: Type::Any, values: None }
    }

    fn write(&mut self, matcher: &Matcher, negated: bool, around: Around) {
        match matcher {
            Matcher::Not(inner) => self.write(inner, !negated, around),
            Matcher::Test(test) => self.test(test, negated),
            Matcher::All(parts) => self.list(parts, negated, !negated, around),
            Matcher::Any(parts) => self.list(parts, negated, negated, around),
        }
    }

    /// Parts joined by `and` or `or`. Tests of one field that are alternatives become one `in`.
    fn list(&mut self, parts: &[Matcher], negated: bool, and: bool, around: Around) {
        let pieces = if and == negated {
            merged(parts, &|test| is_listable(test, self.dataset))
        } else {
            parts.iter().map(Piece::One).collect()
        };
        let Some(last) = pieces.len().checked_sub(1) else {
            // An empty conjunction holds, an empty disjunction does not.
            return self.push(if and { "1 = 1" } else { "1 = 0" });
        };
        let own = if and { Around::And } else { Around::Or };
        let brackets = last > 0 && around != Around::Nothing && around != own;
        if brackets {
            self.push("(");
        }
        let inside = if last > 0 { own } else { around };
        for (index, piece) in pieces.into_iter().enumerate() {
            match piece {
                Piece::One(part) => self.write(part, negated, inside),
                Piece::Many(tests) => self.membership(&tests, negated),
            }
            if index < last {
                self.push(if and { " and " } else { " or " });
            }
        }
        if brackets {
            self.push(")");
        }
    }

    fn marked(&mut self, span: Span, write: impl FnOnce(&mut Self)) {
        let start = self.text.len();
        write(self);
        self.marks.push((start, self.text.len(), span));
    }

    /// `field in (a, b)`
    fn membership(&mut self, tests: &[&Test], negated: bool) {
        let Some(first) = tests.first() else { return };
        let column = self.column(first.field.as_deref().unwrap_or_default(), first.span);
        self.push(&format!("{} {} (", column.text, if negated { "not in" } else { "in" }));
        for (index, test) in tests.iter().enumerate() {
            let item = match &test.predicate {
                Predicate::Number(_, number) => number_for(&column, *number),
                Predicate::Text { pattern, .. } => text_for(&column, &pattern.as_star().unwrap_or_default()),
                _ => String::new(),
            };
            if index > 0 {
                self.push(", ");
            }
            self.marked(test.span, |writer| writer.push(&item));
        }
        self.push(")");
    }

    fn test(&mut self, test: &Test, negated: bool) {
        let Some(name) = &test.field else { return self.keyword(test, negated) };
        let column = self.column(name, test.span);
        let text = self.predicate(&column, &test.predicate, negated, test.span);
        self.marked(test.span, |writer| writer.push(&text));
    }

    /// A keyword is searched in the record as it arrived. In a JSON record a backslash or quote is escaped.
    fn keyword(&mut self, test: &Test, negated: bool) {
        let column = self.column(self.keyword_field, test.span);
        let mut predicates = vec![test.predicate.clone()];
        if let Predicate::Text { pattern, cased } = &test.predicate
            && let Some(escaped) = escaped(pattern)
        {
            predicates.push(Predicate::Text { pattern: escaped, cased: *cased });
        }
        let texts: Vec<String> =
            predicates.iter().map(|one| self.predicate(&column, one, negated, test.span)).collect();
        let joined = texts.join(if negated { " and " } else { " or " });
        let joined = if texts.len() > 1 { format!("({joined})") } else { joined };
        self.marked(test.span, |writer| writer.push(&joined));
    }

    fn predicate(&mut self, column: &Column, predicate: &Predicate, negated: bool, span: Span) -> String {
        let field = column.text.as_str();
        match predicate {
            Predicate::Text { pattern, cased: false } => text_test(column, pattern, negated),
            Predicate::Text { pattern, cased: true } => {
                regex_test(field, &format!("(?s){}", pattern.as_regex()), negated)
            }
            Predicate::Regex(pattern) => regex_test(field, pattern, negated),
            Predicate::Number(operator, number) => number_test(column, *operator, *number, negated),
            Predicate::Bool(value) => {
                let literal = match column.ty {
                    Type::Bool | Type::Any => value.to_string(),
                    _ => literal(if *value { "true" } else { "false" }),
                };
                format!("{field} {} {literal}", if negated { "!=" } else { "=" })
            }
            Predicate::Null => null_test(field, !negated),
            Predicate::Exists(exists) => null_test(field, *exists == negated),
            Predicate::Cidr(networks) => cidr_test(field, networks, negated),
            Predicate::Field { other, part, cased } => {
                let other = self.column(other, span);
                field_test(column, &other, *part, *cased, negated)
            }
            Predicate::Time(part, operator, number) => {
                let value = time_part(&time_value(column), *part);
                let test = format!("{value} {} {}", operator.symbol(), number_text(*number));
                if negated { format!("if({test}, false, true)") } else { test }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    And,
    Or,
}

enum Piece<'a> {
    One(&'a Matcher),
    Many(Vec<&'a Test>),
}

/// Alternatives with neighbours of one field joined.
fn merged<'a>(parts: &'a [Matcher], is_listable: &dyn Fn(&Test) -> bool) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece<'_>> = Vec::with_capacity(parts.len());
    for part in parts {
        let Matcher::Test(test) = part else {
            pieces.push(Piece::One(part));
            continue;
        };
        let joins = |before: &Test| before.field == test.field && is_listable(before) && is_listable(test);
        match pieces.last_mut() {
            Some(Piece::Many(tests)) if joins(tests[0]) => tests.push(test),
            Some(last @ Piece::One(Matcher::Test(_))) => match last {
                Piece::One(Matcher::Test(before)) if joins(before) => *last = Piece::Many(vec![before, test]),
                _ => pieces.push(Piece::One(part)),
            },
            _ => pieces.push(Piece::One(part)),
        }
    }
    pieces
}

/// Whether `in` means the same. In a column of texts it compares a number as a text, `5` differs from `5.0`.
fn is_listable(test: &Test, dataset: &str) -> bool {
    let Some(field) = &test.field else { return false };
    match &test.predicate {
        Predicate::Number(operator, _) => {
            let is_known = || column(dataset, field).is_some_and(|column| column.ty != Type::Any);
            *operator == Operator::Eq && is_known()
        }
        Predicate::Text { pattern, cased } => !cased && pattern.as_star().is_some(),
        _ => false,
    }
}

fn null_test(field: &str, is_null: bool) -> String {
    format!("{field} {} null", if is_null { "=" } else { "!=" })
}

fn text_test(column: &Column, pattern: &Pattern, negated: bool) -> String {
    let field = &column.text;
    if let Some(needle) = pattern.as_contained()
        && (!negated || needle.contains('*'))
    {
        let test = if negated { "not contains" } else { "contains" };
        let test = format!("{field} {test} {}", literal(needle));
        return if negated { format!("({field} = null or {test})") } else { test };
    }
    match pattern.as_star() {
        Some(text) => format!("{field} {} {}", if negated { "!=" } else { "=" }, text_for(column, &text)),
        None => regex_test(field, &format!("(?is){}", pattern.as_regex()), negated),
    }
}

/// The right side of an equality: constants of value lists and numbers stand bare where the column has such.
fn text_for(column: &Column, text: &str) -> String {
    if let Some(value) = column.values.and_then(|list| list.value(text)) {
        let bare = value.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if bare && value.cortex && value.name.eq_ignore_ascii_case(text) {
            return value.name.clone();
        }
        return literal(&value.name);
    }
    if column.ty.is_numeric()
        && let Ok(number) = text.trim().parse::<f64>()
        && number.is_finite()
    {
        return number_text(number);
    }
    literal(text)
}

fn regex_test(field: &str, pattern: &str, negated: bool) -> String {
    let pattern = literal(pattern);
    if negated {
        format!("({field} = null or {field} !~= {pattern})")
    } else {
        format!("{field} ~= {pattern}")
    }
}

fn cidr_test(field: &str, networks: &[String], negated: bool) -> String {
    let operator = if networks.iter().any(|network| network.contains(':')) { "incidr6" } else { "incidr" };
    let list = literal(&networks.join(", "));
    if negated {
        format!("({field} = null or {field} not {operator} {list})")
    } else {
        format!("{field} {operator} {list}")
    }
}

fn number_text(number: f64) -> String {
    let text = number.to_string();
    // XQL reads no exponents in whole numbers of this size.
    if text.contains(['e', 'E']) { format!("{number:.0}") } else { text }
}

/// A number as the column holds it.
fn number_for(column: &Column, number: f64) -> String {
    match column.ty {
        Type::String | Type::Json => literal(&number_text(number)),
        _ => number_text(number),
    }
}

fn number_test(column: &Column, operator: Operator, number: f64, negated: bool) -> String {
    let field = &column.text;
    if matches!(operator, Operator::Eq | Operator::Neq) {
        let differs = (operator == Operator::Neq) != negated;
        return format!("{field} {} {}", if differs { "!=" } else { "=" }, number_for(column, number));
    }
    let (symbol, number) = (operator.symbol(), number_text(number));
    match &column.ty {
        ty if ty.is_numeric() && negated => format!("({field} = null or not {field} {symbol} {number})"),
        ty if ty.is_numeric() => format!("{field} {symbol} {number}"),
        // A text that is no number compares as unknown, and its negation must hold.
        ty => {
            let value = if *ty == Type::Any { field.clone() } else { format!("to_number({field})") };
            let test = format!("{value} {symbol} {number}");
            if negated { format!("if({test}, false, true)") } else { test }
        }
    }
}

fn field_test(column: &Column, other: &Column, part: Place, cased: bool, negated: bool) -> String {
    let value = |column: &Column| {
        let text = if column.ty == Type::String {
            column.text.clone()
        } else {
            format!("to_string({})", column.text)
        };
        if cased { text } else { format!("lowercase({text})") }
    };
    let (left, right) = (value(column), value(other));
    let end = literal(&END.to_string());
    let test = match part {
        Place::Whole => format!("{left} = {right}"),
        Place::Inside => format!("{left} contains {right}"),
        Place::Start => format!("concat({end}, {left}) contains concat({end}, {right})"),
        Place::End => format!("concat({left}, {end}) contains concat({right}, {end})"),
    };
    if negated { format!("if({test}, false, true)") } else { test }
}

/// A point in time; a text is read as RFC 3339 in UTC.
fn time_value(column: &Column) -> String {
    match column.ty {
        Type::Timestamp => column.text.clone(),
        Type::Int => format!("to_timestamp({})", column.text),
        _ => format!("parse_timestamp(\"%Y-%m-%dT%H:%M:%E*SZ\", to_string({}))", column.text),
    }
}

fn time_part(time: &str, part: TimePart) -> String {
    let name = match part {
        TimePart::Minute => "MINUTE",
        TimePart::Hour => "HOUR",
        TimePart::Day => "DAY",
        TimePart::Month => "MONTH",
        TimePart::Year => "YEAR",
        TimePart::Week => return iso_week(time),
    };
    format!("extract_time({time}, \"{name}\")")
}

/// The week of ISO 8601 is that of its Thursday, counted in the Thursday's year.
fn iso_week(time: &str) -> String {
    let to_thursday = format!("multiply(subtract(4, extract_time({time}, \"DAYOFWEEK\")), 86400)");
    let thursday =
        format!("to_timestamp(add(to_epoch({time}, \"SECONDS\"), to_integer({to_thursday})), \"SECONDS\")");
    let before = format!("subtract(extract_time({thursday}, \"DAYOFYEAR\"), 1)");
    format!("add(floor(divide({before}, 7)), 1)")
}

/// A pattern as it looks inside of JSON text; none when it looks the same.
fn escaped(pattern: &Pattern) -> Option<Pattern> {
    let needs = |part: &Part| matches!(part, Part::Literal(text) if text.contains(['\\', '"']));
    if !pattern.parts().iter().any(needs) {
        return None;
    }
    let escape = |text: &str| Some(vec![text.replace('\\', "\\\\").replace('"', "\\\"")]);
    pattern.vary(escape)?.into_iter().next()
}
