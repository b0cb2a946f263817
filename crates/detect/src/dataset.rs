//! Alerts as rows: `dataset = alerts`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, ListBuilder, RecordBatch, StringViewArray, StringViewBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field};
use atalanta_engine::error::EngineError;
use atalanta_engine::session::Session;
use atalanta_engine::types::timestamp_type;

use crate::alert::Alert;
use crate::book::{Book, BookError};

/// Name of the dataset.
pub const ALERTS: &str = "alerts";

/// Gives a session the alerts and lookups of a data folder, which are read by the queries that name them and cost the
/// others nothing; none if no rule ever ran there.
pub fn fill(session: &mut Session, folder: &Path) -> Result<(), EngineError> {
    if !Book::is_in(folder) {
        return Ok(());
    }
    let own = folder.to_owned();
    let read = move || match Book::open_to_read(&own).map_err(fail)? {
        Some(book) => rows(&book.alerts().map_err(fail)?),
        None => rows(&[]),
    };
    session.add_lazy(ALERTS, rows(&[])?.schema(), Box::new(read));
    crate::lookup::fill(session, folder)
}

/// How many alerts and entries of lookups a data folder has, by dataset.
pub fn sizes(folder: &Path) -> Result<BTreeMap<String, u64>, EngineError> {
    let Some(book) = Book::open_to_read(folder).map_err(fail)? else { return Ok(BTreeMap::new()) };
    let mut sizes = book.lookup_sizes().map_err(fail)?;
    sizes.insert(ALERTS.to_owned(), book.count().map_err(fail)?);
    Ok(sizes)
}

fn fail(error: BookError) -> EngineError {
    EngineError::Environment(error.to_string())
}

/// Alerts as rows. Entities are columns `entity_1` to `entity_3` beside the JSON object `entities`, for joins.
pub fn rows(alerts: &[Alert]) -> Result<RecordBatch, EngineError> {
    let text = |pick: &dyn Fn(&Alert) -> Option<String>| -> ArrayRef {
        Arc::new(alerts.iter().map(pick).collect::<StringViewArray>())
    };
    let time = |pick: fn(&Alert) -> i64| -> ArrayRef {
        let times = TimestampMicrosecondArray::from_iter_values(alerts.iter().map(pick));
        Arc::new(times.with_data_type(timestamp_type()))
    };
    let list = |pick: fn(&Alert) -> &Vec<String>| -> ArrayRef {
        let field = Field::new_list_field(DataType::Utf8View, true);
        let mut builder = ListBuilder::new(StringViewBuilder::new()).with_field(field);
        for alert in alerts {
            pick(alert).iter().for_each(|id| builder.values().append_value(id));
            builder.append(true);
        }
        Arc::new(builder.finish())
    };
    let entity = |number: usize| {
        text(&move |alert: &Alert| alert.entities.get(number).and_then(|(_, value)| value.clone()))
    };
    let entities = |alert: &Alert| {
        let all = alert.entities.iter().map(|(name, value)| (name.clone(), value.clone().into()));
        Some(serde_json::Value::Object(all.collect()).to_string())
    };
    let evidence = |alert: &Alert| {
        let rows: Vec<&serde_json::Map<String, serde_json::Value>> =
            alert.evidence.iter().map(|(_, row)| row).collect();
        serde_json::to_string(&rows).ok()
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("_time", time(|alert| alert.first)),
        ("_insert_time", time(|alert| alert.created)),
        ("alert_id", text(&|alert| Some(alert.id.clone()))),
        ("rule_id", text(&|alert| Some(alert.rule.clone()))),
        ("rule_version", text(&|alert| Some(alert.version.clone()))),
        ("rule_class", text(&|alert| Some(alert.class.clone()))),
        ("alert_name", text(&|alert| Some(alert.title.clone()))),
        ("alert_description", text(&|alert| Some(alert.description.clone()).filter(|text| !text.is_empty()))),
        ("severity", text(&|alert| Some(alert.severity.name().to_owned()))),
        ("confidence", text(&|alert| Some(alert.confidence.name().to_owned()))),
        ("status", text(&|alert| Some(alert.status.clone()))),
        ("suppressed_by", text(&|alert| alert.suppressed_by.clone())),
        ("first_seen", time(|alert| alert.first)),
        ("last_seen", time(|alert| alert.last)),
        ("events", Arc::new(Int64Array::from_iter_values(alerts.iter().map(|alert| alert.events as i64)))),
        ("atlas_techniques", list(|alert| &alert.atlas)),
        ("attack_techniques", list(|alert| &alert.attack)),
        ("owasp", list(|alert| &alert.owasp)),
        ("entity_1", entity(0)),
        ("entity_2", entity(1)),
        ("entity_3", entity(2)),
        ("entities", text(&entities)),
        ("result_values", text(&|alert| serde_json::to_string(&alert.values).ok())),
        ("evidence", text(&evidence)),
    ];
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).map_err(EngineError::from)
}
