//! One transaction: new tables, columns and files, ended files, and the log position.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::value::{Bound, lake_type, timestamp};
use super::{Catalog, Column, DataFile, Day, Extents, Table, Tables, read_tables};
use crate::columns::{Conflict, TIME};
use crate::error::StoreError;

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
    /// Number of the last log record whose rows the files hold; the position stays if none is given.
    pub position: Option<u64>,
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
    /// Applies a change as a whole and gives the tables after it.
    pub fn commit(&mut self, change: &Change) -> Result<Tables, StoreError> {
        let files = self.files.clone();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut snapshot = next_snapshot(&transaction)?;
        let before = read_tables(&transaction, &files)?;
        for table in &change.tables {
            let before = before.tables.get(&table.dataset);
            apply(&transaction, &mut snapshot, before, table, change.compaction)?;
        }
        if !snapshot.changes.is_empty() {
            let now = timestamp(jiff::Timestamp::now().as_microsecond());
            let Snapshot { id, schema_version, next_catalog, next_file, changes } = &snapshot;
            transaction.execute(
                "INSERT INTO ducklake_snapshot VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id, now, schema_version, next_catalog, next_file],
            )?;
            transaction.execute(
                "INSERT INTO ducklake_snapshot_changes VALUES (?1, ?2, 'atalanta', NULL, NULL)",
                params![id, changes.join(",")],
            )?;
        }
        if let Some(position) = change.position {
            transaction.execute("UPDATE atalanta_log SET position = ?1", [position as i64])?;
        }
        for (conflict, rows) in &change.conflicts {
            transaction.execute(
                "INSERT INTO atalanta_conflict VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT(dataset, side) DO UPDATE SET row_count = row_count + excluded.row_count",
                params![conflict.dataset, conflict.column, conflict.side, *rows as i64],
            )?;
        }
        let tables = read_tables(&transaction, &files)?;
        transaction.commit()?;
        Ok(tables)
    }

    /// Forgets snapshots other than the newest that are older than `before` (µs since 1970), schedules the files
    /// that only they read, and gives those scheduled before `before` that can be removed now: ids and paths.
    pub fn expire(&mut self, before: i64) -> Result<Vec<(i64, String)>, StoreError> {
        let (before, now) = (timestamp(before), timestamp(jiff::Timestamp::now().as_microsecond()));
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let newest: i64 =
            transaction.query_row("SELECT max(snapshot_id) FROM ducklake_snapshot", [], |row| row.get(0))?;
        let due = "SELECT snapshot_id FROM ducklake_snapshot WHERE snapshot_id < ?1 AND snapshot_time < ?2";
        transaction.execute(
            &format!("DELETE FROM ducklake_snapshot_changes WHERE snapshot_id IN ({due})"),
            params![newest, before],
        )?;
        transaction.execute(
            "DELETE FROM ducklake_snapshot WHERE snapshot_id < ?1 AND snapshot_time < ?2",
            params![newest, before],
        )?;
        transaction.execute(
            "INSERT INTO ducklake_files_scheduled_for_deletion
             SELECT f.data_file_id, 'main/' || t.path || f.path, 1, ?1 FROM ducklake_data_file f
             JOIN ducklake_table t USING (table_id)
             WHERE f.end_snapshot IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ducklake_snapshot s
               WHERE s.snapshot_id >= f.begin_snapshot AND s.snapshot_id < f.end_snapshot)",
            [&now],
        )?;
        for table in ["ducklake_file_column_stats", "ducklake_file_partition_value", "ducklake_data_file"] {
            transaction.execute(
                &format!(
                    "DELETE FROM {table} WHERE data_file_id IN
                       (SELECT data_file_id FROM ducklake_files_scheduled_for_deletion)"
                ),
                [],
            )?;
        }
        let removable = {
            let mut statement = transaction.prepare(
                "SELECT data_file_id, path FROM ducklake_files_scheduled_for_deletion WHERE schedule_start <= ?1",
            )?;
            let rows = statement.query_map([&before], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
            rows.collect::<Result<Vec<(i64, String)>, _>>()?
        };
        transaction.commit()?;
        Ok(removable)
    }

    /// Forgets scheduled files that are gone from disk.
    pub fn removed(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for id in ids {
            transaction
                .execute("DELETE FROM ducklake_files_scheduled_for_deletion WHERE data_file_id = ?1", [id])?;
        }
        Ok(transaction.commit()?)
    }
}

