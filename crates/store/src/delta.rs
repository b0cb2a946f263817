//! Sealed days as a Delta table, for Spark, Databricks and `deltalake`.
//!
//! A table of the export is `<out>/<dataset>/`: Parquet files in folders `_day=YYYY-MM-DD`, hard links to those of the
//! store where both lie on one disk and else copies, and a log of commits `_delta_log/<version>.json` by the published protocol
//! (github.com/delta-io/delta, PROTOCOL.md; reader version 1, writer version 2). An export adds one commit: files of days
//! that were sealed since the last one, and files that the store merged in the meantime instead of those they replace.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::DataType;
use atalanta_objects::{Place, Windows};
use serde_json::{Value, json};

use crate::catalog::{Catalog, Column, DataFile, Table};
use crate::error::StoreError;
use crate::log::sync_folder;

/// Folder of the commits.
const LOG: &str = "_delta_log";
/// The partition column: the day of all rows of a file, in UTC.
const DAY: &str = "_day";
/// Marks tables that this export wrote.
const MARK: &str = "atalanta.export";
/// Bytes that are copied from an object store at a time.
const COPIED: usize = 4 << 20;
/// µs of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// What an export did to one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The dataset.
    pub dataset: String,
    /// The table's folder.
    pub folder: PathBuf,
    /// Number of the commit, or of the last one where nothing changed.
    pub version: u64,
    /// Files that came in.
    pub added: usize,
    /// Files that went out.
    pub removed: usize,
    /// Rows of the whole table.
    pub rows: u64,
}

/// What the log of a table says.
#[derive(Debug, Default)]
struct Log {
    /// Number of the next commit.
    next: u64,
    /// The table's `metaData`.
    about: Option<Value>,
    /// Current files by path within the table, with their rows.
    files: BTreeMap<String, u64>,
}

/// Writes all rows of days before `today` (µs since 1970, any time of that day) to Delta tables in `out`. With a name,
/// of that dataset alone.
///
/// # Errors
/// The folder is no data folder, there is no such dataset, or `out` cannot be written or holds other tables.
pub fn export_delta(
    folder: &Path,
    out: &Path,
    only: Option<&str>,
    today: i64,
) -> Result<Vec<Exported>, StoreError> {
    crate::expect_data_folder(folder)?;
    let tables = Catalog::open_to_read(folder)?.tables()?.tables;
    if let Some(name) = only
        && !tables.contains_key(name)
    {
        let known: Vec<&str> = tables.keys().map(String::as_str).collect();
        return Err(StoreError::Environment(format!(
            "there is no dataset `{name}` in files; there are {}",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        )));
    }
    let sealed_before = today.div_euclid(DAY_MICROS) * DAY_MICROS;
    let wanted = tables.values().filter(|table| only.is_none_or(|name| table.name == name));
    wanted.map(|table| export(table, &out.join(&table.name), sealed_before, today)).collect()
}

fn export(table: &Table, folder: &Path, sealed_before: i64, now: i64) -> Result<Exported, StoreError> {
    let commits = folder.join(LOG);
    std::fs::create_dir_all(&commits)
        .map_err(|error| StoreError::io(&commits, "create the folder", error))?;
    let mut log = read_log(&commits)?;
    let sealed = |file: &&Arc<DataFile>| file.times.is_some_and(|(_, latest)| latest < sealed_before);
    let wanted: BTreeMap<String, &DataFile> =
        table.files.iter().filter(sealed).filter_map(|file| Some((place(file)?, file.as_ref()))).collect();
    let schema = schema(&table.columns);
    let mut actions = Vec::new();
    if log.about.is_none() {
        actions.push(json!({ "protocol": { "minReaderVersion": 1, "minWriterVersion": 2 } }));
    }
    let known = log.about.as_ref().and_then(|about| about["schemaString"].as_str());
    if known != Some(schema.as_str()) {
        actions.push(json!({ "metaData": about(log.about.as_ref(), &schema, now) }));
    }
    let gone: Vec<String> = log.files.keys().filter(|path| !wanted.contains_key(*path)).cloned().collect();
    for path in &gone {
        let ended = json!({ "path": path, "deletionTimestamp": now / 1000, "dataChange": true });
        actions.push(json!({ "remove": ended }));
        log.files.remove(path);
    }
    let mut added = 0;
    for (path, file) in &wanted {
        if log.files.contains_key(path) {
            continue;
        }
        bring(&file.place, &folder.join(path))?;
        actions.push(json!({ "add": add(path, file) }));
        log.files.insert(path.clone(), file.rows);
        added += 1;
    }
    let mut version = log.next.saturating_sub(1);
    if !actions.is_empty() {
        version = log.next;
        let info = json!({ "timestamp": now / 1000, "operation": "WRITE", "engineInfo": engine() });
        actions.insert(0, json!({ "commitInfo": info }));
        commit(&commits, version, &actions)?;
    }
    let rows = log.files.values().sum();
    Ok(Exported {
        dataset: table.name.clone(),
        folder: folder.to_path_buf(),
        version,
        added,
        removed: gone.len(),
        rows,
    })
}

