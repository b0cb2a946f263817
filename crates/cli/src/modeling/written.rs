//! JSON as it was written: members in their order, without blanks.
//!
//! Rules look for one member behind another in the text of an object, and a pack's expected values were made from events
//! whose members stood as in the file. Values in memory are sorted by name and would not do.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The text of a JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written(pub String);

/// An object: its members, each a name and the text of its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenObject(pub Vec<(String, Written)>);

impl WrittenObject {
    /// Its text.
    pub fn text(&self) -> String {
        let member = |(name, value): &(String, Written)| format!("{}:{}", quoted(name), value.0);
        format!("{{{}}}", self.0.iter().map(member).collect::<Vec<_>>().join(","))
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

impl<'de> Deserialize<'de> for WrittenObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Written, E> {
        Ok(Written("null".to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Written, E> {
        Ok(Written(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Written, E> {
        Ok(Written(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Written, E> {
        Ok(Written(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Written, E> {
        Ok(Written(serde_json::Value::from(value).to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Written, E> {
        Ok(Written(quoted(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Written, A::Error> {
        let mut texts = Vec::new();
        while let Some(Written(text)) = items.next_element()? {
            texts.push(text);
        }
        Ok(Written(format!("[{}]", texts.join(","))))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Written, A::Error> {
        Members.visit_map(members).map(|object| Written(object.text()))
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = WrittenObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<WrittenObject, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(WrittenObject(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stay_in_their_order() {
        let text =
            "{\"z\": 1, \"a\": {\"y\\n\": [1.5, -2, \"\\u00e9\\\"\", {}, []], \"b\": null}, \"M\": true}";
        let object: WrittenObject = serde_json::from_str(text).unwrap();
        assert_eq!(object.text(), r#"{"z":1,"a":{"y\n":[1.5,-2,"é\"",{},[]],"b":null},"M":true}"#);
        assert!(serde_json::from_str::<WrittenObject>("[1]").is_err());
    }
}
