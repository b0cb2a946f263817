//! What the platform knows before it has read a single event: value types, the catalogue of
//! datasets and fields with their aliases and closed value lists, and MITRE ATLAS with the crosswalk
//! from the identifiers that hunts in the field carry.
//!
//! All data live in `content/schema` and `content/atlas` and are embedded at build time. The crate
//! knows nothing of Arrow, so that the language front end can use it without the engine.

mod atlas;
mod catalog;
mod content;
mod enums;
mod level;
mod manual;
mod nearest;
mod types;
mod xdm;

pub use atlas::{
    Atlas, CaseStudy, CaseStudyStep, Counts, Entry, Mitigation, Owasp, OwaspList, Resolution, Retired,
    SopTechnique, Source, Tactic, Technique, ThreadNote, extract_ids,
};
pub use catalog::{Catalog, Content, Dataset, DatasetKind, Field, FieldRef, Group};
pub use enums::{Enum, EnumValue};
pub use level::Level;
pub use manual::manual;
pub use types::Type;
pub use xdm::{XDM_CONST, XDR_DATA_MODEL, Xdm, XdmConstant, XdmField, XdmGroup, XdmKind};
