//! Compiled regular expressions for functions that take a pattern.
//!
//! A literal pattern arrives with every batch again, so compiled patterns are kept for the whole process, up to a
//! limit; a call remembers the last one and pays for the look-up only when the pattern changes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use datafusion::common::{Result, exec_datafusion_err};
use regex::{Regex, RegexBuilder};

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
        self.get_from(pattern, |pattern| atalanta_xql::re2::to_rust(pattern).into_owned())
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
