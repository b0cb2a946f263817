//! Rules files with a meaning: data-model rules, which map a dataset to the fields of XDM, and parsing rules.
//!
//! [`crate::syntax::rules`] reads the text; here `call` is replaced by the rule it names ([`inline`]), statements
//! are resolved against the row they see ([`statement`]), and everything that is wrong with a file is reported
//! ([`check`]). A mistake costs the assignment it stands in, not the file.

pub mod check;
pub mod codes;
pub mod inline;
pub mod models;
pub mod statement;

pub use check::check;
pub use inline::inline;
pub use models::{Model, Models};
pub use statement::{CAST, model_statement, rule_statement};
