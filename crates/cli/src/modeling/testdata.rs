//! `_testdata.json` of a rule pack: events with the values that the data-model rules should give them.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::written::WrittenObject;

/// The file.
#[derive(Clone, Debug, Deserialize)]
pub struct TestData {
    /// The events.
    pub data: Vec<TestEvent>,
}

/// One event with what is expected of it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TestEvent {
    /// Its id; the position in the file where there is none.
    #[serde(default)]
    pub test_data_event_id: Option<String>,
    /// The vendor, `_vendor` of the event.
    #[serde(default)]
    pub vendor: Option<String>,
    /// The product, `_product` of the event.
    #[serde(default)]
    pub product: Option<String>,
    /// The dataset it is stored in; `<vendor>_<product>_raw` where it is not written.
    #[serde(default)]
    pub dataset: Option<String>,
    /// The time zone in which `_time` is expected.
    #[serde(default)]
    pub tenant_timezone: Option<String>,
    /// The event.
    #[serde(default)]
    pub event_data: Option<WrittenObject>,
    /// Expected values by field: `xdm.*` and `_time`.
    #[serde(default)]
    pub expected_values: Option<Map<String, Value>>,
}

impl TestData {
    /// Reads a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = super::pack::read_text(path)?;
        serde_json::from_str(&text).with_context(|| format!("{}: is not test data", path.display()))
    }
}

impl TestEvent {
    /// The dataset, lower case.
    pub fn dataset(&self) -> String {
        let part = |text: &Option<String>| text.clone().unwrap_or_default().to_lowercase().replace(' ', "_");
        match &self.dataset {
            Some(name) if !name.is_empty() => name.to_lowercase(),
            _ => format!("{}_{}_raw", part(&self.vendor), part(&self.product)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_has_a_default() {
        let text = r#"{"data": [{"vendor": "Acme Corp", "product": "gw", "event_data": {"a": 1}},
            {"dataset": "B_raw", "expected_values": null}], "ignored_validations": []}"#;
        let data: TestData = serde_json::from_str(text).unwrap();
        assert_eq!(data.data[0].dataset(), "acme_corp_gw_raw");
        assert_eq!(data.data[1].dataset(), "b_raw");
        assert!(data.data[1].event_data.is_none());
    }
}
