//! JSON text as a value, by `serde_json`'s parser and within its limit of depth, with a note when an object names a
//! member twice: readers disagree on which one counts, which is a way to show a filter something else than the program
//! behind it.

use std::cell::RefCell;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Map, Number, Text, Value};

/// Room for the members of an object at first.
const MEMBERS: usize = 8;

/// A value, and the name of a member that came twice. The last one counts, as in most readers.
pub fn read(text: &str) -> Result<(Value, Option<Text>), serde_json::Error> {
    let twice = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Seed(&twice).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, twice.into_inner()))
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Seed(&RefCell::new(None)).deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(members) => Ok(members),
            _ => Err(Error::custom("expected an object")),
        }
    }
}

/// The name of a member, in place if it is short.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Text;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Text, E> {
        Ok(name.into())
    }

    fn visit_string<E: Error>(self, name: String) -> Result<Text, E> {
        Ok(name.into())
    }
}

/// A value; the name of a member that comes twice is noted.
#[derive(Clone, Copy)]
struct Seed<'a>(&'a RefCell<Option<Text>>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let Some(first) = members.next_key_seed(Name)? else { return Ok(Value::Object(Map::new())) };
        let mut all = Vec::with_capacity(MEMBERS);
        all.push((first, members.next_value_seed(self)?));
        while let Some(name) = members.next_key_seed(Name)? {
            all.push((name, members.next_value_seed(self)?));
        }
        let (map, twice) = Map::of(all);
        if let Some(name) = twice {
            self.0.borrow_mut().get_or_insert(name);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{} {}", "{\"a\":01}", "nul", "{1:2}", "\"\\ud800\""] {
            assert!(read(text).is_err(), "{text}");
            assert_eq!(
                read(text).unwrap_err().to_string(),
                serde_json::from_str::<serde_json::Value>(text).unwrap_err().to_string()
            );
        }
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read(&format!("{}{}", "[".repeat(127), "]".repeat(127))).is_ok());
        assert!(read(&format!("{}{}", "[".repeat(128), "]".repeat(128))).is_err());
        assert!(serde_json::from_str::<Map>("[]").is_err());
    }

    #[test]
    fn a_member_that_comes_twice_is_named() {
        let (value, twice) = read(r#"{"a":{"x":1,"y":2,"x":3}}"#).unwrap();
        assert_eq!((value["a"]["x"].as_i64(), twice.as_deref()), (Some(3), Some("x")));
        assert_eq!(read(r#"{"a":{"x":1},"x":{"a":1}}"#).unwrap().1, None);
    }
}
