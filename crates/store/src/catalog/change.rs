//! One transaction: new tables, columns and files, ended files, and the log position.

use std::sync::Arc;

use arrow::datatypes::DataType;

use super::sql::{Row, Sql, Unwritten, Value};
use super::value::{Bound, Extent, lake_type, timestamp};
use super::{Catalog, Column, DataFile, Day, Extents, Table, Tables, read_tables};
use crate::columns::{Conflict, TIME};
use crate::error::StoreError;
use crate::files::Files;

/// A file that was written and synced.
#[derive(Clone, Debug)]
pub(crate) struct NewFile {
    /// Where it is below the folder of its table.
    pub path: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// Bytes of the footer's metadata.
    pub footer_bytes: u64,
    /// Bounds of its columns.
    pub extents: Extents,
}

/// What happens to one table.
#[derive(Debug)]
pub(crate) struct TableChange {
    /// Its dataset.
    pub dataset: String,
    /// All of its columns, known and new.
    pub columns: Vec<Column>,
    /// New files with the day of their rows, if all are of one day.
    pub added: Vec<(NewFile, Option<Day>)>,
    /// Files that the table no longer has.
    pub ended: Vec<Arc<DataFile>>,
}

/// What a transaction does.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// By table.
    pub tables: Vec<TableChange>,
    /// Number of the last log record whose rows are in files, before and after; the position stays if none is given.
    pub position: Option<(u64, u64)>,
    /// All conflicts so far that are not in the catalog, with their rows.
    pub conflicts: Vec<(Conflict, u64)>,
    /// Says that rows were moved, not added and removed.
    pub compaction: bool,
}

/// Counters of the snapshot being made.
struct Snapshot {
    id: i64,
    schema_version: i64,
    next_catalog: i64,
    next_file: i64,
    changes: Vec<String>,
}

impl Catalog {
    /// Applies a change as a whole and gives the tables after it. Files of a change that was not done are removed.
    pub fn commit(&mut self, change: &Change) -> Result<Tables, StoreError> {
        let files = self.files.clone();
        let now = timestamp(jiff::Timestamp::now().as_microsecond());
        match self.database.write(|sql| commit(sql, &files, change, &now)) {
            Ok(tables) => {
                self.settle_doubts();
                Ok(tables)
            }
            Err(Unwritten::Undone(error)) => {
                self.files.discard(change.paths());
                Err(error)
            }
            Err(Unwritten::Unknown(error)) => {
                self.doubtful.extend(change.paths());
                Err(error)
            }
        }
    }

    /// Removes the files of earlier changes of which is now known that they were not done: the transaction that has
    /// just ended began when the server was through with them.
    fn settle_doubts(&mut self) {
        if self.doubtful.is_empty() {
            return;
        }
        match self.referenced() {
            Ok(known) => {
                let doubtful = std::mem::take(&mut self.doubtful);
                self.files.discard(doubtful.into_iter().filter(|path| !known.contains(path)).collect());
            }
            Err(error) => tracing::warn!(%error, "files of a commit that was not answered stay for now"),
        }
    }

    /// Forgets snapshots other than the newest that are older than `before` (µs since 1970), schedules the files
    /// that only they read, and gives those scheduled before `before` that can be removed now: ids and paths.
    pub fn expire(&mut self, before: i64) -> Result<Vec<(i64, String)>, StoreError> {
        let (before, now) = (timestamp(before), timestamp(jiff::Timestamp::now().as_microsecond()));
        Ok(self.database.write(|sql| expire(sql, &before, &now))?)
    }

    /// Forgets scheduled files that are gone from disk.
    pub fn removed(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let forget = "DELETE FROM ducklake_files_scheduled_for_deletion WHERE data_file_id = ?1";
        let ids = ids.iter().map(|id| vec![(*id).into()]).collect();
        self.database.write(|sql| sql.execute_each(forget, ids))?;
        Ok(())
    }
}

