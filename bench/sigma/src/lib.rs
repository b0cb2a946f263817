//! Public Sigma rules through Atalanta and through rsigma-eval.

pub mod batches;
pub mod causes;
pub mod compare;
pub mod events;
pub mod files;
pub mod meaning;
pub mod regression;
pub mod report;
pub mod sample;
pub mod verdicts;
