//! Sets of numbers as unions of intervals.
//!
//! **Soundness.** Comparisons between a 64-bit integer and a float are exact here. The engine may
//! round the integer to a float first; the caller gives up for constants beyond 2^53, below which
//! rounding keeps the order.

use std::cmp::Ordering;

use crate::ir::Comparison;

/// A constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// 64-bit integer.
    Int(i64),
    /// Finite float, or an infinity as the end of an interval.
    Float(f64),
}

impl Number {
    /// Exact comparison.
    fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Self::Int(a), Self::Float(b)) => order_mixed(a, b),
            (Self::Float(a), Self::Int(b)) => order_mixed(b, a).reverse(),
        }
    }

    /// The largest integer not above, clamped to what `i128` can express.
    fn floor(self) -> i128 {
        match self {
            Self::Int(value) => i128::from(value),
            Self::Float(value) => value.floor() as i128,
        }
    }

    /// The smallest integer not below, clamped likewise.
    fn ceil(self) -> i128 {
        match self {
            Self::Int(value) => i128::from(value),
            Self::Float(value) => value.ceil() as i128,
        }
    }
}

fn order_mixed(a: i64, b: f64) -> Ordering {
    // Saturating: every float beyond i128 is beyond i64 too.
    let whole = b.floor() as i128;
    match i128::from(a).cmp(&whole) {
        Ordering::Equal if b > b.floor() => Ordering::Less,
        order => order,
    }
}

/// A place between numbers: just before or just after a value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    value: Number,
    after: bool,
}

impl Cut {
    fn order(self, other: Self) -> Ordering {
        self.value.order(other.value).then(self.after.cmp(&other.after))
    }
}

const LOWEST: Cut = Cut { value: Number::Float(f64::NEG_INFINITY), after: false };
const HIGHEST: Cut = Cut { value: Number::Float(f64::INFINITY), after: true };

/// A set of numbers: disjoint intervals in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberSet {
    intervals: Vec<(Cut, Cut)>,
}

impl NumberSet {
    /// All numbers.
    pub fn all() -> Self {
        Self { intervals: vec![(LOWEST, HIGHEST)] }
    }

    /// No number.
    pub fn none() -> Self {
        Self { intervals: Vec::new() }
    }

    /// The numbers for which `x operator value` holds; NaN gives all.
    pub fn compared(operator: Comparison, value: Number) -> Self {
        if matches!(value, Number::Float(v) if v.is_nan()) {
            return Self::all();
        }
        let before = Cut { value, after: false };
        let after = Cut { value, after: true };
        let interval = match operator {
            Comparison::Eq => (before, after),
            Comparison::Ne => return Self::compared(Comparison::Eq, value).complement(),
            Comparison::Lt => (LOWEST, before),
            Comparison::Le => (LOWEST, after),
            Comparison::Gt => (after, HIGHEST),
            Comparison::Ge => (before, HIGHEST),
        };
        Self { intervals: vec![interval] }
    }

    /// The numbers from `low` to `high`, both included.
    pub fn between(low: i64, high: i64) -> Self {
        let at_least = Self::compared(Comparison::Ge, Number::Int(low));
        at_least.intersect(&Self::compared(Comparison::Le, Number::Int(high)))
    }

    /// Everything else.
    pub fn complement(&self) -> Self {
        let mut intervals = Vec::new();
        let mut from = LOWEST;
        for &(low, high) in &self.intervals {
            if from.order(low).is_lt() {
                intervals.push((from, low));
            }
            from = high;
        }
        if from.order(HIGHEST).is_lt() {
            intervals.push((from, HIGHEST));
        }
        Self { intervals }
    }

