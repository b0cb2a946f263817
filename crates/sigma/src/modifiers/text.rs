//! `contains`, `startswith`, `endswith` and `cased`.

use super::{Applied, Draft, Modifier, cannot, number};
use crate::matcher::Place;
use crate::pattern::Pattern;

pub(super) fn apply(modifier: Modifier, draft: Draft) -> Applied {
    let (before, behind, place) = match modifier {
        Modifier::StartsWith => (false, true, Place::Start),
        Modifier::EndsWith => (true, false, Place::End),
        _ => (true, true, Place::Inside),
    };
    let pattern = match draft {
        Draft::Text(pattern) => pattern,
        Draft::Number(number) => Pattern::plain(&number::shown(number)),
        Draft::Bool(value) => Pattern::plain(if value { "true" } else { "false" }),
        Draft::Field(other, Place::Whole) => return Ok(vec![Draft::Field(other, place)]),
        // A regular expression matches anywhere already; only an anchor is added.
        Draft::Regex { pattern, flags } => {
            let pattern = match modifier {
                Modifier::StartsWith => format!("^(?:{pattern})"),
                Modifier::EndsWith => format!("(?:{pattern})$"),
                _ => pattern,
            };
            return Ok(vec![Draft::Regex { pattern, flags }]);
        }
        other => return cannot(modifier, &other),
    };
    let pattern = if before { pattern.open_start() } else { pattern };
    Ok(vec![Draft::Text(if behind { pattern.open_end() } else { pattern })])
}

pub(super) fn cased(draft: Draft) -> Applied {
    match draft {
        Draft::Text(_) | Draft::Bytes(_) | Draft::Field(..) | Draft::Null => Ok(vec![draft]),
        Draft::Number(number) => Ok(vec![Draft::Text(Pattern::plain(&number::shown(number)))]),
        other => cannot(Modifier::Cased, &other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{predicate, refusal, texts};
    use crate::matcher::Predicate;

    #[test]
    fn stars_are_put_where_the_modifier_says() {
        assert_eq!(texts("f|contains: a"), ["*a*"]);
        assert_eq!(texts("f|startswith: a"), ["a*"]);
        assert_eq!(texts("f|endswith: '*a'"), ["*a"]);
        assert_eq!(texts("f|contains: 12"), ["*12*"]);
        assert_eq!(texts(r"f|endswith: '\cmd.exe'"), [r"*\cmd.exe"]);
    }

    #[test]
    fn cased_is_kept_with_the_text() {
        assert!(matches!(predicate("f|contains|cased: A"), Predicate::Text { cased: true, .. }));
        assert!(matches!(predicate("f|cased: A"), Predicate::Text { cased: true, .. }));
        assert!(refusal("f|re|cased: A").contains("`cased` cannot be applied to a regular expression"));
    }

    #[test]
    fn null_cannot_be_contained() {
        assert!(refusal("f|contains: null").contains("`contains` cannot be applied to null"));
    }
}
