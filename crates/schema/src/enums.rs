//! Value lists of enumerated fields (`content/schema/enums.yaml`).

use std::collections::HashMap;

use serde::Deserialize;

/// A named list of values that a field can hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enum {
    /// Name by which fields refer to it.
    pub name: String,
    /// One line: what the values say.
    pub title: String,
    /// Whether the list is complete; a value outside a closed list never occurs in the column.
    pub closed: bool,
    /// The values in the order of the list.
    pub values: Vec<EnumValue>,
    #[serde(skip)]
    index: HashMap<String, usize>,
}

/// One value of an [`Enum`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnumValue {
    /// The text stored in the column.
    pub name: String,
    /// Number of the Cortex constant, where one is published.
    #[serde(default)]
    pub number: Option<i64>,
    /// Whether Cortex has this constant for the corresponding field.
    #[serde(default)]
    pub cortex: bool,
    /// Other spellings that mean the same value.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// For values of a dependent list: the `event_type` under which the value exists.
    #[serde(default)]
    pub of: Option<String>,
    /// Cortex constant (of `event_sub_type`) with the same meaning.
    #[serde(default)]
    pub cortex_equivalent: Option<String>,
    /// Nearest Cortex constant where none has the same meaning.
    #[serde(default)]
    pub cortex_nearest: Option<String>,
    /// Short explanation, where the name doesn't say it all.
    #[serde(default)]
    pub description: Option<String>,
}

impl Enum {
    /// Fills the name index; called once after parsing.
    pub(crate) fn build_index(&mut self) {
        for (i, value) in self.values.iter().enumerate() {
            self.index.insert(value.name.to_ascii_lowercase(), i);
            for alias in &value.aliases {
                self.index.entry(alias.to_ascii_lowercase()).or_insert(i);
            }
        }
    }

    /// The value written as `NAME`, `ENUM.NAME` or as its number, in any case.
    ///
    /// A number that several values share (sub types count from 1 under every event type) finds
    /// none: [`Enum::numbered`] lists them.
    pub fn value(&self, name_or_number: &str) -> Option<&EnumValue> {
        let text = name_or_number.trim().to_ascii_lowercase();
        let text = text.strip_prefix("enum.").unwrap_or(&text);
        if let Some(&i) = self.index.get(text) {
            return self.values.get(i);
        }
        let mut found = self.numbered(text.parse().ok()?);
        let first = found.next();
        if found.next().is_some() { None } else { first }
    }

    /// All values with this Cortex number.
    pub fn numbered(&self, number: i64) -> impl Iterator<Item = &EnumValue> {
        self.values.iter().filter(move |v| v.number == Some(number))
    }

    /// The nearest value name to a misspelt one.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let name = name.strip_prefix("ENUM.").unwrap_or(name);
        crate::nearest::nearest(name, self.values.iter().map(|v| v.name.as_str()))
    }
}