    /// Numbers in both.
    pub fn intersect(&self, other: &Self) -> Self {
        let mut intervals = Vec::new();
        let (mut a, mut b) = (0, 0);
        while let (Some(&left), Some(&right)) = (self.intervals.get(a), other.intervals.get(b)) {
            let low = if left.0.order(right.0).is_ge() { left.0 } else { right.0 };
            let high = if left.1.order(right.1).is_le() { left.1 } else { right.1 };
            if low.order(high).is_lt() {
                intervals.push((low, high));
            }
            if left.1.order(right.1).is_le() {
                a += 1;
            } else {
                b += 1;
            }
        }
        Self { intervals }
    }

    /// Numbers in either.
    pub fn union(&self, other: &Self) -> Self {
        self.complement().intersect(&other.complement()).complement()
    }

    /// Whether no number, or no 64-bit integer, is in the set.
    pub fn is_empty(&self, integers: bool) -> bool {
        self.intervals.iter().all(|&(low, high)| integers && !holds_integer(low, high))
    }
}

fn holds_integer(low: Cut, high: Cut) -> bool {
    let first = if low.after { low.value.floor().saturating_add(1) } else { low.value.ceil() };
    let last = if high.after { high.value.floor() } else { high.value.ceil().saturating_sub(1) };
    first.max(i128::from(i64::MIN)) <= last.min(i128::from(i64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn operator() -> impl Strategy<Value = Comparison> {
        use Comparison::{Eq, Ge, Gt, Le, Lt, Ne};
        prop_oneof![Just(Eq), Just(Ne), Just(Lt), Just(Le), Just(Gt), Just(Ge)]
    }

    fn truth(operator: Comparison, order: Ordering) -> bool {
        match operator {
            Comparison::Eq => order.is_eq(),
            Comparison::Ne => order.is_ne(),
            Comparison::Lt => order.is_lt(),
            Comparison::Le => order.is_le(),
            Comparison::Gt => order.is_gt(),
            Comparison::Ge => order.is_ge(),
        }
    }

    fn holds(set: &NumberSet, value: i64) -> bool {
        !set.intersect(&NumberSet::compared(Comparison::Eq, Number::Int(value))).is_empty(true)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn intersections_against_brute_force(
            conditions in proptest::collection::vec((operator(), -6i64..6, any::<bool>(), any::<bool>()), 1..5)
        ) {
            let mut set = NumberSet::all();
            let mut brute: Vec<i64> = (-9..9).collect();
            for (operator, half, float, negated) in conditions {
                let value = if float { Number::Float(half as f64 / 2.0) } else { Number::Int(half) };
                let doubled = if float { half } else { half * 2 };
                let one = NumberSet::compared(operator, value);
                set = set.intersect(&if negated { one.complement() } else { one });
                brute.retain(|x| truth(operator, (2 * x).cmp(&doubled)) != negated);
            }
            for value in -9..9 {
                prop_assert_eq!(holds(&set, value), brute.contains(&value));
            }
            prop_assert!(brute.is_empty() || !set.is_empty(true));
        }

        #[test]
        fn union_holds_both(a in -5i64..5, b in -5i64..5, x in -7i64..7) {
            let set = NumberSet::between(a, a + 1).union(&NumberSet::between(b, b));
            prop_assert_eq!(holds(&set, x), (a..=a + 1).contains(&x) || x == b);
        }
    }

    #[test]
    fn no_integer_between_two_and_three() {
        let open = NumberSet::compared(Comparison::Gt, Number::Int(2))
            .intersect(&NumberSet::compared(Comparison::Lt, Number::Int(3)));
        assert!(open.is_empty(true));
        assert!(!open.is_empty(false));
        let above = NumberSet::compared(Comparison::Gt, Number::Int(i64::MAX));
        assert!(above.is_empty(true));
        assert!(!above.is_empty(false));
    }

    #[test]
    fn exact_beyond_float_precision() {
        let big = 9_007_199_254_740_993;
        assert!(Number::Int(big).order(Number::Float(9_007_199_254_740_992.0)).is_gt());
        assert!(Number::Float(f64::NEG_INFINITY).order(Number::Int(i64::MIN)).is_lt());
        assert!(Number::Float(1e300).order(Number::Int(i64::MAX)).is_gt());
    }
}
