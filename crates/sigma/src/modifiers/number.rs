//! `lt`, `lte`, `gt`, `gte` and the parts of a time.

use super::{Applied, Draft, Modifier, cannot};
use crate::correlation::Operator;
use crate::matcher::TimePart;

pub(super) fn apply(modifier: Modifier, draft: Draft) -> Applied {
    let operator = match modifier {
        Modifier::Lt => Operator::Lt,
        Modifier::Lte => Operator::Lte,
        Modifier::Gt => Operator::Gt,
        _ => Operator::Gte,
    };
    if let Draft::Time(part, Operator::Eq, number) = draft {
        return Ok(vec![Draft::Time(part, operator, number)]);
    }
    match value(&draft) {
        Some(number) => Ok(vec![Draft::Compare(operator, number)]),
        None => cannot(modifier, &draft),
    }
}

pub(super) fn time(modifier: Modifier, draft: Draft) -> Applied {
    let part = match modifier {
        Modifier::Minute => TimePart::Minute,
        Modifier::Hour => TimePart::Hour,
        Modifier::Day => TimePart::Day,
        Modifier::Week => TimePart::Week,
        Modifier::Month => TimePart::Month,
        _ => TimePart::Year,
    };
    if let Draft::Compare(operator, number) = draft {
        return Ok(vec![Draft::Time(part, operator, number)]);
    }
    match value(&draft) {
        Some(number) => Ok(vec![Draft::Time(part, Operator::Eq, number)]),
        None => cannot(modifier, &draft),
    }
}

/// A number, also written as text.
fn value(draft: &Draft) -> Option<f64> {
    match draft {
        Draft::Number(number) => Some(*number),
        Draft::Text(pattern) => {
            pattern.as_plain()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
        }
        _ => None,
    }
}

/// A number as an event would write it.
pub(crate) fn shown(number: f64) -> String {
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{predicate, refusal};
    use super::*;
    use crate::matcher::Predicate;

    #[test]
    fn comparisons_need_numbers() {
        assert_eq!(predicate("f|gte: 10"), Predicate::Number(Operator::Gte, 10.0));
        assert_eq!(predicate("f|lt: '1.5'"), Predicate::Number(Operator::Lt, 1.5));
        assert!(refusal("f|gt: many").contains("`gt` cannot be applied to a text"));
    }

    #[test]
    fn parts_of_a_time_in_either_order() {
        assert_eq!(predicate("f|hour: 5"), Predicate::Time(TimePart::Hour, Operator::Eq, 5.0));
        assert_eq!(predicate("f|hour|gte: 20"), Predicate::Time(TimePart::Hour, Operator::Gte, 20.0));
        assert_eq!(predicate("f|lt|year: 2026"), Predicate::Time(TimePart::Year, Operator::Lt, 2026.0));
        assert!(refusal("f|day: monday").contains("`day` cannot be applied to a text"));
    }
}