fn next_snapshot(transaction: &Transaction<'_>) -> Result<Snapshot, StoreError> {
    let newest = "SELECT snapshot_id, schema_version, next_catalog_id, next_file_id FROM ducklake_snapshot
                  ORDER BY snapshot_id DESC LIMIT 1";
    Ok(transaction.query_row(newest, [], |row| {
        Ok(Snapshot {
            id: row.get::<_, i64>(0)? + 1,
            schema_version: row.get(1)?,
            next_catalog: row.get(2)?,
            next_file: row.get(3)?,
            changes: Vec::new(),
        })
    })?)
}

fn apply(
    transaction: &Transaction<'_>,
    snapshot: &mut Snapshot,
    before: Option<&Table>,
    change: &TableChange,
    compaction: bool,
) -> Result<(), StoreError> {
    let (id, partition) = match before {
        Some(table) => (table.id, table.partition),
        None => create_table(transaction, snapshot, change)?,
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
        insert_column(transaction, snapshot.id, id, column)?;
    }
    if !fresh.is_empty() {
        snapshot.schema_version += 1;
        transaction.execute(
            "INSERT INTO ducklake_schema_versions VALUES (?1, ?2, ?3)",
            params![snapshot.id, snapshot.schema_version, id],
        )?;
        if before.is_some() {
            snapshot.changes.push(format!("altered_table:{id}"));
        }
    }
    end_files(transaction, snapshot.id, change)?;
    add_files(transaction, snapshot, id, partition, change)?;
    update_stats(transaction, id, change, before.is_some())?;
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
    transaction: &Transaction<'_>,
    snapshot: &mut Snapshot,
    change: &TableChange,
) -> Result<(i64, Option<i64>), StoreError> {
    let (id, partition) = (snapshot.next_catalog, snapshot.next_catalog + 1);
    snapshot.next_catalog += 2;
    let name = &change.dataset;
    transaction.execute(
        "INSERT INTO ducklake_table VALUES (?1, ?2, ?3, NULL, 0, ?4, ?5, 1)",
        params![id, uuid::Uuid::now_v7().to_string(), snapshot.id, name, format!("{name}/")],
    )?;
    transaction.execute("INSERT INTO ducklake_table_stats VALUES (?1, 0, 0, 0)", [id])?;
    snapshot.changes.push(format!("created_table:\"main\".\"{name}\""));
    let Some(time) = change.columns.iter().find(|column| column.name == TIME) else { return Ok((id, None)) };
    transaction.execute(
        "INSERT INTO ducklake_partition_info VALUES (?1, ?2, ?3, NULL)",
        params![partition, id, snapshot.id],
    )?;
    for (key, transform) in ["year", "month", "day"].iter().enumerate() {
        transaction.execute(
            "INSERT INTO ducklake_partition_column VALUES (?1, ?2, ?3, ?4, ?5)",
            params![partition, id, key as i64, time.id, transform],
        )?;
    }
    Ok((id, Some(partition)))
}

fn insert_column(
    transaction: &Transaction<'_>,
    snapshot: i64,
    table: i64,
    column: &Column,
) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO ducklake_column VALUES (?1, ?2, NULL, ?3, ?1, ?4, ?5, NULL, 'NULL', 1, ?6, ?7, 'duckdb')",
    )?;
    let ty = lake_type(&column.ty);
    let kind = if column.element.is_some() { "" } else { "literal" };
    statement.execute(params![column.id, snapshot, table, column.name, ty, None::<i64>, kind])?;
    if let (Some(element), arrow::datatypes::DataType::List(item)) = (column.element, &column.ty) {
        let ty = lake_type(item.data_type());
        statement.execute(params![element, snapshot, table, "element", ty, column.id, "literal"])?;
    }
    Ok(())
}

fn end_files(transaction: &Transaction<'_>, snapshot: i64, change: &TableChange) -> Result<(), StoreError> {
    for file in &change.ended {
        let ended = transaction.execute(
            "UPDATE ducklake_data_file SET end_snapshot = ?1 WHERE data_file_id = ?2 AND end_snapshot IS NULL",
            params![snapshot, file.id],
        )?;
        if ended != 1 {
            let place = &file.place;
            return Err(StoreError::Environment(format!(
                "{place}: another program took the file out of the table"
            )));
        }
    }
    Ok(())
}

