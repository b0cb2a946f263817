//! Whether the distribution of a value has moved: the population stability index between a window of observations and
//! a decayed reference.
//!
//! Values fall into [`BINS`] bins: texts by digest, numbers by the logarithm to base two. The index is the symmetrised
//! Kullback-Leibler divergence of the two histograms (Siddiqi, *Credit Risk Scorecards*, Wiley 2006; Kullback, Leibler,
//! *On Information and Sufficiency*, 1951). Sampling alone gives about (bins − 1)·(1/n + 1/m), which is subtracted.

use serde::{Deserialize, Serialize};

/// Bins of a histogram.
pub(super) const BINS: usize = 32;

/// What is known of an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Drift {
    reference: Vec<f32>,
    window: Vec<f32>,
    seen: u32,
    windows: u32,
}

/// A distribution that moved.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moved {
    /// The index, without what sampling gives.
    pub index: f64,
    /// Observations that the reference stands for.
    pub known: f64,
    /// The bin that gained most, its share before and now.
    pub gained: (usize, f64, f64),
}

/// The bin of a value.
pub(super) fn bin(digest: u64, number: Option<f64>) -> usize {
    match number {
        Some(number) if number.is_finite() => (number.abs().max(1.0).log2() as usize).min(BINS - 1),
        _ => (digest % BINS as u64) as usize,
    }
}

impl Drift {
    /// Takes an observation in; at the end of each window of `size` says whether the distribution moved by more than
    /// `limit`, if `learn` windows are known. A window that moved is not learnt.
    pub(super) fn add(&mut self, bin: usize, size: u32, learn: u32, limit: f64) -> Option<Moved> {
        self.reference.resize(BINS, 0.0);
        self.window.resize(BINS, 0.0);
        if let Some(count) = self.window.get_mut(bin) {
            *count += 1.0;
        }
        self.seen += 1;
        if self.seen < size.max(1) {
            return None;
        }
        let moved = self.compare();
        let told = self.windows >= learn && moved.index > limit;
        if !told {
            // Half of what is known is forgotten in about fourteen windows.
            for (known, new) in self.reference.iter_mut().zip(&self.window) {
                *known = *known * 0.95 + new;
            }
            self.windows += 1;
        }
        self.window.fill(0.0);
        self.seen = 0;
        told.then_some(moved)
    }

    fn compare(&self) -> Moved {
        let total = |counts: &[f32]| counts.iter().map(|count| f64::from(*count)).sum::<f64>();
        let (known, new) = (total(&self.reference), total(&self.window));
        let used = self.reference.iter().zip(&self.window).filter(|(a, b)| **a + **b > 0.0).count() as f64;
        let share = |count: f32, total: f64| (f64::from(count) + 0.5) / (total + 0.5 * used);
        let mut index = 0.0;
        let mut gained = (0, 0.0, 0.0);
        for (bin, (before, now)) in self.reference.iter().zip(&self.window).enumerate() {
            if *before + *now == 0.0 {
                continue;
            }
            let (before, now) = (share(*before, known), share(*now, new));
            index += (now - before) * (now / before).ln();
            if now - before > gained.2 - gained.1 {
                gained = (bin, before, now);
            }
        }
        let sampling = (used - 1.0).max(0.0) * (1.0 / known.max(1.0) + 1.0 / new.max(1.0));
        Moved { index: index - sampling, known, gained }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_distribution_is_told_and_a_steady_one_is_not() {
        let mut drift = Drift::default();
        let steady = |n: usize| [1, 1, 1, 2, 2, 3, 4, 5][(n * 7919) % 8];
        for n in 0..5_000 {
            assert_eq!(drift.add(steady(n), 200, 5, 0.25), None, "{n}");
        }
        let moved: Vec<Moved> = (0..200)
            .filter_map(|n| drift.add(if n % 2 == 0 { 9 } else { steady(n) }, 200, 5, 0.25))
            .collect();
        assert_eq!(moved.len(), 1);
        assert!(moved[0].index > 1.0 && moved[0].gained.0 == 9, "{moved:?}");
        assert_eq!(bin(0, Some(1_000.0)), 9);
        assert_eq!(bin(33, None), 1);
    }
}
