//! Words for facts and findings. Column names and constants are shown as they are written in the query;
//! renderers escape them.

use super::formula::{Condition, Fact, Formula};
use super::glob::{Glob, Shape};
use super::solve::Logic;
use super::term::TermKey;
use crate::ir::{Comparison, Expr, ExprKind};

/// Longest constant that is shown, in characters.
const SHOWN: usize = 60;
/// Most list items that are shown.
pub const SHOWN_ITEMS: usize = 4;

/// The text between backticks, shortened.
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// What a comparison asks for; `!=` has the words of `=`.
pub fn comparison(operator: Comparison, constant: &str) -> String {
    let verb = match operator {
        Comparison::Eq | Comparison::Ne => "equal",
        Comparison::Lt => "be less than",
        Comparison::Le => "be at most",
        Comparison::Gt => "be greater than",
        Comparison::Ge => "be at least",
    };
    format!("{verb} {constant}")
}

/// What a pattern asks for.
pub fn glob(glob: &Glob) -> String {
    let (verb, text) = match glob.shape() {
        Shape::Equals(text) => ("equal", text),
        Shape::Prefix(text) => ("start with", text),
        Shape::Suffix(text) => ("end with", text),
        Shape::Contains(text) => ("contain", text),
        Shape::Other => {
            let segments: Vec<_> = glob.segments().iter().map(|part| String::from_utf8_lossy(part)).collect();
            return format!("match {}", quoted(&segments.join("*")));
        }
    };
    format!("{verb} {}", quoted(&String::from_utf8_lossy(text)))
}

/// What a list asks for.
pub fn list(items: &[Expr]) -> String {
    let texts: Vec<String> = items.iter().take(SHOWN_ITEMS).map(literal).collect();
    if items.len() == 1 {
        return format!("equal {}", texts[0]);
    }
    one_of(&texts, items.len())
}

/// "be one of" the first few of so many.
pub fn one_of(texts: &[String], count: usize) -> String {
    let shown = texts.len().min(SHOWN_ITEMS);
    let more = if count > shown { format!(" or {} more", count - shown) } else { String::new() };
    format!("be one of {}{more}", texts[..shown].join(", "))
}

fn literal(item: &Expr) -> String {
    match &item.kind {
        ExprKind::Null => "null".to_owned(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Float(value) => value.to_string(),
        ExprKind::String(value) => quoted(value),
        ExprKind::Column(name) => name.clone(),
        _ => "a computed value".to_owned(),
    }
}

/// What a bounded result asks for.
pub fn range(low: i64, high: i64) -> String {
    if high == i64::MAX { format!("be at least {low}") } else { format!("be from {low} to {high}") }
}

/// `must end with …`
pub fn sentence(fact: &Fact) -> String {
    let not = if fact.negated { "not " } else { "" };
    format!("must {not}{}", fact.phrase)
}

/// The fact that a condition is, when it is a single one beside tests for null that it needs.
pub fn main_fact<'a>(logic: &'a Logic, formula: &Formula) -> Option<&'a Fact> {
    match formula {
        Formula::Fact(fact) => Some(logic.fact(*fact)),
        Formula::All(parts) => match parts.as_slice() {
            [needed @ .., Formula::Fact(last)] => {
                let term = logic.fact(*last).term;
                let arguments = logic.terms.needed(term);
                let helps = |part: &Formula| match part {
                    Formula::Fact(fact) => arguments.contains(&logic.fact(*fact).term),
                    _ => false,
                };
                needed.iter().all(helps).then(|| logic.fact(*last))
            }
            _ => None,
        },
        _ => None,
    }
}

/// What one condition says in a list of reasons.
pub fn reason(logic: &Logic, condition: &Condition) -> String {
    match main_fact(logic, &condition.formula) {
        Some(fact) if condition.given => format!("the value can only {}", fact.phrase),
        Some(fact) => sentence(fact),
        None => match condition.formula {
            Formula::Any(_) => "must satisfy one of its alternatives".to_owned(),
            _ => "must hold".to_owned(),
        },
    }
}

/// Why the conditions exclude each other, and the column they are about.
pub fn contradiction(logic: &Logic, formulas: &[&Formula]) -> (String, Option<String>) {
    let facts: Option<Vec<&Fact>> = formulas.iter().map(|formula| main_fact(logic, formula)).collect();
    let Some(facts) = facts.filter(|facts| !facts.is_empty()) else {
        return ("these conditions exclude each other".to_owned(), None);
    };
    let first = facts[0];
    if facts.iter().any(|fact| fact.term != first.term) {
        return ("these conditions exclude each other".to_owned(), None);
    }
    let column = facts.iter().find_map(|fact| fact.column.clone());
    let subject = column.as_ref().map_or("the value".to_owned(), |column| format!("`{column}`"));
    let phrases = together(&facts);
    let text = match logic.terms.key(first.term) {
        TermKey::Null => format!("{subject} is null in every row here, and a test of null is never true"),
        TermKey::Symbol(_) | TermKey::Call(..) => {
            let noun =
                logic.terms.noun(first.term).map_or_else(|| format!("value of {subject}"), str::to_owned);
            format!("no {} can {phrases}", noun.replace("of the value", "here"))
        }
        TermKey::Bool(value) => format!("{subject} is {value} in every row here and cannot {phrases}"),
        TermKey::Int(value) => format!("{subject} is {value} in every row here and cannot {phrases}"),
        TermKey::Float(bits) => {
            format!("{subject} is {} in every row here and cannot {phrases}", f64::from_bits(*bits))
        }
        TermKey::Text(text) => {
            format!("{subject} is {} in every row here and cannot {phrases}", quoted(text))
        }
    };
    (text, column)
}

/// The phrases of several facts in one clause, the verb written once when they share it.
fn together(facts: &[&Fact]) -> String {
    let mut phrases: Vec<String> = Vec::new();
    for fact in facts {
        let phrase = if fact.negated { format!("not {}", fact.phrase) } else { fact.phrase.to_string() };
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    let verb = phrases[0].split('`').next().unwrap_or_default().to_owned();
    let shared = verb.len() > 1 && !verb.starts_with("not") && phrases.len() > 1;
    if !shared || phrases.iter().any(|phrase| !phrase.starts_with(&format!("{verb}`"))) {
        return phrases.join(" and ");
    }
    let objects: Vec<&str> = phrases.iter().map(|phrase| &phrase[verb.len()..]).collect();
    match objects.as_slice() {
        [first, second] => format!("{verb}both {first} and {second}"),
        [rest @ .., last] => format!("{verb}{} and {last} at once", rest.join(", ")),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_constants_are_shortened_by_characters() {
        let text = "é".repeat(80);
        assert_eq!(quoted(&text).chars().count(), 63);
        assert_eq!(quoted("a"), "`a`");
    }

    #[test]
    fn patterns_in_words() {
        assert_eq!(glob(&Glob::wildcard("*.com")), "end with `.com`");
        assert_eq!(glob(&Glob::wildcard("a*b")), "match `a*b`");
        assert_eq!(glob(&Glob::contains("x")), "contain `x`");
        assert_eq!(range(0, i64::MAX), "be at least 0");
        assert_eq!(range(0, 23), "be from 0 to 23");
    }
}