fn add_files(
    transaction: &Transaction<'_>,
    snapshot: &mut Snapshot,
    table: i64,
    partition: Option<i64>,
    change: &TableChange,
) -> Result<(), StoreError> {
    let mut row: i64 = transaction.query_row(
        "SELECT next_row_id FROM ducklake_table_stats WHERE table_id = ?1",
        [table],
        |row| row.get(0),
    )?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO ducklake_data_file VALUES
           (?1, ?2, ?3, NULL, NULL, ?4, 1, 'parquet', ?5, ?6, ?7, ?8, ?9, NULL, NULL, NULL)",
    )?;
    let mut stats = transaction.prepare_cached(
        "INSERT INTO ducklake_file_column_stats VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)",
    )?;
    let mut values =
        transaction.prepare_cached("INSERT INTO ducklake_file_partition_value VALUES (?1, ?2, ?3, ?4)")?;
    for (file, day) in &change.added {
        let id = snapshot.next_file;
        snapshot.next_file += 1;
        let partition = partition.filter(|_| day.is_some());
        let (rows, bytes, footer) = (file.rows as i64, file.bytes as i64, file.footer_bytes as i64);
        insert.execute(params![id, table, snapshot.id, file.path, rows, bytes, footer, row, partition])?;
        row += rows;
        for (column, extent) in &file.extents {
            let (low, high) = match &extent.bounds {
                Some((low, high)) => (Some(low.text()), Some(high.text())),
                None => (None, None),
            };
            let nan = matches!(extent.bounds, Some((Bound::Float(_), _))).then_some(0);
            stats.execute(params![
                id,
                table,
                column,
                extent.bytes,
                extent.values,
                extent.nulls,
                low,
                high,
                nan
            ])?;
        }
        if let (Some((year, month, day)), Some(_)) = (day, partition) {
            for (key, value) in [year, month, day].iter().enumerate() {
                values.execute(params![id, table, key as i64, value.to_string()])?;
            }
        }
    }
    transaction.execute(
        "UPDATE ducklake_table_stats SET next_row_id = ?1 WHERE table_id = ?2",
        params![row, table],
    )?;
    Ok(())
}

/// Counts of the table, and bounds of its columns over all files there ever were.
fn update_stats(
    transaction: &Transaction<'_>,
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
    transaction.execute(
        "UPDATE ducklake_table_stats SET record_count = record_count + ?1, file_size_bytes = file_size_bytes + ?2
         WHERE table_id = ?3",
        params![rows, bytes, table],
    )?;
    for column in &change.columns {
        let leaf = column.element.unwrap_or(column.id);
        update_column_stats(transaction, (table, leaf), column, change, existed)?;
    }
    Ok(())
}

fn update_column_stats(
    transaction: &Transaction<'_>,
    (table, leaf): (i64, i64),
    column: &Column,
    change: &TableChange,
    existed: bool,
) -> Result<(), StoreError> {
    if change.added.is_empty() {
        return Ok(());
    }
    let known: Option<(i64, Option<String>, Option<String>)> = transaction
        .prepare_cached(
            "SELECT contains_null, min_value, max_value FROM ducklake_table_column_stats
             WHERE table_id = ?1 AND column_id = ?2",
        )?
        .query_row([table, leaf], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let parse = |text: Option<&String>| text.and_then(|text| Bound::parse(text, &column.ty));
    let (mut nulls, mut bounds) = match &known {
        Some((nulls, low, high)) => (*nulls != 0, parse(low.as_ref()).zip(parse(high.as_ref()))),
        // Rows from before the column have no value in it.
        None => (existed, None),
    };
    let (had, was) = (known.is_some(), (nulls, bounds.clone()));
    let mut first = !had;
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
    if first || (had && was == (nulls, bounds.clone())) {
        return Ok(());
    }
    let (low, high) =
        (bounds.as_ref().map(|(low, _)| low.text()), bounds.as_ref().map(|(_, high)| high.text()));
    let nan = matches!(bounds, Some((Bound::Float(_), _))).then_some(0);
    let statement = if had {
        "UPDATE ducklake_table_column_stats SET contains_null = ?3, contains_nan = ?4, min_value = ?5, max_value = ?6
         WHERE table_id = ?1 AND column_id = ?2"
    } else {
        "INSERT INTO ducklake_table_column_stats VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)"
    };
    transaction.prepare_cached(statement)?.execute(params![table, leaf, nulls, nan, low, high])?;
    Ok(())
}
