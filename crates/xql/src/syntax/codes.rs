//! Codes of the syntax diagnostics. A code never changes its meaning and is never reused.

use atalanta_diag::Code;

/// Something else was expected here.
pub const EXPECTED: Code = Code("XS001");
/// No such stage.
pub const STAGE: Code = Code("XS002");
/// A string, comment or bracket is never closed.
pub const UNTERMINATED: Code = Code("XS003");
/// A character that XQL does not use.
pub const CHARACTER: Code = Code("XS004");
/// Nested or chained too deeply.
pub const DEPTH: Code = Code("XS005");
/// A number out of range.
pub const NUMBER: Code = Code("XS006");
/// A stage at a place where it must not stand.
pub const PLACE: Code = Code("XS007");
/// A backslash before a quote was read as data.
pub const BACKSLASH: Code = Code("XS008");
/// Something stands after the end of a stage.
pub const TRAILING: Code = Code("XS009");
/// A setting or option that does not exist.
pub const OPTION: Code = Code("XS010");
/// A rules file's section or statement is malformed.
pub const RULES: Code = Code("XS011");
/// A saved query that does not exist, cannot be read or calls itself.
pub const CALL: Code = Code("XS012");
/// A limit of the language.
pub const LIMIT: Code = Code("XS013");

/// All syntax codes with one line each, for the manual and SARIF.
pub const ALL: &[(Code, &str)] = &[
    (EXPECTED, "something else was expected here"),
    (STAGE, "no such stage"),
    (UNTERMINATED, "a string, comment or bracket is never closed"),
    (CHARACTER, "a character that XQL does not use"),
    (DEPTH, "nested or chained too deeply"),
    (NUMBER, "a number out of range"),
    (PLACE, "a stage at a place where it must not stand"),
    (BACKSLASH, "a backslash before a quote was read as data"),
    (TRAILING, "something stands after the end of a stage"),
    (OPTION, "a setting or option that does not exist"),
    (RULES, "a rules file's section or statement is malformed"),
    (CALL, "a saved query does not exist, cannot be read or calls itself"),
    (LIMIT, "a limit of the language is exceeded"),
];
