//! What an alert shows of a row. Few observations become alerts, and of the events of a flood an alert counts most and
//! shows none, so that a row is read from its batch only when an alert or a kept state asks for it.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, ListArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::kept;
use crate::row_json;

/// The columns of a row that an alert shows.
#[derive(Clone, Debug)]
pub enum Cells {
    /// As they are shown.
    Kept(Map<String, Value>),
    /// A row of a batch that has these columns alone.
    Row(Arc<RecordBatch>, usize),
}

/// A batch with the columns of these names alone, by these names; those that are not there are left out.
pub(crate) fn shown(rows: &RecordBatch, names: &[String]) -> RecordBatch {
    let mut fields = Vec::with_capacity(names.len());
    let mut columns = Vec::with_capacity(names.len());
    for (name, place) in names.iter().zip(kept::places(rows, names)) {
        let Some(place) = place else { continue };
        let own = rows.schema_ref().field(place);
        fields.push(Field::new(name, own.data_type().clone(), true));
        columns.push(compact(rows.column(place)));
    }
    // Columns of one batch have one length and their own types; without any there is nothing to show.
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .unwrap_or_else(|_| RecordBatch::new_empty(Arc::new(Schema::empty())))
}

/// A column that holds no memory but its own: views of texts would keep the whole record of the log that they are of.
fn compact(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()),
        DataType::List(field) => {
            let list = column.as_list::<i32>();
            let values = compact(list.values());
            let own =
                ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned());
            own.map_or_else(|_| Arc::clone(column), |list| Arc::new(list))
        }
        _ => Arc::clone(column),
    }
}

impl Cells {
    /// By name, without nulls.
    pub fn map(&self) -> Map<String, Value> {
        match self {
            Self::Kept(map) => map.clone(),
            Self::Row(batch, row) => row_json::row(batch, *row),
        }
    }
}

impl PartialEq for Cells {
    fn eq(&self, other: &Self) -> bool {
        self.map() == other.map()
    }
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.map().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Map::deserialize(from).map(Self::Kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows;

    #[test]
    fn cells_are_those_of_the_row_and_survive_being_kept() {
        let batch = rows(&[
            (0, "NETWORK", "ann", String::new(), Some(443)),
            (1, "NETWORK", "bob", "x".to_owned(), None),
        ]);
        let names = ["ACTOR_primary_user_sid", "action_remote_port", "nowhere"].map(str::to_owned);
        let shown = Arc::new(shown(&batch, &names));
        let cells = |row| Cells::Row(Arc::clone(&shown), row);
        assert_eq!(
            Value::Object(cells(0).map()),
            serde_json::json!({ "ACTOR_primary_user_sid": "ann", "action_remote_port": 443 })
        );
        assert_eq!(Value::Object(cells(1).map()), serde_json::json!({ "ACTOR_primary_user_sid": "bob" }));
        let text = serde_json::to_string(&cells(0)).unwrap();
        assert_eq!(serde_json::from_str::<Cells>(&text).unwrap(), cells(0));
        let none = super::shown(&batch, &["nowhere".to_owned()]);
        assert!(Cells::Row(Arc::new(none), 1).map().is_empty());
    }
}
