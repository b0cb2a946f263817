//! Why verdicts differ. A cause is not guessed from the rule: the event or the rule is changed in the one thing that the
//! cause is about, in a way that leaves Atalanta's verdict as it is, and if it is the cause, rsigma-eval then says the same.

use atalanta_sigma::matcher::Predicate;
use atalanta_sigma::pattern::{Part, Pattern};
use serde_json::Value;

use crate::events::Event;
use crate::files::RuleFile;
use crate::meaning::{holds, literals};
use crate::verdicts::Theirs;

/// A known cause.
pub struct Cause {
    /// What it is, in a few words.
    pub name: &'static str,
    /// What each side does, and what its check changes in the event.
    pub text: &'static str,
    /// Whether it is the reason for a difference.
    is_it: fn(&RuleFile, &Event, bool, &Theirs) -> bool,
}

/// All that are known.
pub const CAUSES: [Cause; 4] = [
    Cause {
        name: "keywords under `'|all'`",
        text: "A keyword is looked for anywhere in the event, also under `'|all'`. rsigma-eval then compares each keyword with \
               the whole text of one and the same field, which never holds for two of them. Checked by writing \
               `'|contains|all'` in the rule.",
        is_it: keywords,
    },
    Cause {
        name: "numbers as keywords",
        text: "A number among keywords is looked for in the texts of the event like the others. rsigma-eval compares it \
               with whole values. Checked by writing quotes around the numbers in the rule's lists.",
        is_it: numbers,
    },
    Cause {
        name: "wildcards inside of values under `startswith` and `endswith`",
        text: "A value with a wildcard, such as `endswith: 'B?'`, has to stand at that end of the text. rsigma-eval ties it \
               to the other end, and leaves this one free. Checked by texts that begin or end elsewhere, of which both \
               sides say what Atalanta said of the first one.",
        is_it: other_end,
    },
    Cause {
        name: "last character of `base64offset`",
        text: "The last characters of an encoded value also depend on the byte behind it, and pySigma cuts them. \
               rsigma-eval keeps one character too many, and misses values inside of longer texts. Checked by adding, \
               behind the encoded value in the event, the one character of the alphabet that it waits for.",
        is_it: last_character,
    },
];

/// The cause of a difference on an event, if it is a known one.
pub fn cause(rule: &RuleFile, event: &Event, ours: bool, theirs: &Theirs) -> Option<usize> {
    CAUSES.iter().position(|cause| (cause.is_it)(rule, event, ours, theirs))
}

fn keywords(rule: &RuleFile, event: &Event, ours: bool, _theirs: &Theirs) -> bool {
    let of_all = |line: &str| line.trim().trim_matches(['\'', '"', ':']) == "|all";
    changed(rule, event, ours, &|line| of_all(line).then(|| line.replace("|all", "|contains|all")))
}

fn numbers(rule: &RuleFile, event: &Event, ours: bool, _theirs: &Theirs) -> bool {
    let quoted = |line: &str| {
        let (indent, item) = line.split_once("- ")?;
        let is_number = indent.trim().is_empty() && item.trim().parse::<f64>().is_ok();
        is_number.then(|| format!("{indent}- '{}'", item.trim()))
    };
    changed(rule, event, ours, &quoted)
}

/// Whether their verdict is ours if some lines of the rule are written otherwise.
fn changed(rule: &RuleFile, event: &Event, ours: bool, other: &dyn Fn(&str) -> Option<String>) -> bool {
    let lines: Vec<(String, bool)> = rule
        .text
        .lines()
        .map(|line| other(line).map_or((line.to_owned(), false), |changed| (changed, true)))
        .collect();
    let is_changed = lines.iter().any(|(_, is_changed)| *is_changed);
    let text: String = lines.into_iter().flat_map(|(line, _)| [line, "\n".to_owned()]).collect();
    is_changed && Theirs::of(&text).is_ok_and(|theirs| theirs.judge(event) == ours)
}

fn other_end(rule: &RuleFile, event: &Event, ours: bool, theirs: &Theirs) -> bool {
    for test in rule.matcher.tests() {
        let (Some(field), Predicate::Text { pattern, .. }) = (&test.field, &test.predicate) else { continue };
        let Some(text) = event.get(field).and_then(Value::as_str) else { continue };
        if !is_tied(pattern) {
            continue;
        }
        let ends = text.char_indices().map(|(at, _)| at);
        let cut = ends.clone().map(|at| text[at..].to_owned()).chain(ends.map(|at| text[..at].to_owned()));
        let found = cut.chain([format!("{text}zz"), format!("zz{text}")]).any(|text| {
            let mut other = event.clone();
            other.insert(field.clone(), Value::from(text));
            holds(&rule.matcher, &other) == ours && theirs.judge(&other) == ours
        });
        if found {
            return true;
        }
    }
    Theirs::of(&with_stars(rule)).is_ok_and(|theirs| theirs.judge(event) == ours)
}

/// The rule with a `*` more at the open end of such values.
fn with_stars(rule: &RuleFile) -> String {
    let mut places: Vec<(std::ops::Range<usize>, bool)> = Vec::new();
    for test in rule.matcher.tests() {
        if let Predicate::Text { pattern, .. } = &test.predicate
            && is_tied(pattern)
        {
            places.push((test.span.range(), pattern.parts().first() == Some(&Part::Any)));
        }
    }
    // From the end, so that places stay.
    places.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    places.dedup();
    let mut text = rule.text.clone();
    for (range, at_start) in places {
        let Some(value) = text.get(range.clone()) else { continue };
        let plain = value.trim_matches('\'');
        let (before, behind) = if at_start { ("*", "") } else { ("", "*") };
        let value = format!("'{before}{plain}{behind}'");
        text.replace_range(range, &value);
    }
    text
}

/// Whether a pattern is open at one end and has wildcards besides.
fn is_tied(pattern: &Pattern) -> bool {
    let parts = pattern.parts();
    let (start, end) = (parts.first() == Some(&Part::Any), parts.last() == Some(&Part::Any));
    let is_wildcard = |part: &Part| !matches!(part, Part::Literal(_));
    start != end && parts[usize::from(start)..parts.len() - usize::from(end)].iter().any(is_wildcard)
}

fn last_character(rule: &RuleFile, event: &Event, ours: bool, theirs: &Theirs) -> bool {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
    if !rule.text.contains("base64offset") {
        return false;
    }
    for test in rule.matcher.tests() {
        let (Some(field), Predicate::Text { pattern, .. }) = (&test.field, &test.predicate) else { continue };
        let Some(text) = event.get(field).and_then(Value::as_str) else { continue };
        // Texts of base64 are ASCII.
        let folded = text.to_ascii_lowercase();
        for literal in literals(pattern) {
            let Some(at) = folded.find(&literal.to_ascii_lowercase()) else { continue };
            let (before, behind) = text.split_at(at + literal.len());
            let found = ALPHABET.chars().any(|c| {
                let mut longer = event.clone();
                longer.insert(field.clone(), Value::from(format!("{before}{c}{behind}")));
                holds(&rule.matcher, &longer) == ours && theirs.judge(&longer) == ours
            });
            if found {
                return true;
            }
        }
    }
    false
}
