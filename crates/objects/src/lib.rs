//! Files of tables, on disk or in an object store: S3 and what speaks its protocol, Google Cloud Storage, Azure.
//!
//! The scans are synchronous, the clients of object stores are not: requests run on threads of this crate, and who
//! asks waits. Each request has a time limit and is repeated a few times; what does not succeed then is an error that
//! says where and why, without the credentials that an address may carry.

mod bucket;
mod client;
mod error;
mod place;
mod windows;

pub use bucket::{Bucket, Counts, Patience};
pub use error::ObjectError;
pub use place::Place;
pub use windows::Windows;

/// The trait behind [`Bucket::provide`].
pub use object_store;
