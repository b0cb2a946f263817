//! Departures from Cortex XQL.

pub(super) mod alias_after_keys;
pub(super) mod curly_quotes;
pub(super) mod dialect_function;
pub(super) mod enum_as_string;
pub(super) mod eval_stage;
pub(super) mod field_alias;
pub(super) mod foreign_enum_value;
pub(super) mod hash_comment;
pub(super) mod infix_arithmetic;
pub(super) mod join_form;
pub(super) mod like;
pub(super) mod own_function;
pub(super) mod regex_word;
pub(super) mod sort_direction;
