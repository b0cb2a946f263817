//! Text on a terminal: its width in columns, wrapping, shortening, and hostile text made harmless.

use std::ops::Range;

use atalanta_diag::render::escape_control;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Wraps at blanks; a word longer than the line is cut. Always at least one line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let bare = width(word.trim_end_matches(' '));
        if used > 0 && used + bare > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for c in word.chars() {
            let columns_of_c = c.width().unwrap_or(0);
            if used + columns_of_c > columns && c != ' ' {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += columns_of_c;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// At most so many characters, and how long it really is when it was cut.
pub fn shorten(text: &str, characters: usize) -> String {
    let Some((cut, _)) = text.char_indices().nth(characters) else {
        return text.to_owned();
    };
    let all = text.chars().count() as u64;
    format!("{}… ({} characters)", &text[..cut], crate::figures::count(all))
}

/// At most so many characters around a place; what is left out shows as `…`, and how long the text really is.
pub fn excerpt(text: &str, place: Option<Range<usize>>, characters: usize) -> String {
    let all = text.chars().count();
    let Some(place) = place.filter(|_| all > characters) else { return shorten(text, characters) };
    let before = text.get(..place.start).map_or(0, |head| head.chars().count());
    // A third of the room in front, so that what leads to the place is read as well.
    let from = before.saturating_sub(characters / 3).min(all - characters);
    let middle: String = text.chars().skip(from).take(characters).collect();
    let head = if from > 0 { "…" } else { "" };
    let tail = if from + characters < all { "…" } else { "" };
    format!("{head}{middle}{tail} ({} characters)", crate::figures::count(all as u64))
}

/// Text of an event for a terminal: harmless, and not longer than a screen.
pub fn shown(text: &str, characters: usize) -> String {
    // Cut first: escaping a record of many megabytes to show a line of it would be wasted.
    escape_control(&shorten(text, characters))
}

/// The text with blanks up to the width.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_blanks_and_cuts_long_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijkl", 8), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("日本語日本語", 8), ["日本語日", "本語"]);
        assert!(wrap(&"x ".repeat(500), 20).iter().all(|line| width(line) <= 20));
    }

    #[test]
    fn excerpts_show_the_place() {
        let text = format!("{}needle{}", "é".repeat(100), "x".repeat(100));
        let cut = excerpt(&text, Some(200..206), 30);
        assert_eq!(cut, format!("…{}needle{}… (206 characters)", "é".repeat(10), "x".repeat(14)));
        assert!(excerpt(&text, Some(0..1), 30).starts_with("éé"));
        assert!(excerpt(&text, Some(306..306), 30).ends_with("xx (206 characters)"));
        assert_eq!(excerpt("short", Some(0..1), 30), "short");
        assert_eq!(excerpt(&text, None, 3), "ééé… (206 characters)");
    }

    #[test]
    fn shortening_says_the_length_and_disarms() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten(&"é".repeat(2000), 2), "éé… (2,000 characters)");
        assert_eq!(shown("a\u{1b}[2J\n", 80), "a\\u{1b}[2J\\n");
    }
}