impl Change {
    /// The new files, as the store names them.
    fn paths(&self) -> Vec<String> {
        let of = |table: &TableChange| {
            let path = |(file, _): &(NewFile, _)| format!("main/{}/{}", table.dataset, file.path);
            table.added.iter().map(path).collect::<Vec<_>>()
        };
        self.tables.iter().flat_map(of).collect()
    }
}

fn commit(sql: &mut dyn Sql, files: &Files, change: &Change, now: &str) -> Result<Tables, StoreError> {
    let mut snapshot = next_snapshot(sql)?;
    let before = read_tables(sql, files)?;
    for table in &change.tables {
        let before = before.tables.get(&table.dataset);
        apply(sql, &mut snapshot, before, table, change.compaction)?;
    }
    if !snapshot.changes.is_empty() {
        let Snapshot { id, schema_version, next_catalog, next_file, changes } = snapshot;
        sql.execute(
            "INSERT INTO ducklake_snapshot VALUES (?1, ?2, ?3, ?4, ?5)",
            &[id.into(), now.into(), schema_version.into(), next_catalog.into(), next_file.into()],
        )?;
        sql.execute(
            "INSERT INTO ducklake_snapshot_changes VALUES (?1, ?2, 'atalanta', NULL, NULL)",
            &[id.into(), changes.join(",").into()],
        )?;
    }
    if let Some((from, to)) = change.position {
        let advance = "UPDATE atalanta_log SET position = ?2 WHERE position = ?1";
        if sql.execute(advance, &[(from as i64).into(), (to as i64).into()])? != 1 {
            return Err(StoreError::Damaged(format!(
                "catalog: it holds the log up to record {}, expected {from}; another process has written to it, or it \
                 was restored without the data folder",
                before.position
            )));
        }
    }
    let count = |(conflict, rows): &(Conflict, u64)| {
        let Conflict { dataset, column, side } = conflict;
        vec![dataset.as_str().into(), column.as_str().into(), side.as_str().into(), (*rows as i64).into()]
    };
    sql.execute_each(
        "INSERT INTO atalanta_conflict VALUES (?1, ?2, ?3, ?4) ON CONFLICT(dataset, side)
         DO UPDATE SET row_count = atalanta_conflict.row_count + excluded.row_count",
        change.conflicts.iter().map(count).collect(),
    )?;
    read_tables(sql, files)
}

fn expire(sql: &mut dyn Sql, before: &str, now: &str) -> Result<Vec<(i64, String)>, StoreError> {
    let newest = sql.query_one("SELECT max(snapshot_id) FROM ducklake_snapshot", &[])?.int(0)?;
    let due = "SELECT snapshot_id FROM ducklake_snapshot WHERE snapshot_id < ?1 AND snapshot_time < ?2";
    for table in ["ducklake_snapshot_changes", "ducklake_snapshot"] {
        let forget = format!("DELETE FROM {table} WHERE snapshot_id IN ({due})");
        sql.execute(&forget, &[newest.into(), before.into()])?;
    }
    sql.execute(
        "INSERT INTO ducklake_files_scheduled_for_deletion
         SELECT f.data_file_id, 'main/' || t.path || f.path, TRUE, ?1 FROM ducklake_data_file f
         JOIN ducklake_table t USING (table_id)
         WHERE f.end_snapshot IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ducklake_snapshot s
           WHERE s.snapshot_id >= f.begin_snapshot AND s.snapshot_id < f.end_snapshot)",
        &[now.into()],
    )?;
    for table in ["ducklake_file_column_stats", "ducklake_file_partition_value", "ducklake_data_file"] {
        let forget = format!(
            "DELETE FROM {table} WHERE data_file_id IN
               (SELECT data_file_id FROM ducklake_files_scheduled_for_deletion)"
        );
        sql.execute(&forget, &[])?;
    }
    let removable =
        "SELECT data_file_id, path FROM ducklake_files_scheduled_for_deletion WHERE schedule_start <= ?1";
    let rows = sql.query(removable, &[before.into()])?;
    rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?.to_owned()))).collect()
}

