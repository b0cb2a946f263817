//! The engine: resolved XQL to DataFusion plans, functions and string kernels, files and tables, execution.

pub mod choices;
pub mod error;
pub mod evidence;
pub mod explain;
pub mod functions;
pub mod geo;
pub mod grams;
mod guard;
pub mod input;
pub mod kernels;
mod plan;
pub mod program;
pub mod row_json;
pub mod scan;
pub mod session;
pub mod store;
pub mod tables;
pub mod time_text;
mod transpose;
pub mod types;
