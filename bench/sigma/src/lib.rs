//! Public Sigma rules through Atalanta and through rsigma-eval.

pub mod events;
pub mod files;
pub mod regression;
pub mod verdicts;
