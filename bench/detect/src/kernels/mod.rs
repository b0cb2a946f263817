//! The engine's string kernels, compiled from their sources without the query engine around them.

pub mod cidr;
pub mod contains;
pub mod equals;
pub mod error;
pub mod folding;
pub mod in_list;
pub mod kernel;
pub mod regex;
pub mod text_runs;
pub mod wildcard;

pub use cidr::{Cidr, IpVersion};
pub use contains::Contains;
pub use equals::Equals;
pub use error::KernelError;
pub use in_list::InList;
pub use kernel::Kernel;
pub use regex::RegexMatch;
pub use wildcard::Wildcard;
