//! Events made from the conditions of rules.

use atalanta_sigma::correlation::Operator;
use atalanta_sigma::matcher::{Matcher, Place, Predicate, Test};
use atalanta_sigma::pattern::{Part, Pattern};
use serde_json::{Map, Value};

use crate::files::RuleFile;

/// An event: texts by field.
pub type Event = Map<String, Value>;

/// Numbers from a seed.
pub struct Random(u64);

impl Random {
    /// Numbers that follow from a seed, which must not be 0.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        // xorshift64*, by Vigna.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(value).unwrap_or(0) % bound.max(1)
    }
}

/// The events of a batch; each rule is tried on all of them.
pub fn of_batch(batch: &[RuleFile], number: u64) -> Vec<Event> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (number + 1));
    let mut events = vec![Event::new()];
    for rule in batch {
        for _ in 0..3 {
            let mut event = Event::new();
            aim(&rule.matcher, true, &mut event, &mut random);
            events.push(event.clone());
            // The same with one field less, and with one text changed.
            let keys: Vec<String> = event.keys().cloned().collect();
            if let Some(key) = keys.get(random.below(keys.len())) {
                let mut without = event.clone();
                without.remove(key);
                events.push(without);
                let mut changed = event.clone();
                if let Some(Value::String(text)) = changed.get_mut(key) {
                    *text = change(text, &mut random);
                }
                events.push(changed);
            }
        }
        let mut event = Event::new();
        aim(&rule.matcher, false, &mut event, &mut random);
        events.push(event);
    }
    events
}

/// An event that most likely fulfils a condition.
pub fn fulfilling(matcher: &Matcher, random: &mut Random) -> Event {
    let mut event = Event::new();
    aim(matcher, true, &mut event, random);
    event
}

/// Sets fields so that the condition most likely holds or does not.
fn aim(matcher: &Matcher, holds: bool, event: &mut Event, random: &mut Random) {
    match (matcher, holds) {
        (Matcher::Not(inner), _) => aim(inner, !holds, event, random),
        (Matcher::All(parts), true) | (Matcher::Any(parts), false) => {
            parts.iter().for_each(|part| aim(part, holds, event, random));
        }
        (Matcher::All(parts), false) | (Matcher::Any(parts), true) => {
            if let Some(part) = parts.get(random.below(parts.len())) {
                aim(part, holds, event, random);
            }
        }
        (Matcher::Test(test), true) => satisfy(test, event, random),
        (Matcher::Test(test), false) => {
            let name = test.field.clone().unwrap_or_else(|| "message".to_owned());
            if random.below(2) == 0 && !event.contains_key(&name) {
                event.insert(name, Value::from("something else"));
            }
        }
    }
}

fn satisfy(test: &Test, event: &mut Event, random: &mut Random) {
    let name = test.field.clone().unwrap_or_else(|| "message".to_owned());
    let before = event.get(&name).and_then(Value::as_str).unwrap_or("").to_owned();
    let text = match &test.predicate {
        Predicate::Text { pattern, .. } => fitting(pattern, &before, random),
        Predicate::Regex(pattern) => pattern.replace(['\\', '^', '$', '(', ')', '?'], ""),
        Predicate::Number(operator, number) => match operator {
            Operator::Lt => (number - 1.0).to_string(),
            Operator::Gt | Operator::Neq => (number + 1.0).to_string(),
            _ => number.to_string(),
        },
        Predicate::Bool(value) => value.to_string(),
        Predicate::Null | Predicate::Exists(false) => {
            event.remove(&name);
            return;
        }
        Predicate::Exists(true) => "present".to_owned(),
        Predicate::Cidr(networks) => {
            networks.first().and_then(|network| network.split('/').next()).unwrap_or_default().to_owned()
        }
        Predicate::Field { other, part, .. } => {
            event.insert(other.clone(), Value::from("Same"));
            if *part == Place::Whole { "same".to_owned() } else { "sameSAME".to_owned() }
        }
        Predicate::Time(..) => "2026-11-22T10:00:00Z".to_owned(),
    };
    event.insert(name, Value::from(text));
}

/// A text of the pattern in odd letter case; what the field held before stays where the pattern is open.
fn fitting(pattern: &Pattern, before: &str, random: &mut Random) -> String {
    let mut text = String::new();
    let mut kept = false;
    for part in pattern.parts() {
        match part {
            Part::Literal(literal) => text.push_str(&odd_case(literal, random)),
            Part::One => text.push('x'),
            Part::Any if !kept => {
                text.push_str(before);
                kept = true;
            }
            Part::Any => text.push_str(["", "zz", " \"q\" ", "\\"][random.below(4)]),
        }
    }
    text
}

fn odd_case(text: &str, random: &mut Random) -> String {
    match random.below(3) {
        0 => text.to_ascii_uppercase(),
        1 => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    }
}

fn change(text: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        return "x".to_owned();
    }
    let at = random.below(chars.len());
    match random.below(3) {
        0 => drop(chars.remove(at)),
        1 => chars[at] = '#',
        _ => chars.insert(at, '*'),
    }
    chars.into_iter().collect()
}
