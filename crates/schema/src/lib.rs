//! What the platform knows before it has read a single event: value types, the catalogue of
//! datasets and fields with their aliases and closed value lists, and MITRE ATLAS with the crosswalk
//! from the identifiers that hunts in the field carry.
//!
//! All data live in `content/schema` and `content/atlas` and are embedded at build time. The crate
//! knows nothing of Arrow, so that the language front end can use it without the engine.

mod catalog;
mod content;
mod enums;
mod nearest;
mod types;

pub use catalog::{Catalog, Content, Dataset, DatasetKind, Field, FieldRef, Group};
pub use enums::{Enum, EnumValue};
pub use types::Type;
