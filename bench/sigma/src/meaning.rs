//! What a rule means for one event, as far as making events for it needs: no verdict that is compared comes from here.

use std::cell::RefCell;
use std::collections::HashMap;

use atalanta_sigma::correlation::Operator;
use atalanta_sigma::matcher::{Matcher, Place, Predicate, Test};
use atalanta_sigma::pattern::{Part, Pattern};
use regex::Regex;
use serde_json::Value;

use crate::events::Event;

/// Whether an event most likely fulfils a condition.
pub fn holds(matcher: &Matcher, event: &Event) -> bool {
    match matcher {
        Matcher::All(parts) => parts.iter().all(|part| holds(part, event)),
        Matcher::Any(parts) => parts.iter().any(|part| holds(part, event)),
        Matcher::Not(inner) => !holds(inner, event),
        Matcher::Test(test) => test_holds(test, event),
    }
}

fn test_holds(test: &Test, event: &Event) -> bool {
    let all;
    let text = if let Some(field) = &test.field {
        event.get(field).and_then(Value::as_str)
    } else {
        let texts: Vec<&str> = event.values().filter_map(Value::as_str).collect();
        all = texts.join("\n");
        Some(all.as_str())
    };
    match (&test.predicate, text) {
        (Predicate::Null | Predicate::Exists(false), text) => text.is_none(),
        (Predicate::Exists(true), text) => text.is_some(),
        (_, None) => false,
        (Predicate::Text { pattern, cased }, Some(text)) => fits(pattern, *cased, text),
        (Predicate::Regex(pattern), Some(text)) => matches(pattern, text),
        (Predicate::Number(operator, number), Some(text)) => {
            text.parse::<f64>().is_ok_and(|value| match operator {
                Operator::Lt => value < *number,
                Operator::Lte => value <= *number,
                Operator::Gt => value > *number,
                Operator::Gte => value >= *number,
                Operator::Eq => (value - number).abs() < f64::EPSILON,
                Operator::Neq => (value - number).abs() >= f64::EPSILON,
            })
        }
        (Predicate::Bool(value), Some(text)) => text.eq_ignore_ascii_case(&value.to_string()),
        (Predicate::Field { other, part, .. }, Some(text)) => {
            let Some(other) = event.get(other).and_then(Value::as_str) else { return false };
            let (text, other) = (text.to_lowercase(), other.to_lowercase());
            match part {
                Place::Whole => text == other,
                Place::Inside => text.contains(&other),
                Place::Start => text.starts_with(&other),
                Place::End => text.ends_with(&other),
            }
        }
        (Predicate::Cidr(_) | Predicate::Time(..), Some(_)) => true,
    }
}

/// Whether a text fits a pattern.
pub fn fits(pattern: &Pattern, cased: bool, text: &str) -> bool {
    if cased {
        return fits_from(pattern.parts(), text, &|literal| literal.to_owned());
    }
    fits_from(pattern.parts(), &text.to_lowercase(), &|literal| literal.to_lowercase())
}

fn fits_from(parts: &[Part], text: &str, fold: &dyn Fn(&str) -> String) -> bool {
    let Some((first, rest)) = parts.split_first() else { return text.is_empty() };
    match first {
        Part::Literal(literal) => {
            text.strip_prefix(fold(literal).as_str()).is_some_and(|text| fits_from(rest, text, fold))
        }
        Part::One => {
            let mut chars = text.chars();
            chars.next().is_some() && fits_from(rest, chars.as_str(), fold)
        }
        Part::Any => {
            let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            rest.is_empty() || starts.any(|at| fits_from(rest, &text[at..], fold))
        }
    }
}

/// The literals of a pattern.
pub fn literals(pattern: &Pattern) -> impl Iterator<Item = &str> {
    pattern.parts().iter().filter_map(|part| match part {
        Part::Literal(text) => Some(text.as_str()),
        Part::Any | Part::One => None,
    })
}

thread_local! {
    /// Expressions by their text; reading one takes longer than everything else here.
    static KNOWN: RefCell<HashMap<String, Option<Regex>>> = RefCell::default();
}

/// Whether a regular expression matches somewhere.
fn matches(pattern: &str, text: &str) -> bool {
    KNOWN.with_borrow_mut(|known| {
        let regex = known.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*ab?d*", "xxABcDyy", true),
            ("ab*", "xab", false),
            ("*", "", true),
            ("a*b*c", "a1b2c", true),
            ("a?c", "ac", false),
        ] {
            assert_eq!(fits(&Pattern::read(pattern), false, text), expected, "{pattern} {text}");
        }
        assert!(!fits(&Pattern::read("a"), true, "A"));
    }
}
