//! Lookups as datasets of a session.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use atalanta_engine::error::EngineError;
use atalanta_engine::session::Session;

use super::Columns;
use crate::book::{Book, BookError};

/// Gives a session the lookups of a data folder, which are read by the queries that name them. Where events are stored
/// under the name of a lookup, the name means the events.
pub fn fill(session: &mut Session, folder: &Path) -> Result<(), EngineError> {
    match Book::open_to_read(folder).map_err(failed)? {
        Some(book) => add(session, &book, folder),
        None => Ok(()),
    }
}

/// The same with a book that is open.
pub(crate) fn add(session: &mut Session, book: &Book, folder: &Path) -> Result<(), EngineError> {
    for (name, columns) in missing(session, book)? {
        let (own, folder, schema) = (name.clone(), folder.to_owned(), columns.schema());
        let read = move || match Book::open_to_read(&folder).map_err(failed)? {
            Some(book) => rows(&book, &own, &columns),
            None => columns.rows(&[]).map_err(EngineError::from),
        };
        session.add_lazy(&name, schema, Box::new(read));
    }
    Ok(())
}

/// The same with a book that others write meanwhile.
pub(crate) fn add_shared(session: &mut Session, book: &Arc<Mutex<Book>>) -> Result<(), EngineError> {
    let lookups = missing(session, &book.lock().unwrap_or_else(PoisonError::into_inner))?;
    for (name, columns) in lookups {
        let (own, book, schema) = (name.clone(), Arc::clone(book), columns.schema());
        let read = move || rows(&book.lock().unwrap_or_else(PoisonError::into_inner), &own, &columns);
        session.add_lazy(&name, schema, Box::new(read));
    }
    Ok(())
}

fn missing(session: &Session, book: &Book) -> Result<Vec<(String, Columns)>, EngineError> {
    let mut lookups = book.lookups().map_err(failed)?;
    lookups.retain(|(name, _)| !session.dataset_names().contains(&name.as_str()));
    Ok(lookups)
}

/// The entries of a lookup under the columns that a query was planned with.
fn rows(book: &Book, name: &str, planned: &Columns) -> Result<RecordBatch, EngineError> {
    let (now, entries) = book.entries(name).map_err(failed)?;
    if !planned.hold(&now) {
        let text =
            format!("a column of the lookup `{name}` has another type since the query began, ask again");
        return Err(EngineError::Environment(text));
    }
    planned.rows(&entries).map_err(EngineError::from)
}

fn failed(error: BookError) -> EngineError {
    EngineError::Environment(error.to_string())
}
