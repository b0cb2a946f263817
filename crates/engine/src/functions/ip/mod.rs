//! IP addresses and ranges.

use super::FunctionSpec;

pub mod incidr;
pub mod incidr6;
pub mod incidrlist;
pub mod int_to_ip;
pub mod ip_to_int;
pub mod is_ipv4;
pub mod is_ipv6;
pub mod is_known_private_ipv4;
pub mod is_known_private_ipv6;
mod ranges;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[
    &incidr::SPEC,
    &incidr6::SPEC,
    &incidrlist::SPEC,
    &int_to_ip::SPEC,
    &ip_to_int::SPEC,
    &is_ipv4::SPEC,
    &is_ipv6::SPEC,
    &is_known_private_ipv4::SPEC,
    &is_known_private_ipv6::SPEC,
];