fn engine() -> String {
    format!("atalanta {}", env!("CARGO_PKG_VERSION"))
}

/// Where a file lies in the table.
fn place(file: &DataFile) -> Option<String> {
    let name = file.place.file_name()?;
    Some(match file.day {
        Some(day) => format!("{DAY}={}/{name}", date(day)),
        None => name.to_owned(),
    })
}

fn date((year, month, day): (i64, i64, i64)) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

/// Puts a file of the store into the table; a file that is there already is the same one.
fn bring(from: &Place, to: &Path) -> Result<(), StoreError> {
    let fail = |error| StoreError::io(to, "write a file of the export", error);
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    if to.exists() {
        return Ok(());
    }
    if from.on_disk().is_none_or(|from| std::fs::hard_link(from, to).is_err()) {
        // Another disk: a copy under another name first, so that a torn one never counts.
        let part = to.with_extension("part");
        copy(from, &part)?;
        File::open(&part).and_then(|file| file.sync_all()).map_err(fail)?;
        std::fs::rename(&part, to).map_err(fail)?;
    }
    match to.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

fn copy(from: &Place, to: &Path) -> Result<(), StoreError> {
    let fail = |error| StoreError::io(to, "write a file of the export", error);
    let (bucket, key, bytes) = match from {
        Place::Disk(from) => return std::fs::copy(from, to).map(|_| ()).map_err(fail),
        Place::Object { bucket, key, bytes } => (bucket, key, *bytes),
    };
    let windows = Windows::new(Arc::clone(bucket), key.clone(), bytes);
    let mut file = File::create(to).map_err(fail)?;
    let mut at = 0;
    while at < bytes {
        let some = windows.read(at, COPIED)?;
        file.write_all(&some).map_err(fail)?;
        at += some.len() as u64;
    }
    Ok(())
}

fn add(path: &str, file: &DataFile) -> Value {
    let time = |micros: i64| {
        let at = jiff::Timestamp::from_microsecond(micros).map(|at| format!("{at:.6}"));
        at.unwrap_or_default()
    };
    let mut stats = json!({ "numRecords": file.rows });
    if let Some((first, last)) = file.times {
        stats["minValues"] = json!({ crate::TIME: time(first) });
        stats["maxValues"] = json!({ crate::TIME: time(last) });
    }
    json!({
        "path": path,
        "partitionValues": { DAY: file.day.map(date) },
        "size": file.bytes,
        "modificationTime": file.times.map_or(0, |(_, last)| last / 1000),
        "dataChange": true,
        "stats": stats.to_string(),
    })
}

/// The table's description; a table keeps its id when its columns change.
fn about(before: Option<&Value>, schema: &str, now: i64) -> Value {
    let id = before.and_then(|before| before["id"].as_str()).map(ToOwned::to_owned);
    json!({
        "id": id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
        "format": { "provider": "parquet", "options": {} },
        "schemaString": schema,
        "partitionColumns": [DAY],
        "configuration": { MARK: "1" },
        "createdTime": before.and_then(|before| before["createdTime"].as_i64()).unwrap_or(now / 1000),
    })
}

/// The columns and the day, as the protocol writes types.
fn schema(columns: &[Column]) -> String {
    let field = |name: &str, ty: Value| json!({ "name": name, "type": ty, "nullable": true, "metadata": {} });
    let mut fields: Vec<Value> =
        columns.iter().map(|column| field(&column.name, type_of(&column.ty))).collect();
    fields.push(field(DAY, json!("date")));
    json!({ "type": "struct", "fields": fields }).to_string()
}

fn type_of(ty: &DataType) -> Value {
    match ty {
        DataType::Boolean => json!("boolean"),
        DataType::Int64 => json!("long"),
        DataType::Float64 => json!("double"),
        DataType::Timestamp(..) => json!("timestamp"),
        DataType::List(item) => {
            json!({ "type": "array", "elementType": type_of(item.data_type()), "containsNull": true })
        }
        _ => json!("string"),
    }
}

/// Replays the commits of a table that this export wrote.
fn read_log(commits: &Path) -> Result<Log, StoreError> {
    let fail = |error| StoreError::io(commits, "read the log of the export", error);
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(commits).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut log = Log::default();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| StoreError::io(&path, "read", error))?;
        for line in text.lines() {
            let action: Value = serde_json::from_str(line).map_err(|error| {
                StoreError::Damaged(format!("{}: is no commit of a Delta table: {error}", path.display()))
            })?;
            apply(&mut log, &action);
        }
        log.next += 1;
    }
    if log.next > 0 && log.about.as_ref().is_none_or(|about| about["configuration"][MARK].is_null()) {
        return Err(StoreError::Environment(format!(
            "{}: holds a Delta table that was not written by `atalanta store export`; choose another folder",
            commits.display()
        )));
    }
    Ok(log)
}

