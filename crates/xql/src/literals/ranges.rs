//! Address ranges: `10.0.0.0/8, 192.168.1.1`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Why a list of ranges cannot be read.
pub(super) fn problem(text: &str, v6: bool) -> Option<String> {
    text.split(',').find_map(|range| one(range.trim(), v6))
}

/// As [`problem`] for a function that takes a single IPv4 range.
pub(super) fn single_problem(text: &str) -> Option<String> {
    let count = text.split(',').count();
    problem(text, false)
        .or_else(|| (count > 1).then(|| format!("incidrlist takes a single range, found {count}")))
}

fn one(range: &str, v6: bool) -> Option<String> {
    let (address, length) = match range.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (range, None),
    };
    let (kind, bits) = if v6 { ("IPv6", 128) } else { ("IPv4", 32) };
    let known = if v6 { address.parse::<Ipv6Addr>().is_ok() } else { address.parse::<Ipv4Addr>().is_ok() };
    let in_range = |length: &str| length.parse::<u32>().is_ok_and(|length| length <= bits);
    let reason = match (known, length) {
        (false, _) => "the part before `/` is no address of this kind",
        (true, Some(length)) if !in_range(length) => "the prefix length is out of range",
        (true, _) => return None,
    };
    Some(format!("invalid {kind} range {range:?}: {reason}"))
}
