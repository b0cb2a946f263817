//! JSON values in memory, made for records: read once, changed a little, written.
//!
//! An object is a list of members sorted by name, not a tree of nodes: a record has some dozens of members, which lie
//! side by side and are found by halving. Names and texts of up to 24 bytes are kept in place. What is read and written
//! is what `serde_json` reads and writes for its own values, members sorted by the bytes of their names; of a name that
//! comes twice the last counts.

use std::fmt;
use std::ops::Index;

pub use serde_json::Number;

mod convert;
mod map;
mod read;
mod write;

pub use map::Map;
pub use read::read;
pub use write::{WriteJson, json_text};

/// A text or the name of a member, in place if it has no more than 24 bytes.
pub type Text = compact_str::CompactString;

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number: 64 bits, whole with or without a sign, or floating.
    Number(Number),
    /// A text.
    String(Text),
    /// Values in order.
    Array(Vec<Value>),
    /// Members by name.
    Object(Map),
}

static NULL: Value = Value::Null;

impl Value {
    /// The member of an object or the element of an array, if there is one.
    pub fn get(&self, place: impl Place) -> Option<&Self> {
        place.of(self)
    }

    /// The member of an object, if there is one.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.as_object_mut()?.get_mut(name)
    }

    /// The value; null stays in its place.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number, if it is a whole one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Number(number) = self { number.as_i64() } else { None }
    }

    /// The number, if it is a whole one that fits.
    pub fn as_u64(&self) -> Option<u64> {
        if let Self::Number(number) = self { number.as_u64() } else { None }
    }

    /// The number, rounded if need be.
    pub fn as_f64(&self) -> Option<f64> {
        if let Self::Number(number) = self { number.as_f64() } else { None }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self { Some(*flag) } else { None }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&Vec<Self>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The elements, if it is an array.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Self>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Map> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The members, if it is an object.
    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is a text.
    pub fn is_string(&self) -> bool {
        matches!(self, Self::String(_))
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// Whether it is a number with a fraction or an exponent.
    pub fn is_f64(&self) -> bool {
        matches!(self, Self::Number(number) if number.is_f64())
    }
}

/// The name of a member or the position of an element.
pub trait Place {
    /// What is there.
    fn of(self, value: &Value) -> Option<&Value>;
}

impl Place for &str {
    fn of(self, value: &Value) -> Option<&Value> {
        value.as_object()?.get(self)
    }
}

impl Place for usize {
    fn of(self, value: &Value) -> Option<&Value> {
        value.as_array()?.get(self)
    }
}

/// Null for what is not there.
impl<P: Place> Index<P> for Value {
    type Output = Self;

    fn index(&self, place: P) -> &Self {
        self.get(place).unwrap_or(&NULL)
    }
}

/// The text of the value without blanks.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&json_text(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_small() {
        assert!(size_of::<Value>() <= 32);
        assert_eq!(size_of::<Text>(), 24);
    }

    #[test]
    fn what_is_not_there_is_null() {
        let value: Value = serde_json::from_str(r#"{"a":[1,{"b":"x"}]}"#).unwrap();
        assert_eq!(value["a"][1]["b"], "x");
        assert!(value["a"][2]["b"].is_null() && value["b"].is_null() && value[0].is_null());
        assert_eq!((value.get("b"), value["a"].get(0).and_then(Value::as_i64)), (None, Some(1)));
    }
}
