//! Literal arguments that follow a grammar of their own: patterns, formats, paths, ranges, units.
//!
//! A literal that the function cannot read fails the query for every row, so that it is known before the query runs.
//! The engine reads the same grammars when it executes; a test there holds both against each other.

mod format;
mod json_path;
mod ranges;
mod regex;
mod time_format;
mod words;

use crate::ir::{Expr, ExprKind};

pub(crate) use regex::problem as regex_problem;

/// Why a call fails whatever its rows are, with the index of the argument to blame.
#[must_use]
pub fn problem(function: &str, arguments: &[Expr]) -> Option<(usize, String)> {
    if function == "format_string" {
        let text = arguments.first()?.as_text()?;
        return format::problem(text, &arguments[1..]).map(|reason| (0, reason));
    }
    for (index, argument) in arguments.iter().enumerate().skip(1) {
        let ExprKind::String(text) = &argument.kind else { continue };
        if let Some(reason) = argument_problem(function, index, text) {
            return Some((index, reason));
        }
    }
    let first = arguments.first()?.as_text()?;
    match function {
        "format_timestamp" | "parse_timestamp" | "parse_epoch" => {
            time_format::problem(first).map(|reason| (0, reason))
        }
        _ => None,
    }
}

fn argument_problem(function: &str, index: usize, text: &str) -> Option<String> {
    match (function, index) {
        ("replex" | "regextract" | "regexcapture", 1) => regex::call_problem(function, text),
        ("json_extract" | "json_extract_scalar" | "json_extract_array" | "json_extract_scalar_array", 1) => {
            json_path::problem(text)
        }
        ("incidr", 1) => ranges::problem(text, false),
        ("incidr6", 1) => ranges::problem(text, true),
        ("incidrlist", 1) => ranges::single_problem(text),
        _ => words::problem(function, index, text),
    }
}

/// Why the right side of `incidr` or `incidr6` cannot be read.
#[must_use]
pub fn range_problem(text: &str, v6: bool) -> Option<String> {
    ranges::problem(text, v6)
}

/// Whether a range can be read, but only as one of the other version of IP.
#[must_use]
pub fn is_of_other_version(range: &str, v6: bool) -> bool {
    ranges::is_of_other_version(range, v6)
}
