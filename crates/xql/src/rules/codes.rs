//! Codes of what only rules files can have wrong. A code never changes its meaning and is never reused.

use atalanta_diag::Code;

/// `call` of a rule that does not exist, or of one that calls itself.
pub const CALL: Code = Code("XR001");
/// An assigned path is not in the data model.
pub const XDM_PATH: Code = Code("XR002");
/// A value does not have the type of its XDM field.
pub const XDM_TYPE: Code = Code("XR003");
/// An assigned field that nothing reads.
pub const UNUSED: Code = Code("XR004");
/// A constant that the data model does not have.
pub const CONSTANT: Code = Code("XR005");
/// A stage or function at a place where it must not stand.
pub const PLACE: Code = Code("XR006");
/// A section, or an argument of one, that does not exist, is missing or has a wrong value.
pub const SECTION: Code = Code("XR007");
/// A field that is set by the system.
pub const SYSTEM_FIELD: Code = Code("XR008");
/// A statement that does nothing for its section.
pub const EMPTY: Code = Code("XR009");

/// A value that could not be computed when the rules were run.
pub const VALUE: Code = Code("XR010");

/// All codes with one line each, for the manual and SARIF.
pub const ALL: &[(Code, &str)] = &[
    (CALL, "`call` names a rule that does not exist or that calls itself"),
    (XDM_PATH, "an assigned path is not in the data model"),
    (XDM_TYPE, "a value does not have the type of its XDM field"),
    (UNUSED, "an assigned field that nothing reads"),
    (CONSTANT, "a constant that the data model does not have"),
    (PLACE, "a stage or function that must not stand in this section"),
    (SECTION, "a section or argument that does not exist, is missing or has a wrong value"),
    (SYSTEM_FIELD, "an assignment to a field that the system sets"),
    (EMPTY, "a statement that does nothing for its section"),
    (VALUE, "a value that could not be computed when the rules were run; it is null"),
];
