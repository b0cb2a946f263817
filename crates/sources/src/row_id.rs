//! Identifiers that depend on a record alone, so that loading it again adds nothing.

use sha2::{Digest, Sha256};

/// Crockford's base 32.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// SHA-256 of a raw record.
pub(crate) fn raw_hash(raw: &str) -> [u8; 32] {
    Sha256::digest(raw.as_bytes()).into()
}

/// A ULID: 48 bits of the event's time in milliseconds, 80 bits of the record's hash and the row's place.
pub(crate) fn event_id(time_us: i64, raw_hash: &str, ordinal: u64) -> String {
    let digest = Sha256::new().chain_update(raw_hash).chain_update(ordinal.to_be_bytes()).finalize();
    let millis = (time_us.max(0) as u128 / 1000) & 0xffff_ffff_ffff;
    let random = digest[..10].iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
    let bits = millis << 80 | random;
    (0..26).rev().map(|digit| char::from(DIGITS[(bits >> (digit * 5)) as usize & 31])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_differ_by_place() {
        let id = event_id(1_795_300_000_000_000, "ab", 0);
        assert_eq!(id.len(), 26);
        assert_eq!(id, event_id(1_795_300_000_000_000, "ab", 0));
        assert_ne!(id, event_id(1_795_300_000_000_000, "ab", 1));
        assert!(id < event_id(1_795_300_000_001_000, "00", 0));
    }
}