fn next_snapshot(sql: &mut dyn Sql) -> Result<Snapshot, StoreError> {
    let newest = "SELECT snapshot_id, schema_version, next_catalog_id, next_file_id FROM ducklake_snapshot
                  ORDER BY snapshot_id DESC LIMIT 1";
    let row = sql.query_one(newest, &[])?;
    Ok(Snapshot {
        id: row.int(0)? + 1,
        schema_version: row.int(1)?,
        next_catalog: row.int(2)?,
        next_file: row.int(3)?,
        changes: Vec::new(),
    })
}

fn apply(
    sql: &mut dyn Sql,
    snapshot: &mut Snapshot,
    before: Option<&Table>,
    change: &TableChange,
    compaction: bool,
) -> Result<(), StoreError> {
    let (id, partition) = match before {
        Some(table) => (table.id, table.partition),
        None => create_table(sql, snapshot, change)?,
    };
    let known = before.map(|table| table.columns.as_slice()).unwrap_or_default();
    let fresh: Vec<&Column> =
        change.columns.iter().filter(|column| !known.iter().any(|other| other.id == column.id)).collect();
    for column in &fresh {
        if known.iter().any(|other| other.name.eq_ignore_ascii_case(&column.name)) {
            return Err(StoreError::Environment(format!(
                "table {}: another program added column `{}` meanwhile",
                change.dataset, column.name
            )));
        }
    }
    if !fresh.is_empty() {
        insert_columns(sql, snapshot.id, id, &fresh)?;
        snapshot.schema_version += 1;
        sql.execute(
            "INSERT INTO ducklake_schema_versions VALUES (?1, ?2, ?3)",
            &[snapshot.id.into(), snapshot.schema_version.into(), id.into()],
        )?;
        if before.is_some() {
            snapshot.changes.push(format!("altered_table:{id}"));
        }
    }
    end_files(sql, snapshot.id, change)?;
    add_files(sql, snapshot, id, partition, change)?;
    update_stats(sql, id, change, before.is_some())?;
    let words: &[&str] = match (compaction, change.added.is_empty(), change.ended.is_empty()) {
        (true, false, _) => &["merge_adjacent"],
        (_, false, true) => &["inserted_into_table"],
        (_, false, false) => &["inserted_into_table", "deleted_from_table"],
        (_, true, false) => &["deleted_from_table"],
        (_, true, true) => &[],
    };
    snapshot.changes.extend(words.iter().map(|word| format!("{word}:{id}")));
    Ok(())
}

/// A new table, partitioned by the day of its events: (its id, that of its partitioning).
fn create_table(
    sql: &mut dyn Sql,
    snapshot: &mut Snapshot,
    change: &TableChange,
) -> Result<(i64, Option<i64>), StoreError> {
    let (id, partition) = (snapshot.next_catalog, snapshot.next_catalog + 1);
    snapshot.next_catalog += 2;
    let name = change.dataset.as_str();
    let uuid = uuid::Uuid::now_v7().to_string();
    sql.execute(
        "INSERT INTO ducklake_table VALUES (?1, ?2, ?3, NULL, 0, ?4, ?5, TRUE)",
        &[id.into(), uuid.into(), snapshot.id.into(), name.into(), format!("{name}/").into()],
    )?;
    sql.execute("INSERT INTO ducklake_table_stats VALUES (?1, 0, 0, 0)", &[id.into()])?;
    snapshot.changes.push(format!("created_table:\"main\".\"{name}\""));
    let Some(time) = change.columns.iter().find(|column| column.name == TIME) else { return Ok((id, None)) };
    sql.execute(
        "INSERT INTO ducklake_partition_info VALUES (?1, ?2, ?3, NULL)",
        &[partition.into(), id.into(), snapshot.id.into()],
    )?;
    let keys = (0_i64..).zip(["year", "month", "day"]);
    let keys = keys.map(|(key, transform)| {
        vec![partition.into(), id.into(), key.into(), time.id.into(), transform.into()]
    });
    sql.execute_each("INSERT INTO ducklake_partition_column VALUES (?1, ?2, ?3, ?4, ?5)", keys.collect())?;
    Ok((id, Some(partition)))
}