fn apply(log: &mut Log, action: &Value) {
    if let Some(about) = action.get("metaData") {
        log.about = Some(about.clone());
    }
    if let Some(path) = action["remove"]["path"].as_str() {
        log.files.remove(path);
    }
    if let Some(path) = action["add"]["path"].as_str() {
        let stats = action["add"]["stats"].as_str().unwrap_or_default();
        let stats: Value = serde_json::from_str(stats).unwrap_or_default();
        log.files.insert(path.to_owned(), stats["numRecords"].as_u64().unwrap_or(0));
    }
}

/// Writes a commit, complete or not at all; a commit of this number that another process wrote stands.
fn commit(commits: &Path, version: u64, actions: &[Value]) -> Result<(), StoreError> {
    let path = commits.join(format!("{version:020}.json"));
    let part = commits.join(format!(".{version:020}.{}", uuid::Uuid::now_v7()));
    let fail = |error| StoreError::io(&path, "write a commit of the export", error);
    let written = (|| {
        let mut file = File::options().create_new(true).write(true).open(&part)?;
        for action in actions {
            writeln!(file, "{action}")?;
        }
        file.sync_all()?;
        std::fs::hard_link(&part, &path)
    })();
    let _ = std::fs::remove_file(&part);
    written.map_err(fail)?;
    sync_folder(commits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_of_the_protocol() {
        let column = |name: &str, ty: DataType| Column { id: 1, name: name.to_owned(), ty, element: None };
        let list = DataType::new_list(DataType::Utf8View, true);
        let text = schema(&[column("n", DataType::Int64), column("tags", list)]);
        let schema: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema["fields"][0]["type"], "long");
        assert_eq!(schema["fields"][1]["type"]["elementType"], "string");
        assert_eq!(schema["fields"][2]["name"], DAY);
    }

    #[test]
    fn tables_of_others_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let action = json!({ "metaData": { "id": "x", "configuration": {} } });
        std::fs::write(folder.path().join("00000000000000000000.json"), format!("{action}\n")).unwrap();
        let error = read_log(folder.path()).unwrap_err().to_string();
        assert!(error.contains("choose another folder"), "{error}");
        std::fs::write(folder.path().join("00000000000000000001.json"), "{").unwrap();
        assert!(read_log(folder.path()).unwrap_err().to_string().contains("no commit"));
    }

    #[test]
    fn a_commit_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        commit(folder.path(), 3, &[json!({ "a": 1 })]).unwrap();
        assert!(commit(folder.path(), 3, &[json!({ "b": 1 })]).is_err());
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(names, ["00000000000000000003.json"]);
    }
}
