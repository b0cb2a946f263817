//! Detection: rules that run on arriving events, on schedule and over history through the same code.
//!
//! ```text
//! rule.yaml, rule.xql, Sigma ─► rule ─► compile ─► detector ─► hits ─► book: alerts, state, position ─► outputs
//!                                         │            ▲
//!                                         └─► matcher ─┘ arriving rows
//! ```

pub mod alert;
pub mod baseline;
pub mod book;
pub mod cells;
pub mod compile;
pub mod correlation;
pub mod dataset;
pub mod detector;
mod kept;
pub mod live;
pub mod lookup;
pub mod machine;
pub mod matcher;
pub mod output;
pub mod replay;
mod row_json;
pub mod rule;
pub mod sequence;
pub mod suppress;
mod warm;

#[cfg(test)]
mod testing;
