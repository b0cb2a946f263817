//! One scalar of a JSON text: what `json_extract_scalar` gives for its row.

use std::borrow::Cow;

use crate::functions::json::path::{Step, parse_path};
use crate::functions::json::scan::Json;

/// A path that is looked up in many texts.
#[derive(Debug)]
pub struct JsonScalar {
    steps: Vec<Step>,
}

impl JsonScalar {
    /// A path as `json_extract_scalar` reads it; none if it is none.
    #[must_use]
    pub fn new(path: &str) -> Option<Self> {
        Some(Self { steps: parse_path(path).ok()? })
    }

    /// The key that the path ends with. A key of digits may also be the place of an element, and is none.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self.steps.last()? {
            step @ Step::Key(key) => step.as_index().is_none().then_some(key),
            Step::Index(_) => None,
        }
    }

    /// The scalar in a text; none for null, an object, an array, or a text that is not JSON up to there.
    #[must_use]
    pub fn of<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        Json::new(text).at(&self.steps)?.scalar()
    }
}

#[cfg(test)]
mod tests {
    use super::JsonScalar;

    #[test]
    fn a_scalar_is_what_the_function_gives() {
        let scalar = JsonScalar::new("$.a.b").unwrap();
        let of = |text| scalar.of(text).map(std::borrow::Cow::into_owned);
        assert_eq!(of(r#"{"a":{"b":"x\u0041"}}"#).as_deref(), Some("xA"));
        assert_eq!(of(r#"{"a":{"b":7}}"#).as_deref(), Some("7"));
        for none in [r#"{"a":{"b":null}}"#, r#"{"a":{"b":[]}}"#, r#"{"a":1}"#, "no JSON", ""] {
            assert_eq!(of(none), None, "{none}");
        }
        assert!(JsonScalar::new("a.b").is_none());
        let key = |path| JsonScalar::new(path).unwrap().key().map(str::to_owned);
        assert_eq!(key("$.a.b").as_deref(), Some("b"));
        assert_eq!((key("$"), key("$.a[0]"), key("$.a.0")), (None, None, None));
    }
}
