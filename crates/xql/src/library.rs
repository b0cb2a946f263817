//! Saved queries, which `call "name"` runs as if they stood in its place.

use crate::distance::distance;

/// A saved query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its name; look-up ignores case.
    pub name: String,
    /// Its text, with `$name` where a parameter stands.
    pub text: String,
}

/// The saved queries at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Library {
    queries: Vec<Saved>,
}

impl Library {
    /// Adds a query; one of the same name is replaced.
    pub fn add(&mut self, name: &str, text: &str) {
        self.queries.retain(|known| !known.name.eq_ignore_ascii_case(name));
        self.queries.push(Saved { name: name.to_owned(), text: text.to_owned() });
    }

    /// The query of this name, ignoring case.
    pub fn find(&self, name: &str) -> Option<&Saved> {
        self.queries.iter().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The name that is most like this one, if one is like it.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let name = name.to_lowercase();
        let limit = (name.chars().count() / 3).max(1);
        let scored = self.queries.iter().filter_map(|known| {
            Some((distance(&name, &known.name.to_lowercase(), limit)?, known.name.as_str()))
        });
        scored.min().map(|(_, name)| name)
    }

    /// The queries in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Saved> {
        self.queries.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_the_last_text_counts() {
        let mut library = Library::default();
        library.add("Daily calls", "limit 1");
        library.add("daily CALLS", "limit 2");
        assert_eq!(library.find("DAILY calls").map(|saved| saved.text.as_str()), Some("limit 2"));
        assert_eq!(library.iter().count(), 1);
        assert_eq!(library.nearest("daily cals"), Some("daily CALLS"));
        assert_eq!(library.nearest("weekly report"), None);
    }
}