fn insert_columns(
    sql: &mut dyn Sql,
    snapshot: i64,
    table: i64,
    columns: &[&Column],
) -> Result<(), StoreError> {
    let mut lines = Vec::new();
    let mut line = |id: i64, name: &str, ty: &DataType, parent: Option<i64>| {
        let kind = if matches!(ty, DataType::List(_)) { "" } else { "literal" };
        let (ty, values) = (lake_type(ty), [id.into(), snapshot.into(), table.into(), name.into()]);
        lines.push([&values[..], &[ty.into(), parent.into(), kind.into()]].concat());
    };
    for column in columns {
        line(column.id, &column.name, &column.ty, None);
        if let (Some(element), DataType::List(item)) = (column.element, &column.ty) {
            line(element, "element", item.data_type(), Some(column.id));
        }
    }
    let insert = "INSERT INTO ducklake_column
                  VALUES (?1, ?2, NULL, ?3, ?1, ?4, ?5, NULL, 'NULL', TRUE, ?6, ?7, 'duckdb')";
    sql.execute_each(insert, lines)?;
    Ok(())
}

fn end_files(sql: &mut dyn Sql, snapshot: i64, change: &TableChange) -> Result<(), StoreError> {
    let end =
        "UPDATE ducklake_data_file SET end_snapshot = ?1 WHERE data_file_id = ?2 AND end_snapshot IS NULL";
    for file in &change.ended {
        if sql.execute(end, &[snapshot.into(), file.id.into()])? != 1 {
            let place = &file.place;
            return Err(StoreError::Environment(format!(
                "{place}: another program took the file out of the table"
            )));
        }
    }
    Ok(())
}

