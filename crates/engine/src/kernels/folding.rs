//! Case folding: which characters count as equal when a comparison ignores case.
//!
//! The rule is Unicode's *simple case folding*, the one `(?i)` of the `regex` crate applies: character by character,
//! never changing the number of characters. Two characters are equal if they lie in the same folding orbit. Only two
//! characters outside ASCII share an orbit with an ASCII letter: U+017F (long s, with `s`) and U+212A (the Kelvin
//! sign, with `k`). Text in plain ASCII can therefore be compared bytewise unless a `k` or an `s` meets one of these.

use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// UTF-8 of U+017F, latin small letter long s.
const LONG_S: &[u8] = "\u{17f}".as_bytes();
/// UTF-8 of U+212A, the Kelvin sign.
const KELVIN: &[u8] = "\u{212a}".as_bytes();

/// The representative of the folding orbit of `c`; two characters fold alike exactly if these are equal.
///
/// The representative of an ASCII letter is its lower-case form. For other orbits it is the member with the lowest
/// code point, which need not be a lower-case letter: the value is a key for comparison, not for display.
#[must_use]
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    if (c as usize) < TABLED {
        return TABLE[c as usize];
    }
    representative(c)
}

/// Characters whose representatives are looked up: the scripts with case that texts are written in, up to Georgian
/// and Glagolitic. Computing one takes a microsecond.
const TABLED: usize = 0x3000;

static TABLE: LazyLock<Vec<char>> = LazyLock::new(|| {
    (0..TABLED as u32).map(|code| char::from_u32(code).map_or('\0', representative)).collect()
});

fn representative(c: char) -> char {
    if is_caseless(c) {
        return c;
    }
    let mut orbit = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
    if orbit.try_case_fold_simple().is_err() {
        return c;
    }
    let first = orbit.ranges().first().map_or(c, ClassUnicodeRange::start);
    first.to_ascii_lowercase()
}

/// Upper and lower case of `c` are `c` itself, so it is alone in its orbit.
fn is_caseless(c: char) -> bool {
    c.to_lowercase().eq([c]) && c.to_uppercase().eq([c])
}

/// `text` with every character replaced by [`fold_char`] of it.
#[must_use]
pub fn fold_text(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(fold_char).collect()
}

/// Appends the folded form of UTF-8 `text` to `scratch`. Bytes that are not UTF-8 (which Arrow strings cannot hold)
/// are copied unchanged.
pub fn fold_bytes_into(text: &[u8], scratch: &mut Vec<u8>) {
    if text.is_ascii() {
        lower_ascii_into(text, scratch);
        return;
    }
    let Ok(text) = str::from_utf8(text) else {
        scratch.extend_from_slice(text);
        return;
    };
    let mut utf8 = [0; 4];
    for c in text.chars() {
        scratch.extend_from_slice(fold_char(c).encode_utf8(&mut utf8).as_bytes());
    }
}

/// Appends `text` with ASCII letters in lower case; the loop has no branches, so it compiles to vector code.
pub(crate) fn lower_ascii_into(text: &[u8], scratch: &mut Vec<u8>) {
    scratch.extend(text.iter().map(u8::to_ascii_lowercase));
}

/// Whether `text` holds one of the two characters beyond ASCII that fold to an ASCII letter.
pub(crate) fn has_ascii_look_alike(text: &[u8]) -> bool {
    !text.is_ascii()
        && (memchr::memmem::find(text, KELVIN).is_some() || memchr::memmem::find(text, LONG_S).is_some())
}

/// How a literal has to be compared with text when case is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Bytewise: case matters.
    Exact,
    /// The literal is ASCII without `k` and `s`: compare ASCII-lowered bytes, always right.
    Ascii,
    /// The literal is ASCII with a `k` or an `s`: as `Ascii`, except where the text has a look-alike.
    AsciiWithLookAlikes,
    /// The folded literal is not ASCII: fold the text character by character; ASCII text can never match.
    Unicode,
}

impl Fold {
    /// The folded bytes of a literal and the way to compare them.
    pub(crate) fn prepare(literal: &str, fold: bool) -> (Vec<u8>, Self) {
        if !fold {
            return (literal.as_bytes().to_vec(), Self::Exact);
        }
        let folded = fold_text(literal).into_bytes();
        let mode = if !folded.is_ascii() {
            Self::Unicode
        } else if folded.iter().any(|b| matches!(b, b'k' | b's')) {
            Self::AsciiWithLookAlikes
        } else {
            Self::Ascii
        };
        (folded, mode)
    }

    /// Whether `text` must be folded character by character before it is compared.
    pub(crate) fn needs_unicode(self, text: &[u8]) -> bool {
        match self {
            Self::Exact | Self::Ascii => false,
            Self::AsciiWithLookAlikes => has_ascii_look_alike(text),
            Self::Unicode => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caseless_shortcut_agrees_with_the_orbit_tables() {
        for c in ('\u{80}'..=char::MAX).filter(|c| is_caseless(*c)) {
            let mut orbit = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            orbit.try_case_fold_simple().unwrap();
            assert_eq!(orbit.ranges().len(), 1, "{c:?}");
            assert_eq!(orbit.ranges()[0].start(), orbit.ranges()[0].end(), "{c:?}");
        }
    }

    #[test]
    fn only_two_characters_fold_into_ascii() {
        let found: Vec<char> = ('\u{80}'..=char::MAX).filter(|c| fold_char(*c).is_ascii()).collect();
        assert_eq!(found, ['\u{17f}', '\u{212a}']);
    }

    #[test]
    fn orbits_have_one_representative() {
        for group in [["σ", "ς", "Σ"], ["k", "K", "\u{212a}"], ["å", "Å", "\u{212b}"], ["ß", "ẞ", "ß"]]
        {
            assert_eq!(fold_text(group[0]), fold_text(group[1]), "{group:?}");
            assert_eq!(fold_text(group[0]), fold_text(group[2]), "{group:?}");
        }
        assert_ne!(fold_text("é"), fold_text("e"));
    }
}
