//! Unified difference of two texts by lines.

use std::fmt::Write;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// Above this many comparisons the changed middle is shown as one block; queries are far below.
const LARGEST: usize = 4_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Old(&'a str),
    New(&'a str),
}

/// The difference in unified format; empty if the texts are equal.
pub fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let lines = compare(&split(old), &split(new));
    let mut out = format!("--- {name}\n+++ {name}\n");
    for (from, to) in hunks(&lines) {
        hunk(&mut out, &lines, from, to);
    }
    out
}

/// Lines with their ends, so that a missing last line feed shows.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let old_middle = &old_rest[..old_rest.len() - tail];
    let new_middle = &new_rest[..new_rest.len() - tail];
    let mut lines: Vec<Line<'a>> = old[..head].iter().map(|line| Line::Same(line)).collect();
    if old_middle.len().saturating_mul(new_middle.len()) > LARGEST {
        lines.extend(old_middle.iter().map(|line| Line::Old(line)));
        lines.extend(new_middle.iter().map(|line| Line::New(line)));
    } else {
        longest_common(old_middle, new_middle, &mut lines);
    }
    lines.extend(old_rest[old_rest.len() - tail..].iter().map(|line| Line::Same(line)));
    lines
}

/// Longest common subsequence by dynamic programming.
fn longest_common<'a>(old: &[&'a str], new: &[&'a str], lines: &mut Vec<Line<'a>>) {
    let width = new.len() + 1;
    let mut lengths = vec![0u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = if old[i] == new[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])
        {
            lines.push(Line::Old(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
}

/// Ranges of lines to show: the changes with their context, joined where they touch.
fn hunks(lines: &[Line<'_>]) -> Vec<(usize, usize)> {
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if matches!(line, Line::Same(_)) {
            continue;
        }
        let (from, to) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(lines.len()));
        match hunks.last_mut() {
            Some(last) if from <= last.1 => last.1 = to,
            _ => hunks.push((from, to)),
        }
    }
    hunks
}

fn hunk(out: &mut String, lines: &[Line<'_>], from: usize, to: usize) {
    let count = |part: &[Line<'_>], skip_new: bool| {
        part.iter()
            .filter(|line| match line {
                Line::Same(_) => true,
                Line::Old(_) => skip_new,
                Line::New(_) => !skip_new,
            })
            .count()
    };
    let (before, shown) = (&lines[..from], &lines[from..to]);
    let (old_count, new_count) = (count(shown, true), count(shown, false));
    // An empty side starts, by convention, at the line before it.
    let start = |lines_before: usize, length: usize| lines_before + usize::from(length > 0);
    let old_start = start(count(before, true), old_count);
    let new_start = start(count(before, false), new_count);
    let _ = writeln!(out, "@@ -{old_start},{old_count} +{new_start},{new_count} @@");
    for line in shown {
        let (mark, text) = match line {
            Line::Same(text) => (' ', text),
            Line::Old(text) => ('-', text),
            Line::New(text) => ('+', text),
        };
        let _ = write!(out, "{mark}{text}");
        if !text.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_with_context() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
        let expected = "--- q\n+++ q\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";
        assert_eq!(unified("q", old, new), expected);
    }

    #[test]
    fn distant_changes_are_two_hunks_and_ends_show() {
        let old = (0..30).map(|n| n.to_string()).collect::<Vec<_>>().join("\n") + "\n";
        let new = format!("x\n{}", old.trim_end());
        let text = unified("q", &old, &new);
        assert_eq!(text.matches("@@ -").count(), 2, "{text}");
        assert!(
            text.contains("@@ -1,3 +1,4 @@\n+x\n 0\n") && text.ends_with("\\ No newline at end of file\n"),
            "{text}"
        );
    }

    #[test]
    fn empty_texts() {
        assert_eq!(unified("q", "a", "a"), "");
        assert_eq!(unified("q", "", "a\n"), "--- q\n+++ q\n@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(unified("q", "a\n", ""), "--- q\n+++ q\n@@ -1,1 +0,0 @@\n-a\n");
    }
}
