//! Lookups as datasets of a session.

use std::path::Path;

use atalanta_engine::error::EngineError;
use atalanta_engine::session::Session;

use super::{Columns, stored};
use crate::book::{Book, BookError};
use crate::compile::Compiled;

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
    for (name, columns) in book.lookups().map_err(failed)? {
        if session.dataset_names().contains(&name.as_str()) {
            continue;
        }
        let (own, folder, schema) = (name.clone(), folder.to_owned(), columns.schema());
        let read = move || {
            let book = Book::open_to_read(&folder).map_err(failed)?;
            let (now, entries) = match &book {
                Some(book) => book.entries(&own).map_err(failed)?,
                None => (columns.clone(), Vec::new()),
            };
            if now != columns {
                let text = format!("columns of the lookup `{own}` have changed meanwhile, ask again");
                return Err(EngineError::Environment(text));
            }
            columns.rows(&entries).map_err(EngineError::from)
        };
        session.add_lazy(&name, schema, Box::new(read));
    }
    Ok(())
}

/// Gives a session the lookups that rules write and that are not there yet, without entries.
pub fn declare(session: &mut Session, rules: &[Compiled]) {
    for (name, columns) in stored::declared(rules) {
        if session.dataset_names().contains(&name.as_str()) {
            continue;
        }
        let schema = columns.schema();
        let read = move || Columns::rows(&columns, &[]).map_err(EngineError::from);
        session.add_lazy(&name, schema, Box::new(read));
    }
}

fn failed(error: BookError) -> EngineError {
    EngineError::Environment(error.to_string())
}
