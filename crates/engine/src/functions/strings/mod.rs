//! Texts: case, parts, replacement, patterns, encodings and hashes.

use super::FunctionSpec;

mod case;
pub mod concat;
pub mod convert_from_base_64;
pub mod convert_to_base_64;
pub mod format_string;
mod hex;
pub mod len;
pub mod lowercase;
pub mod ltrim;
pub mod md5;
mod printf;
pub mod regexcapture;
pub(crate) mod regexes;
pub mod regextract;
pub mod replace;
pub mod replex;
pub mod rtrim;
pub mod sha1;
pub mod sha256;
pub mod sha512;
pub mod split;
pub mod string_count;
mod strip;
pub mod trim;
pub mod uppercase;
pub mod wildcard_match;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[
    &concat::SPEC,
    &convert_from_base_64::SPEC,
    &convert_to_base_64::SPEC,
    &format_string::SPEC,
    &len::SPEC,
    &lowercase::SPEC,
    &ltrim::SPEC,
    &md5::SPEC,
    &regexcapture::SPEC,
    &regextract::SPEC,
    &replace::SPEC,
    &replex::SPEC,
    &rtrim::SPEC,
    &sha1::SPEC,
    &sha256::SPEC,
    &sha512::SPEC,
    &split::SPEC,
    &string_count::SPEC,
    &trim::SPEC,
    &uppercase::SPEC,
    &wildcard_match::SPEC,
];
