//! Codes of what can be wrong with a rule.

use atalanta_diag::Code;

/// The text is not YAML of this form.
pub const FORM: Code = Code("XD001");
/// An id of ATLAS that is not known or not current.
pub const ATLAS: Code = Code("XD002");
/// A time that cannot be read or does not fit the others.
pub const TIME: Code = Code("XD003");
/// A file that the rule names is missing.
pub const FILE: Code = Code("XD004");
/// The query or another part of the logic cannot run.
pub const LOGIC: Code = Code("XD005");
/// The same id twice.
pub const TWICE: Code = Code("XD006");
