//! Vectorized string predicates: the hot part of nearly every hunt.
//!
//! A kernel is built once per query from literals and evaluated on many arrays. It accepts every string layout
//! Arrow has (`Utf8View` first of all, `Utf8`, `LargeUtf8`, dictionaries over any of them) and returns a
//! [`BooleanArray`] with SQL's three-valued nulls: null in, null out.
//!
//! The speed comes from one idea. Strings of a Parquet page lie one behind the other in a shared buffer, so a
//! substring search can run once over the buffer and map its hits to rows, and need not start anew for every row.
//! [`text_runs`] finds those contiguous stretches; a kernel that cannot profit simply tests row by row.
//!
//! None of the kernels contains `unsafe`, and none can panic on any input text.

pub mod any_of;
pub mod cidr;
pub mod contains;
mod ends;
pub mod equals;
pub mod error;
pub mod folding;
pub mod in_list;
pub mod json_scalar;
pub mod kernel;
pub mod must;
pub mod predicate_udf;
pub mod regex;
pub mod text_runs;
pub mod wildcard;

#[cfg(test)]
pub(crate) mod layouts;

pub use cidr::{Cidr, IpVersion};
pub use contains::Contains;
pub use equals::Equals;
pub use error::KernelError;
pub use in_list::InList;
pub use json_scalar::JsonScalar;
pub use kernel::Kernel;
pub use must::Must;
pub use predicate_udf::StringPredicate;
pub use regex::RegexMatch;
pub use wildcard::Wildcard;
