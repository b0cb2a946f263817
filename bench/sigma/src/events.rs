//! Events made from the conditions of rules.

use atalanta_sigma::correlation::Operator;
use atalanta_sigma::matcher::{Matcher, Place, Predicate, Test};
use atalanta_sigma::pattern::{Part, Pattern};
use serde_json::{Map, Value};

use crate::files::RuleFile;
use crate::meaning::holds;
use crate::sample::matched;

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

/// Events that fulfil a rule, and those that nearly do, for each rule.
const FITTING: usize = 3;

/// How often an event is made anew that does not fulfil its rule: what one part asks for may contradict another.
const TRIES: usize = 200;

/// Fields of a fitting event that are changed, each by itself.
const CHANGED: usize = 6;

/// The events of a batch; each rule is tried on all of them.
pub fn of_batch(batch: &[RuleFile], number: u64) -> Vec<Event> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (number + 1));
    let mut events = vec![Event::new()];
    for rule in batch {
        for event in fitting_events(&rule.matcher, &mut random) {
            near(&event, &mut random, &mut events);
            events.push(event);
        }
        let mut event = Event::new();
        aim(&rule.matcher, false, &mut event, &mut random);
        events.push(event);
    }
    events
}

/// Different events that fulfil a condition. If there seems to be none, those that came out of the last tries.
fn fitting_events(matcher: &Matcher, random: &mut Random) -> Vec<Event> {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for _ in 0..TRIES {
        let event = fulfilling(matcher, random);
        if !holds(matcher, &event) {
            others.push(event);
        } else if !found.contains(&event) {
            found.push(event);
        }
        if found.len() == FITTING {
            break;
        }
    }
    if found.is_empty() { others.split_off(others.len().saturating_sub(FITTING)) } else { found }
}

/// The same with one field less, or with one text changed.
fn near(event: &Event, random: &mut Random, events: &mut Vec<Event>) {
    let mut keys: Vec<String> = event.keys().cloned().collect();
    while keys.len() > CHANGED {
        keys.swap_remove(random.below(keys.len()));
    }
    for key in &keys {
        let mut without = event.clone();
        without.remove(key);
        events.push(without);
        let mut changed = event.clone();
        if let Some(Value::String(text)) = changed.get_mut(key) {
            *text = change(text, random);
        }
        events.push(changed);
    }
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
            // In any order: an end of a text that is set first may be covered by what comes later.
            let mut left: Vec<&Matcher> = parts.iter().collect();
            while !left.is_empty() {
                aim(left.swap_remove(random.below(left.len())), holds, event, random);
            }
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
        Predicate::Regex(pattern) => {
            let sample = matched(pattern, random).unwrap_or_default();
            if random.below(2) == 0 { before + &sample } else { sample }
        }
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
            Part::Any if !kept && !before.is_empty() => {
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
