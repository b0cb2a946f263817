//! Address ranges: XQL's `incidr` and `incidr6`.
//!
//! An address text that cannot be parsed is in no range (false, not null). IPv6 text is in no IPv4 range and the other
//! way round. Nothing is allocated per row.

use std::net::{Ipv4Addr, Ipv6Addr};

use arrow::array::{Array, BooleanArray};
use arrow::error::ArrowError;

use super::KernelError;
use super::text_runs::{self, TextPredicate};

/// Which kind of address a range is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IpVersion {
    /// 32-bit addresses in dotted decimal.
    V4,
    /// 128-bit addresses in hexadecimal groups.
    V6,
}

impl IpVersion {
    fn other(self) -> Self {
        match self {
            Self::V4 => Self::V6,
            Self::V6 => Self::V4,
        }
    }
}

/// Whether an address text lies in one of a list of ranges.
#[derive(Debug, Clone)]
pub struct Cidr {
    ranges: Vec<Range>,
    /// How many were written.
    given: usize,
    version: IpVersion,
}

/// A network as number and mask; IPv4 uses the low 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    network: u128,
    mask: u128,
}

impl Cidr {
    /// Reads `ranges`, one or several ranges separated by commas (`"10.0.0.0/8, 192.168.0.0/16"`).
    ///
    /// Host bits set in a range are ignored; a plain address is a range of one. No address is in a range of the other
    /// version, as no text is one of both.
    ///
    /// # Errors
    /// Names the first range that cannot be read.
    pub fn new(ranges: &str, version: IpVersion) -> Result<Self, KernelError> {
        let mut own = Vec::new();
        for text in ranges.split(',').map(str::trim) {
            match parse_range(text, version) {
                Ok(range) => own.push(range),
                Err(_) if parse_range(text, version.other()).is_ok() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { ranges: own, given: ranges.split(',').count(), version })
    }

    /// The number of ranges in the list.
    #[must_use]
    pub fn range_count(&self) -> usize {
        self.given
    }

    /// Whether `address` parses and lies in one of the ranges.
    #[must_use]
    pub fn contains(&self, address: &str) -> bool {
        let Some(address) = parse_address(address, self.version) else {
            return false;
        };
        self.ranges.iter().any(|range| address & range.mask == range.network)
    }

    /// Tests every row; null rows give null.
    ///
    /// # Errors
    /// Fails if `array` does not hold strings.
    pub fn evaluate(&self, array: &dyn Array) -> Result<BooleanArray, ArrowError> {
        text_runs::evaluate(self, array)
    }
}

impl TextPredicate for Cidr {
    fn matches(&self, text: &[u8]) -> bool {
        str::from_utf8(text).is_ok_and(|text| self.contains(text))
    }

    fn excludes(&self, length: usize, _prefix: [u8; 4]) -> bool {
        // The longest IPv6 text, one with an embedded IPv4 part, has 45 characters; IPv4 has 15.
        length > if self.version == IpVersion::V4 { 15 } else { 45 }
    }
}

fn parse_address(text: &str, version: IpVersion) -> Option<u128> {
    match version {
        IpVersion::V4 => text.parse::<Ipv4Addr>().ok().map(|address| u128::from(u32::from(address))),
        IpVersion::V6 => text.parse::<Ipv6Addr>().ok().map(u128::from),
    }
}

fn parse_range(text: &str, version: IpVersion) -> Result<Range, KernelError> {
    let fail = |reason| KernelError::Range { version, text: text.to_owned(), reason };
    let bits: u32 = if version == IpVersion::V4 { 32 } else { 128 };
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let address = parse_address(address, version)
        .ok_or_else(|| fail("the part before `/` is no address of this kind"))?;
    let length = if text.contains('/') {
        length
            .parse::<u32>()
            .ok()
            .filter(|length| *length <= bits)
            .ok_or_else(|| fail("the prefix length is out of range"))?
    } else {
        bits
    };
    let all = if version == IpVersion::V4 { u128::from(u32::MAX) } else { u128::MAX };
    // A shift by the full width is undefined for the type, hence the checked form for `/0`.
    let mask = all.checked_shl(bits - length).unwrap_or(0) & all;
    Ok(Range { network: address & mask, mask })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::layouts::{all_layouts, booleans};

    #[test]
    fn documented_examples() {
        let private = Cidr::new("10.0.0.0/8, 192.168.0.0/24", IpVersion::V4).unwrap();
        assert!(private.contains("192.168.0.1"));
        assert!(!private.contains("192.168.1.1"));
        assert!(!private.contains("fe80::1"));
        assert!(!private.contains("not an address"));
        assert!(Cidr::new("2001:db8::/32, fe80::/10", IpVersion::V6).unwrap().contains("fe80::1"));
        assert!(Cidr::new("0.0.0.0/0", IpVersion::V4).unwrap().contains("255.255.255.255"));
        assert!(Cidr::new("::/0", IpVersion::V6).unwrap().contains("ffff::"));
    }

    #[test]
    fn no_address_is_in_a_range_of_the_other_version() {
        let both = Cidr::new("fe80::/10, 10.0.0.0/8", IpVersion::V4).unwrap();
        assert!(both.contains("10.1.1.1") && !both.contains("fe80::1"));
        assert!(!Cidr::new("::/0", IpVersion::V4).unwrap().contains("10.1.1.1"));
    }

    #[test]
    fn broken_ranges_are_named() {
        for text in ["10.0.0.0/33", "10.0.0/8", "", "fe80::/129", "10.0.0.0/-1", "10.0.0.0/8,"] {
            assert!(Cidr::new(text, IpVersion::V4).is_err(), "{text}");
        }
        let error = Cidr::new("10.0.0.0/8, 10.0.0.0/40", IpVersion::V4).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid IPv4 range \"10.0.0.0/40\": the prefix length is out of range"
        );
    }

    proptest! {
        #[test]
        fn agrees_with_ipnet(addresses in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..20), length in 0u8..=32) {
            let base = Ipv4Addr::from(<[u8; 4]>::from(addresses[0]));
            let net = ipnet::Ipv4Net::new(base, length).unwrap();
            let kernel = Cidr::new(&net.to_string(), IpVersion::V4).unwrap();
            let parsed: Vec<Ipv4Addr> = addresses.iter().map(|a| Ipv4Addr::from(<[u8; 4]>::from(*a))).collect();
            let mut rows: Vec<Option<String>> = parsed.iter().map(|a| Some(a.to_string())).collect();
            rows.push(None);
            let mut expected: Vec<Option<bool>> = parsed.iter().map(|a| Some(net.contains(a))).collect();
            expected.push(None);
            for (layout, array) in all_layouts(&rows) {
                prop_assert_eq!(booleans(&kernel.evaluate(&array).unwrap()), expected.clone(), "{}", layout);
            }
        }

        #[test]
        fn agrees_with_ipnet_on_v6(address: u128, base: u128, length in 0u8..=128) {
            let net = ipnet::Ipv6Net::new(Ipv6Addr::from(base), length).unwrap();
            let kernel = Cidr::new(&net.to_string(), IpVersion::V6).unwrap();
            let (near, far) = (Ipv6Addr::from(base ^ (address >> 70)), Ipv6Addr::from(address));
            prop_assert_eq!(kernel.contains(&near.to_string()), net.contains(&near));
            prop_assert_eq!(kernel.contains(&far.to_string()), net.contains(&far));
        }
    }
}
