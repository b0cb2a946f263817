//! How often an entity had each value: a table of bounded size.
//!
//! While there is room the counts are exact. With more values than places the one with the least count gives way, and
//! the new one takes its count over: the Space-Saving algorithm (Metwally, Agrawal, El Abbadi, *Efficient Computation
//! of Frequent and Top-k Elements in Data Streams*, ICDT 2005). Counts are then too high by at most `error`.

use serde::{Deserialize, Serialize};

/// Most values.
pub(super) const PLACES: usize = 128;

/// One value, in 20 bytes: an entity may have [`PLACES`] of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
struct Place {
    /// Upper and lower half of the digest.
    value: [u32; 2],
    count: u32,
    /// Seconds since 1970 of the last time.
    last: u32,
    /// How much the count may be too high.
    error: u32,
}

/// A place as it is kept: digest, count, last time, error.
#[derive(Serialize, Deserialize)]
struct Kept(u64, u32, u32, u32);

impl From<Kept> for Place {
    fn from(Kept(digest, count, last, error): Kept) -> Self {
        Self { value: halves(digest), count, last, error }
    }
}

impl From<Place> for Kept {
    fn from(place: Place) -> Self {
        let [upper, lower] = place.value;
        Self(u64::from(upper) << 32 | u64::from(lower), place.count, place.last, place.error)
    }
}

fn halves(digest: u64) -> [u32; 2] {
    [(digest >> 32) as u32, digest as u32]
}

/// Values with their counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Table {
    places: Vec<Place>,
    /// Observations in all.
    pub total: u64,
}

impl Table {
    /// How often a value was seen, if it was.
    pub(super) fn count(&self, value: u64) -> Option<u32> {
        let value = halves(value);
        self.places.iter().find(|place| place.value == value).map(|place| place.count)
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The share of observations that future ones with unseen values will have: values seen once by all observations
    /// (Good, *The Population Frequencies of Species and the Estimation of Population Parameters*, Biometrika 1953).
    pub(super) fn unseen(&self) -> f64 {
        if self.total == 0 {
            return 1.0;
        }
        let once = self.places.iter().filter(|place| place.count == place.error + 1).count();
        once as f64 / self.total as f64
    }

    /// Counts a value.
    pub(super) fn add(&mut self, value: u64, time: i64) {
        self.total += 1;
        let seconds = u32::try_from(time.div_euclid(1_000_000)).unwrap_or(0);
        let value = halves(value);
        if let Some(place) = self.places.iter_mut().find(|place| place.value == value) {
            place.count = place.count.saturating_add(1);
            place.last = place.last.max(seconds);
            return;
        }
        if self.places.len() < PLACES {
            self.places.push(Place { value, count: 1, last: seconds, error: 0 });
            return;
        }
        // The least count; among equals the one that was not seen for longest.
        let least = self.places.iter_mut().min_by_key(|place| (place.count, place.last, place.value));
        if let Some(place) = least {
            *place = Place { value, count: place.count.saturating_add(1), last: seconds, error: place.count };
        }
    }

    /// Forgets values that were last seen before a time, µs.
    pub(super) fn forget(&mut self, before: i64) {
        let limit = u32::try_from(before.div_euclid(1_000_000)).unwrap_or(0);
        if self.places.iter().all(|place| place.last >= limit) {
            return;
        }
        let gone: u64 =
            self.places.iter().filter(|place| place.last < limit).map(|place| u64::from(place.count)).sum();
        self.places.retain(|place| place.last >= limit);
        self.total = self.total.saturating_sub(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_values_stay_when_there_are_too_many() {
        let mut table = Table::default();
        for round in 0..2_000u64 {
            table.add(1, 0);
            table.add(1_000 + round, 0);
        }
        assert_eq!((table.len(), table.total), (PLACES, 4_000));
        assert_eq!(table.count(1), Some(2_000));
        // No count is below the truth.
        assert!(table.count(2_999).is_some_and(|count| count >= 1));
        assert_eq!(table.count(1_001), None);
    }

    #[test]
    fn a_place_is_kept_as_a_list_of_numbers() {
        let mut table = Table::default();
        table.add(0x0123_4567_89ab_cdef, 7_000_000);
        let text = serde_json::to_string(&table).unwrap();
        assert_eq!(text, r#"{"places":[[81985529216486895,1,7,0]],"total":1}"#);
        assert_eq!(serde_json::from_str::<Table>(&text).unwrap(), table);
        assert_eq!(size_of::<Place>(), 20);
    }

    #[test]
    fn unseen_mass_is_the_share_of_values_seen_once() {
        let mut table = Table::default();
        [1, 1, 1, 2, 2, 3, 4, 4].into_iter().for_each(|value| table.add(value, 5_000_000));
        assert!((table.unseen() - 1.0 / 8.0).abs() < 1e-12);
        table.add(9, 90_000_000);
        table.forget(6_000_000);
        assert_eq!((table.len(), table.total, table.count(9)), (1, 1, Some(1)));
    }
}
