//! The store: a write-ahead log, rows in memory, and DuckLake tables of Parquet files.
//!
//! ```text
//! <folder>/lock                     held by the one process that writes
//! <folder>/log/<gen>-<first>.log    records that are not all in tables yet
//! <folder>/log/quarantine/          copies of damaged segments
//! <folder>/catalog.sqlite           DuckLake 1.0 catalog, and the log position that it holds
//! <folder>/catalog.json             instead of it, where a catalog in Postgres is
//! <folder>/outgoing/                files on their way to an object store
//! <folder>/tables/main/<dataset>/year=Y/month=M/day=D/*.parquet
//! ```
//!
//! The files of the tables may be below an address of an object store instead of `tables/`; the catalog says where.

mod catalog;
mod columns;
mod compact;
mod delta;
mod error;
mod files;
mod flush;
mod frame;
mod hot;
mod log;
mod looked_up;
mod parquet_file;
mod retain;
mod segment;
mod show;
mod snapshot;
mod store;
mod tail;
mod verify;

#[cfg(test)]
mod object_tests;
#[cfg(test)]
mod postgres_tests;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod testing;

pub use catalog::DataFile;
pub use columns::{Conflict, TIME};
pub use compact::Compacted;
pub use delta::{Exported, export_delta};
pub use error::StoreError;
pub use frame::Part;
pub use log::LogProblem;
pub use retain::{Retained, Retention};
pub use show::{DatasetReport, show};
pub use snapshot::{DatasetSnapshot, Snapshot, expect_data_folder, is_data_folder};
pub use store::{Gauges, Receipt, Store, StoreOptions, expect_address, expect_catalog};
pub use tail::{Records, Tail};
pub use verify::{Verified, verify};
