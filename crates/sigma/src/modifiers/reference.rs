//! `fieldref` and `exists`.

use super::{Applied, Draft, Modifier, Refused, cannot, refuse};
use crate::codes;
use crate::matcher::Place;

pub(super) fn apply(modifier: Modifier, draft: Draft) -> Applied {
    if modifier == Modifier::Exists {
        return match &draft {
            Draft::Bool(exists) => Ok(vec![Draft::Exists(*exists)]),
            // Texts occur in published rules.
            Draft::Text(pattern) => match pattern.as_plain() {
                Some("true" | "yes") => Ok(vec![Draft::Exists(true)]),
                Some("false" | "no") => Ok(vec![Draft::Exists(false)]),
                _ => refuse("`exists` needs true or false"),
            },
            other => cannot(modifier, other),
        };
    }
    let name = match &draft {
        Draft::Text(pattern) => pattern.as_plain().filter(|name| !name.is_empty()),
        _ => return cannot(modifier, &draft),
    };
    match name {
        Some(name) => Ok(vec![Draft::Field(name.to_owned(), Place::Whole)]),
        None => Err(Refused(
            codes::COMBINATION,
            "`fieldref` needs the name of a field, without wildcards".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{predicate, refusal};
    use crate::matcher::{Place, Predicate};

    #[test]
    fn another_field_whole_or_in_part() {
        let field = |part| Predicate::Field { other: "g".to_owned(), part, cased: false };
        assert_eq!(predicate("f|fieldref: g"), field(Place::Whole));
        assert_eq!(predicate("f|fieldref|startswith: g"), field(Place::Start));
        assert_eq!(predicate("f|fieldref|contains: g"), field(Place::Inside));
        assert!(refusal("f|contains|fieldref: g").contains("without wildcards"));
    }

    #[test]
    fn existence_is_true_or_false() {
        assert_eq!(predicate("f|exists: true"), Predicate::Exists(true));
        assert_eq!(predicate("f|exists: 'no'"), Predicate::Exists(false));
        assert!(refusal("f|exists: maybe").contains("true or false"));
    }
}
