//! Deterministic random numbers and skewed choices.

/// A splitmix64 generator (Steele, Lea, Flood 2014): 64 bits of state, the same stream on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator whose stream depends on all parts of the key.
    pub fn keyed(parts: &[u64]) -> Self {
        let mut state = Self(0x5851_F42D_4C95_7F2D);
        for part in parts {
            state.0 ^= *part;
            state.0 = state.next();
        }
        state
    }

    /// The next 64 random bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// An index in `0..len`.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One element; the slice must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// A log-normal number with the given median; the normal part is a sum of twelve uniforms.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        let normal: f64 = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        median * (sigma * normal).exp()
    }
}

/// A choice among numbered items with given weights.
#[derive(Debug, Clone)]
pub struct Weighted {
    /// Running sum of the weights.
    sums: Vec<f64>,
}

impl Weighted {
    /// Weights in the order of the items; at least one must be positive.
    pub fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut total = 0.0;
        let sums = weights
            .into_iter()
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        Self { sums }
    }

    /// Zipf's law over `len` items: item i has weight 1 / (i + 1)^exponent.
    pub fn zipf(len: usize, exponent: f64) -> Self {
        Self::new((0..len).map(|rank| (rank as f64 + 1.0).powf(-exponent)))
    }

    /// The number of an item.
    pub fn pick(&self, random: &mut Random) -> usize {
        let total = self.sums.last().copied().unwrap_or(0.0);
        let point = random.unit() * total;
        self.sums.partition_point(|sum| *sum <= point).min(self.sums.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_key_gives_same_stream() {
        let mut a = Random::keyed(&[1, 2]);
        let mut b = Random::keyed(&[1, 2]);
        let mut c = Random::keyed(&[2, 1]);
        let first: Vec<u64> = (0..8).map(|_| a.next()).collect();
        assert_eq!(first, (0..8).map(|_| b.next()).collect::<Vec<_>>());
        assert_ne!(first, (0..8).map(|_| c.next()).collect::<Vec<_>>());
    }

    #[test]
    fn zipf_is_skewed() {
        let zipf = Weighted::zipf(100, 1.0);
        let mut random = Random::keyed(&[7]);
        let mut counts = [0_u32; 100];
        for _ in 0..100_000 {
            counts[zipf.pick(&mut random)] += 1;
        }
        assert!((17_000..22_000).contains(&counts[0]), "{}", counts[0]);
        assert!(counts[9] < counts[0] / 7);
        assert!(counts[99] > 0);
    }
}
