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
/// A column that the result does not have.
pub const COLUMN: Code = Code("XD007");

/// All, with what they stand for.
pub const ALL: &[(Code, &str)] = &[
    (FORM, "a rule is not YAML of the form that rules have"),
    (ATLAS, "a rule names an ATLAS id that is not known or not current"),
    (TIME, "a time of a rule cannot be read or does not fit the others"),
    (FILE, "a file that a rule names is missing"),
    (LOGIC, "the logic of a rule cannot run"),
    (TWICE, "two rules have the same id"),
    (COLUMN, "a rule names a column that its result does not have"),
];
