//! Findings on whole queries: the runbook's hunts, and the analysis held against execution.

mod execution;
mod queries;
