//! Parts of URLs.

use super::FunctionSpec;

pub mod extract_url_host;
pub mod extract_url_pub_suffix;
pub mod extract_url_registered_domain;
mod host;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] =
    &[&extract_url_host::SPEC, &extract_url_pub_suffix::SPEC, &extract_url_registered_domain::SPEC];