fn add_files(
    sql: &mut dyn Sql,
    snapshot: &mut Snapshot,
    table: i64,
    partition: Option<i64>,
    change: &TableChange,
) -> Result<(), StoreError> {
    let next = "SELECT next_row_id FROM ducklake_table_stats WHERE table_id = ?1";
    let mut row = sql.query_one(next, &[table.into()])?.int(0)?;
    let (mut files, mut stats, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (file, day) in &change.added {
        let id = snapshot.next_file;
        snapshot.next_file += 1;
        let partition = partition.filter(|_| day.is_some());
        let (rows, bytes, footer) = (file.rows as i64, file.bytes as i64, file.footer_bytes as i64);
        let place = [id.into(), table.into(), snapshot.id.into(), file.path.as_str().into()];
        files.push(
            [&place[..], &[rows.into(), bytes.into(), footer.into(), row.into(), partition.into()]].concat(),
        );
        row += rows;
        stats.extend(file.extents.iter().map(|(column, extent)| file_stats([id, table, *column], extent)));
        if let (Some((year, month, day)), Some(_)) = (day, partition) {
            let keys = (0_i64..).zip([year, month, day]);
            values.extend(
                keys.map(|(key, value)| vec![id.into(), table.into(), key.into(), value.to_string().into()]),
            );
        }
    }
    sql.execute_each(
        "INSERT INTO ducklake_data_file
         VALUES (?1, ?2, ?3, NULL, NULL, ?4, TRUE, 'parquet', ?5, ?6, ?7, ?8, ?9, NULL, NULL, NULL)",
        files,
    )?;
    sql.execute_each(
        "INSERT INTO ducklake_file_column_stats VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)",
        stats,
    )?;
    sql.execute_each("INSERT INTO ducklake_file_partition_value VALUES (?1, ?2, ?3, ?4)", values)?;
    let update = "UPDATE ducklake_table_stats SET next_row_id = ?1 WHERE table_id = ?2";
    sql.execute(update, &[row.into(), table.into()])?;
    Ok(())
}

/// A line of a file's statistics: file, table and column, then what the file has of the column.
fn file_stats(ids: [i64; 3], extent: &Extent) -> Vec<Value> {
    let mut line: Vec<Value> = ids.iter().map(|id| (*id).into()).collect();
    line.extend([extent.bytes.into(), extent.values.into(), extent.nulls.into()]);
    line.extend(bounds_and_nan(extent.bounds.as_ref()));
    line
}

/// Least and greatest value, and whether a fraction may be no number.
fn bounds_and_nan(bounds: Option<&(Bound, Bound)>) -> [Value; 3] {
    let nan = matches!(bounds, Some((Bound::Float(_), _))).then_some(false);
    let (low, high) = bounds.map(|(low, high)| (low.text(), high.text())).unzip();
    [low.into(), high.into(), nan.into()]
}

/// Counts of the table, and bounds of its columns over all files there ever were.
fn update_stats(
    sql: &mut dyn Sql,
    table: i64,
    change: &TableChange,
    existed: bool,
) -> Result<(), StoreError> {
    let sum = |added: u64, ended: u64| added as i64 - ended as i64;
    let rows = sum(
        change.added.iter().map(|(file, _)| file.rows).sum(),
        change.ended.iter().map(|file| file.rows).sum(),
    );
    let bytes = sum(
        change.added.iter().map(|(file, _)| file.bytes).sum(),
        change.ended.iter().map(|file| file.bytes).sum(),
    );
    sql.execute(
        "UPDATE ducklake_table_stats SET record_count = record_count + ?1, file_size_bytes = file_size_bytes + ?2
         WHERE table_id = ?3",
        &[rows.into(), bytes.into(), table.into()],
    )?;
    if change.added.is_empty() {
        return Ok(());
    }
    let known = "SELECT column_id, contains_null, min_value, max_value FROM ducklake_table_column_stats
                 WHERE table_id = ?1";
    let known = sql.query(known, &[table.into()])?;
    let (mut fresh, mut changed) = (Vec::new(), Vec::new());
    for column in &change.columns {
        let leaf = column.element.unwrap_or(column.id);
        let known = known.iter().find(|row| row.int(0).is_ok_and(|id| id == leaf));
        let Some((nulls, bounds)) = column_stats(known, leaf, column, change, existed)? else { continue };
        let mut line = vec![table.into(), leaf.into(), nulls.into()];
        line.extend(bounds_and_nan(bounds.as_ref()));
        if known.is_some() { changed.push(line) } else { fresh.push(line) }
    }
    sql.execute_each(
        "UPDATE ducklake_table_column_stats SET contains_null = ?3, min_value = ?4, max_value = ?5, contains_nan = ?6
         WHERE table_id = ?1 AND column_id = ?2",
        changed,
    )?;
    sql.execute_each(
        "INSERT INTO ducklake_table_column_stats(table_id, column_id, contains_null, min_value, max_value, contains_nan)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        fresh,
    )?;
    Ok(())
}

/// Whether a column has nulls, and its bounds.
type ColumnStats = (bool, Option<(Bound, Bound)>);

/// What is known of a column with the new files; none if nothing changes.
fn column_stats(
    known: Option<&Row>,
    leaf: i64,
    column: &Column,
    change: &TableChange,
    existed: bool,
) -> Result<Option<ColumnStats>, StoreError> {
    let parse = |text: Option<&str>| text.and_then(|text| Bound::parse(text, &column.ty));
    let (mut nulls, mut bounds) = match known {
        Some(row) => (row.flag(1)?, parse(row.maybe_text(2)?).zip(parse(row.maybe_text(3)?))),
        // Rows from before the column have no value in it.
        None => (existed, None),
    };
    let was = known.map(|_| (nulls, bounds.clone()));
    let mut first = known.is_none();
    for (file, _) in &change.added {
        let Some((_, extent)) = file.extents.iter().find(|(id, _)| *id == leaf) else {
            nulls = true;
            continue;
        };
        nulls |= extent.nulls > 0;
        bounds = match (bounds, &extent.bounds) {
            (None, fresh) if first => fresh.clone(),
            (Some((low, high)), Some((least, most))) => Some((
                if *least < low { least.clone() } else { low },
                if *most > high { most.clone() } else { high },
            )),
            _ => None,
        };
        first = false;
    }
    // A column that no file has yet keeps no line, else its first bounds would look like unknown ones.
    let now = (nulls, bounds);
    Ok(if first || was.as_ref() == Some(&now) { None } else { Some(now) })
}
