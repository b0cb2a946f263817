//! Texts that a regular expression matches.

use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};

use crate::events::Random;

/// A text that an expression most likely matches (assertions about neighbours are left to chance), and none if it cannot
/// be read.
pub fn matched(pattern: &str, random: &mut Random) -> Option<String> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    let mut text = String::new();
    write(&hir, random, &mut text);
    Some(text)
}

fn write(hir: &Hir, random: &mut Random, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(one_of(class, random)),
        HirKind::Repetition(repetition) => {
            // Once more than needed, now and then.
            let more = u32::from(random.below(3) == 0 || repetition.min == 0 && random.below(2) == 0);
            let most = repetition.max.unwrap_or(u32::MAX);
            for _ in 0..repetition.min.saturating_add(more).min(most).min(2_000) {
                write(&repetition.sub, random, text);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, random, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, random, text)),
        HirKind::Alternation(parts) => {
            if let Some(part) = parts.get(random.below(parts.len())) {
                write(part, random, text);
            }
        }
    }
}

/// A character of a class: a letter or digit that can be printed if there is one.
fn one_of(class: &Class, random: &mut Random) -> Option<char> {
    let Class::Unicode(class) = class else { return Some('x') };
    let plain: Vec<char> = ('!'..='~')
        .filter(|c| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(c)))
        .collect();
    let letters: Vec<char> = plain.iter().copied().filter(char::is_ascii_alphanumeric).collect();
    let from = if letters.is_empty() { plain } else { letters };
    from.get(random.below(from.len()))
        .copied()
        .or_else(|| class.ranges().first().map(ClassUnicodeRange::start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_matched() {
        let mut random = Random::new(7);
        for pattern in
            [r"(?i)set-(variable|item)\s{2,5}\d+", r"^[a-f0-9]{40}\.(?:exe|dll)$", r"\\+[^x]?y", "é|ß"]
        {
            let regex = regex::Regex::new(pattern).expect("a regular expression");
            for _ in 0..50 {
                let text = matched(pattern, &mut random).expect("a text");
                assert!(regex.is_match(&text), "{pattern}: {text}");
            }
        }
        assert_eq!(matched("(", &mut random), None);
    }
}
