//! Types and values.

pub(super) mod arity;
pub(super) mod bad_literal;
pub(super) mod bad_regex;
pub(super) mod impossible_content;
pub(super) mod json_wildcard;
pub(super) mod misplaced_aggregate;
pub(super) mod other_ip_version;
pub(super) mod type_mismatch;
pub(super) mod unanchored_extension;
pub(super) mod unknown_enum_value;
