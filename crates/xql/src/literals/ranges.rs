//! Address ranges: `10.0.0.0/8, 192.168.1.1`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Why a list of ranges cannot be read. A range of the other version of IP can: no address is in it.
pub(super) fn problem(text: &str, v6: bool) -> Option<String> {
    text.split(',')
        .map(str::trim)
        .filter(|range| !is_of_other_version(range, v6))
        .find_map(|range| one(range, v6))
}

/// As [`problem`] for a function that takes a single IPv4 range.
pub(super) fn single_problem(text: &str) -> Option<String> {
    let count = text.split(',').count();
    problem(text, false)
        .or_else(|| (count > 1).then(|| format!("incidrlist takes a single range, found {count}")))
}

/// Whether a range can be read, but as one of the other version of IP than is asked for.
pub(super) fn is_of_other_version(range: &str, v6: bool) -> bool {
    one(range, v6).is_some() && one(range, !v6).is_none()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_the_other_version_is_no_mistake_in_writing() {
        assert_eq!(problem("10.0.0.0/8, ::1/128", false), None);
        assert_eq!(problem("::1/128, 10.0.0.0/8", true), None);
        assert!(is_of_other_version("fe80::/10", false) && !is_of_other_version("fe80::/10", true));
        assert!(problem("10.0.0.0/33", false).is_some() && problem("::/129", false).is_some());
        assert!(single_problem("::1/128").is_none() && single_problem("::1, ::2").is_some());
    }
}
