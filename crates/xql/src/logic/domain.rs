//! What a condition says about one value: which values satisfy it, and whether null does.
//!
//! **Soundness.** A [`Values`] holds at least the values that can satisfy the condition; where nothing
//! useful is known it is [`Values::Any`], for the condition and for its negation. [`Values::meet`]
//! judges a conjunction and says impossible only if one of its kinds alone is.

use std::net::Ipv4Addr;

use super::number::NumberSet;
use super::text::{Test, TextSet, Verdict, Workshop};

/// A set of values other than null.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Nothing is known.
    Any,
    /// No value.
    None,
    /// Texts.
    Text(TextSet),
    /// Numbers.
    Number(NumberSet),
    /// One truth value.
    Bool(bool),
    /// Texts of IPv4 addresses in ranges or, negated, all other texts.
    Net(NetSet),
}

/// IPv4 ranges.
#[derive(Clone, Debug, PartialEq)]
pub struct NetSet {
    ranges: NumberSet,
    negated: bool,
}

impl NetSet {
    /// Comma-separated CIDRs; none when one of them cannot be read.
    pub fn parse(text: &str) -> Option<Self> {
        let mut ranges = NumberSet::none();
        for cidr in text.split(',').map(str::trim) {
            let (address, bits) = cidr.split_once('/')?;
            let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
            let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32)?;
            let host = u32::MAX.checked_shr(bits).unwrap_or(0);
            let low = address & !host;
            ranges = ranges.union(&NumberSet::between(low.into(), (low | host).into()));
        }
        Some(Self { ranges, negated: false })
    }

    /// Whether the text may satisfy the condition. Texts that are not canonical addresses may: how
    /// lenient the engine reads them is not assumed.
    fn may_hold(&self, text: &str) -> bool {
        let Ok(address) = text.parse::<Ipv4Addr>() else {
            return true;
        };
        let value = i64::from(u32::from(address));
        let inside = !self.ranges.intersect(&NumberSet::between(value, value)).is_empty(true);
        inside != self.negated
    }
}

impl Values {
    /// The values that do not satisfy the condition.
    pub fn negate(self) -> Self {
        match self {
            Self::Any => Self::Any,
            Self::None => Self::Any,
            Self::Text(set) => Self::Text(TextSet { negated: !set.negated, ..set }),
            Self::Number(set) => Self::Number(set.complement()),
            Self::Bool(value) => Self::Bool(!value),
            Self::Net(set) => Self::Net(NetSet { negated: !set.negated, ..set }),
        }
    }

    /// Whether some value is in all the sets; `integers` when numbers are whole.
    pub fn meet(sets: &[&Self], integers: bool, workshop: &mut Workshop) -> Verdict {
        let mut numbers: Option<NumberSet> = None;
        let mut texts = Vec::new();
        let mut nets = Vec::new();
        let (mut yes, mut no) = (true, true);
        for set in sets {
            match set {
                Self::Any => {}
                Self::None => return Verdict::Impossible,
                Self::Text(set) => texts.push(set),
                Self::Number(set) => {
                    numbers = Some(numbers.map_or_else(|| set.clone(), |numbers| numbers.intersect(set)));
                }
                Self::Bool(value) => {
                    yes &= *value;
                    no &= !*value;
                }
                Self::Net(set) => nets.push(set),
            }
        }
        if numbers.is_some_and(|numbers| numbers.is_empty(integers))
            || !(yes || no)
            || !nets_meet(&nets, &texts)
        {
            return Verdict::Impossible;
        }
        if texts.is_empty() { Verdict::Possible } else { workshop.judge(&texts) }
    }
}

fn nets_meet(nets: &[&NetSet], texts: &[&TextSet]) -> bool {
    if nets.is_empty() {
        // A text without alternatives is judged with the other texts.
        return true;
    }
    let mut ranges = NumberSet::between(0, u32::MAX.into());
    for net in nets {
        ranges = ranges.intersect(&if net.negated { net.ranges.complement() } else { net.ranges.clone() });
    }
    // With negated ranges only, every text that is not an address remains.
    if nets.iter().any(|net| !net.negated) && ranges.is_empty(true) {
        return false;
    }
    texts.iter().all(|set| {
        let allowed = |test: &Test| match test {
            Test::Glob { glob, .. } => match glob.text().map(std::str::from_utf8) {
                Some(Ok(text)) => nets.iter().all(|net| net.may_hold(text)),
                _ => true,
            },
            Test::Regex(_) => true,
        };
        set.negated || set.tests.iter().any(allowed)
    })
}

#[cfg(test)]
mod tests {
    use super::super::glob::Glob;
    use super::*;

    fn net(text: &str) -> Values {
        Values::Net(NetSet::parse(text).expect("test input is valid"))
    }

    fn meet(sets: &[Values]) -> Verdict {
        let sets: Vec<&Values> = sets.iter().collect();
        Values::meet(&sets, false, &mut Workshop::new(100_000))
    }

    fn equals(text: &str) -> Values {
        let test = Test::Glob { glob: Glob::equals(text), fold: true };
        Values::Text(TextSet { tests: vec![test], negated: false })
    }

    #[test]
    fn ranges_of_addresses() {
        assert_eq!(meet(&[net("10.0.0.0/8"), net("192.168.0.0/16")]), Verdict::Impossible);
        assert_eq!(meet(&[net("10.0.0.0/8, 192.168.0.0/16"), net("192.168.7.0/24")]), Verdict::Possible);
        assert_eq!(meet(&[net("10.1.0.0/16"), net("10.0.0.0/8").negate()]), Verdict::Impossible);
        assert_eq!(meet(&[net("0.0.0.0/0").negate()]), Verdict::Possible);
        assert_eq!(meet(&[net("0.0.0.0/0").negate(), net("1.2.3.4/32")]), Verdict::Impossible);
    }

    #[test]
    fn addresses_against_ranges() {
        assert_eq!(meet(&[net("10.0.0.0/8"), equals("11.0.0.1")]), Verdict::Impossible);
        assert_eq!(meet(&[net("10.0.0.0/8"), equals("10.0.0.1")]), Verdict::Possible);
        assert_eq!(meet(&[net("10.0.0.0/8").negate(), equals("10.0.0.1")]), Verdict::Impossible);
        assert_eq!(meet(&[net("10.0.0.0/8"), equals("010.0.0.1")]), Verdict::Possible);
    }

    #[test]
    fn unreadable_ranges_say_nothing() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "x/8", "fe80::/10", "10.0.0.0/8,"] {
            assert_eq!(NetSet::parse(text), None, "{text}");
        }
    }
}
