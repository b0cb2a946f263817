//! # What it does
//! Reports values of `date` and `modified` that are no days of the form 2026-11-22, and a `modified` before `date`.
//! # Why it matters
//! Rule sets are sorted and aged by these dates.
//! # Example
//! ```yaml
//! date: 2026-13-01
//! ```
//! # Instead
//! ```yaml
//! date: 2026-12-01
//! ```
//! # Limits
//! The old form 2026/12/01 is reported too: Sigma 2 has only dashes.

use atalanta_diag::{Code, Diagnostic, Severity};

use super::{Context, Lint};

pub(super) const LINT: Lint = Lint {
    code: Code("SL002"),
    name: "date",
    severity: Severity::Warning,
    summary: "a date that is none, or a change before the creation",
    source: include_str!("date.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for document in context.documents {
        let meta = document.meta();
        for text in [&meta.date, &meta.modified].into_iter().flatten() {
            if !is_day(&text.text) {
                let message = format!("`{}` is no day, expected one like 2026-11-22", text.text);
                out.push(LINT.report(text.span, message));
            }
        }
        // Days of this form are ordered as texts.
        if let (Some(date), Some(modified)) = (&meta.date, &meta.modified)
            && is_day(&date.text)
            && is_day(&modified.text)
            && modified.text < date.text
        {
            let message = "the change lies before the creation";
            out.push(LINT.report(modified.span, message).label(date.span, "created"));
        }
    }
    out
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, length| {
        let digits = text.len() == length && text.chars().all(|c| c.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::is_day;

    #[test]
    fn days_of_the_calendar() {
        assert!(is_day("2024-02-29") && is_day("2000-02-29") && is_day("2026-11-30"));
        for text in ["2025-02-29", "1900-02-29", "2026-11-31", "2026/11/22", "26-11-22", "2026-11-22T00", ""]
        {
            assert!(!is_day(text), "{text}");
        }
    }
}
