//! Compiled regular expressions for functions that take a pattern.
//!
//! A literal pattern arrives with every batch again, so compiled patterns are kept for the whole process, up to a
//! limit; a call remembers the last one and pays for the look-up only when the pattern changes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::array::{ArrayRef, BooleanBuilder};
use datafusion::common::{Result, exec_datafusion_err};
use regex::{Regex, RegexBuilder};

use crate::functions::args::Args;

/// Patterns kept; when full, all are dropped and those in use compile again.
const KEPT: usize = 256;
/// Upper limit of a compiled pattern in bytes.
const SIZE_LIMIT: usize = 16 * 1024 * 1024;

static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Regex>>>> = LazyLock::new(Mutex::default);

/// The patterns of one call.
#[derive(Debug, Default)]
pub(crate) struct Regexes {
    last: Option<(String, Arc<Regex>)>,
}

impl Regexes {
    /// The compiled form of a pattern.
    pub fn get(&mut self, pattern: &str) -> Result<Arc<Regex>> {
        self.get_from(pattern, as_re2)
    }

    /// The compiled form of the regular expression that `translate` makes of `pattern`.
    pub fn get_from(&mut self, pattern: &str, translate: impl Fn(&str) -> String) -> Result<Arc<Regex>> {
        if let Some((last, regex)) = &self.last
            && last == pattern
        {
            return Ok(Arc::clone(regex));
        }
        let regex = compiled(&translate(pattern))?;
        self.last = Some((pattern.to_owned(), Arc::clone(&regex)));
        Ok(regex)
    }
}

/// Whether the text of the first argument matches the expression that `translate` makes of the second, row by row;
/// null if an argument is null.
pub(crate) fn matches(args: &Args<'_>, translate: impl Fn(&str) -> String) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let mut regexes = Regexes::default();
    let mut values = BooleanBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else {
            values.append_null();
            continue;
        };
        values.append_value(regexes.get_from(pattern, &translate)?.is_match(text));
    }
    Ok(Arc::new(values.finish()))
}

/// Repetition, classes and flags as RE2 reads them.
pub(crate) fn as_re2(pattern: &str) -> String {
    atalanta_xql::re2::to_rust(pattern).into_owned()
}

fn compiled(pattern: &str) -> Result<Arc<Regex>> {
    let kept = COMPILED.lock().unwrap_or_else(PoisonError::into_inner).get(pattern).map(Arc::clone);
    if let Some(regex) = kept {
        return Ok(regex);
    }
    let regex = RegexBuilder::new(pattern)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| exec_datafusion_err!("invalid regular expression {pattern:?}: {error}"))?;
    let regex = Arc::new(regex);
    let mut kept = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(pattern.to_owned(), Arc::clone(&regex));
    Ok(regex)
}
