//! How much an entity does in a stretch of time, and whether that is more than usual.
//!
//! The usual level is an exponentially weighted mean (Roberts, *Control Chart Tests Based on Geometric Moving Averages*,
//! Technometrics 1959), its spread an exponentially weighted mean absolute deviation, which one outlier moves less than
//! a variance; times 1.2533 it estimates the standard deviation of a normal distribution. What is added to the mean is
//! cut at three spreads above it. With `season: week` each hour of the week has a level of its own, and one without
//! enough observations uses the common one. Slow rises are summed up by a one-sided CUSUM over the standardised excess
//! (Page, *Continuous Inspection Schemes*, Biometrika 1954).

use serde::{Deserialize, Serialize};

/// Mean absolute deviation to standard deviation: √(π/2).
const TO_SIGMA: f64 = 1.253_314_137_315_5;

/// Most that one stretch adds to the sum of excesses.
const CLIP: f64 = 8.0;

/// Most empty stretches that are counted one by one.
const GAP: i64 = 2_000;

/// µs of an hour.
const HOUR: i64 = 3_600_000_000;

/// Hours of a week.
const WEEK: usize = 168;

/// What counts as more than usual.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limits {
    /// Length of a stretch, µs.
    pub every: i64,
    /// Stretches before anything is said.
    pub learn: u32,
    /// Spreads above the mean; none for no such test.
    pub above: Option<f64>,
    /// CUSUM: allowance k and limit h, in spreads.
    pub cusum: Option<(f64, f64)>,
    /// Below this nothing is said.
    pub least: f64,
    /// Weight of the newest stretch.
    pub weight: f64,
    /// Whether hours of the week have levels of their own.
    pub season: bool,
    /// How long an entity learns nothing after an alert, µs.
    pub freeze: i64,
}

/// A mean with its spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Level(f32, f32, u32);

impl Level {
    fn learn(&mut self, value: f64, weight: f64) {
        // Until 1/weight stretches are known all count the same.
        let weight = weight.max(1.0 / f64::from(self.2 + 1));
        let (mean, spread) = (f64::from(self.0), f64::from(self.1));
        let value = if self.2 >= 8 { value.min(mean + 3.0 * scale(mean, spread)) } else { value };
        self.0 = (mean + weight * (value - mean)) as f32;
        self.1 = (spread + weight * ((value - mean).abs() - spread)) as f32;
        self.2 = self.2.saturating_add(1);
    }
}

/// The standard deviation to measure with: not less than that of rare events (Poisson) and a tenth of the mean, as a
/// constant past would otherwise make any change an alert.
fn scale(mean: f64, spread: f64) -> f64 {
    (spread * TO_SIGMA).max(mean.max(1.0).sqrt()).max(mean / 10.0)
}

/// What is known of an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Levels {
    #[serde(flatten)]
    now: Now,
    hours: Vec<Level>,
}

/// [`Levels`] with observations that they do not have yet. The hours are the largest part by far and an observation
/// changes one of them, so that only those that differ are here; in no order, as they are few.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    now: Now,
    differ: Vec<(usize, Level)>,
}

/// What is known but for the hours of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Now {
    common: Level,
    bucket: Option<i64>,
    sum: f64,
    excess: f64,
    /// The stretch that was told already.
    told: Option<i64>,
    frozen: i64,
}

/// The levels of the hours of the week.
trait Hours {
    /// That of an hour; none if no hour was ever learnt.
    fn level(&self, hour: usize) -> Option<Level>;

    /// Keeps that of an hour.
    fn keep(&mut self, hour: usize, level: Level);
}

impl Hours for Vec<Level> {
    fn level(&self, hour: usize) -> Option<Level> {
        self.get(hour).copied()
    }

    fn keep(&mut self, hour: usize, level: Level) {
        self.resize(WEEK, Level::default());
        if let Some(own) = self.get_mut(hour) {
            *own = level;
        }
    }
}

/// Hours of which some differ from those of [`Levels`].
struct Differing<'a> {
    hours: &'a Vec<Level>,
    differ: &'a mut Vec<(usize, Level)>,
}

impl Hours for Differing<'_> {
    fn level(&self, hour: usize) -> Option<Level> {
        let own = self.differ.iter().find(|(differs, _)| *differs == hour);
        own.map(|(_, level)| *level).or_else(|| self.hours.level(hour))
    }

    fn keep(&mut self, hour: usize, level: Level) {
        match self.differ.iter_mut().find(|(differs, _)| *differs == hour) {
            Some((_, own)) => *own = level,
            None => self.differ.push((hour, level)),
        }
    }
}

/// More than usual.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct More {
    /// What is usual.
    pub mean: f64,
    /// Its spread, as a standard deviation.
    pub scale: f64,
    /// From how many stretches.
    pub known: u32,
    /// What was seen so far in the stretch.
    pub seen: f64,
    /// Spreads above the mean, or the sum of excesses.
    pub score: f64,
    /// Whether it is the sum over several stretches.
    pub slow: bool,
}

impl Levels {
    /// Takes an amount in; says once a stretch that it is more than usual.
    pub(super) fn add(&mut self, limits: &Limits, time: i64, amount: f64) -> Option<More> {
        self.now.add(limits, time, amount, &mut self.hours)
    }

    /// The same, to which observations are added that these levels do not have yet.
    pub(super) fn ahead(&self) -> Ahead {
        Ahead { now: self.now, differ: Vec::new() }
    }
}

impl Ahead {
    /// [`Levels::add`]. `of` may have learnt since, in the same order, some of what this has; nothing else.
    pub(super) fn add(&mut self, of: &Levels, limits: &Limits, time: i64, amount: f64) -> Option<More> {
        let mut hours = Differing { hours: &of.hours, differ: &mut self.differ };
        self.now.add(limits, time, amount, &mut hours)
    }
}

impl Now {
    fn add(&mut self, limits: &Limits, time: i64, amount: f64, hours: &mut impl Hours) -> Option<More> {
        let bucket = time.div_euclid(limits.every);
        match self.bucket {
            None => self.bucket = Some(bucket),
            Some(own) if bucket > own => self.close(limits, own, bucket, hours),
            _ => {}
        }
        self.sum += amount.max(0.0);
        let bucket = self.bucket.unwrap_or(bucket);
        let known = self.common.2;
        if known < limits.learn || self.sum < limits.least || self.told == Some(bucket) {
            return None;
        }
        let (mean, scale) = self.usual(limits, bucket, hours);
        let score = (self.sum - mean) / scale;
        let fast = limits.above.is_some_and(|limit| score > limit);
        let excess = limits.cusum.map(|(k, h)| ((self.excess + score.min(CLIP) - k).max(0.0), h));
        let slow = excess.is_some_and(|(excess, h)| excess > h);
        if !fast && !slow {
            return None;
        }
        self.told = Some(bucket);
        self.frozen = time.saturating_add(limits.freeze);
        let score = if fast { score } else { excess.map_or(score, |(excess, _)| excess) };
        Some(More { mean, scale, known, seen: self.sum, score, slow: !fast })
    }

    fn usual(&self, limits: &Limits, bucket: i64, hours: &impl Hours) -> (f64, f64) {
        let hour = hours.level(hour_of_week(bucket.saturating_mul(limits.every)));
        let level = hour.filter(|level| level.2 >= 3).unwrap_or(self.common);
        let (mean, spread) = (f64::from(level.0), f64::from(level.1).max(f64::from(self.common.1) / 2.0));
        (mean, scale(mean, spread))
    }

    /// Ends the stretch `own` and the empty ones up to `next`.
    fn close(&mut self, limits: &Limits, own: i64, next: i64, hours: &mut impl Hours) {
        self.learn(limits, own, self.sum, hours);
        let first_empty = (own + 1).max(next - GAP);
        for empty in first_empty..next {
            self.learn(limits, empty, 0.0, hours);
        }
        self.sum = 0.0;
        self.bucket = Some(next);
    }

    fn learn(&mut self, limits: &Limits, bucket: i64, value: f64, hours: &mut impl Hours) {
        if let Some((k, _)) = limits.cusum {
            let (mean, scale) = self.usual(limits, bucket, hours);
            let told = self.told == Some(bucket);
            let score = ((value - mean) / scale).min(CLIP);
            let counts = self.common.2 >= limits.learn && !told;
            self.excess = if counts { (self.excess + score - k).max(0.0) } else { 0.0 };
        }
        let start = bucket.saturating_mul(limits.every);
        if start < self.frozen {
            return;
        }
        self.common.learn(value, limits.weight);
        if limits.season {
            let hour = hour_of_week(start);
            let mut level = hours.level(hour).unwrap_or_default();
            level.learn(value, limits.weight.max(0.2));
            hours.keep(hour, level);
        }
    }
}

/// Hour of the week from Thursday, 1970-01-01 00:00 UTC.
fn hour_of_week(time: i64) -> usize {
    usize::try_from(time.div_euclid(HOUR).rem_euclid(WEEK as i64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            every: HOUR,
            learn: 24,
            above: Some(6.0),
            cusum: None,
            least: 1.0,
            weight: 0.02,
            season: false,
            freeze: 24 * HOUR,
        }
    }

    /// Hours in which something is more than usual.
    fn told(limits: &Limits, amounts: impl IntoIterator<Item = f64>) -> Vec<usize> {
        let mut levels = Levels::default();
        let hours = amounts.into_iter().enumerate();
        hours
            .filter_map(|(hour, amount)| levels.add(limits, hour as i64 * HOUR, amount).map(|_| hour))
            .collect()
    }

    fn noise(hour: usize) -> f64 {
        // 90 to 110 without a pattern that an hour of the week could follow.
        90.0 + ((hour * 7919) % 21) as f64
    }

    #[test]
    fn a_burst_is_told_and_noise_is_not() {
        assert_eq!(told(&limits(), (0..500).map(noise)), Vec::<usize>::new());
        let burst = (0..500).map(|hour| if hour == 300 { 300.0 } else { noise(hour) });
        assert_eq!(told(&limits(), burst), [300]);
        let too_early = (0..20).map(|hour| if hour == 10 { 300.0 } else { noise(hour) });
        assert_eq!(told(&limits(), too_early), Vec::<usize>::new());
    }

    #[test]
    fn a_small_lasting_rise_is_summed_up() {
        let slow = Limits { above: None, cusum: Some((1.0, 6.0)), ..limits() };
        assert_eq!(told(&slow, (0..500).map(noise)), Vec::<usize>::new());
        let drip = |hour: usize| noise(hour) + if hour >= 300 { 18.0 } else { 0.0 };
        let found = told(&slow, (0..330).map(drip));
        assert!(found.first().is_some_and(|hour| (302..325).contains(hour)), "{found:?}");
        assert_eq!(told(&limits(), (0..330).map(drip)), Vec::<usize>::new());
    }

    #[test]
    fn a_season_knows_its_hours() {
        // Every Thursday at three a batch job of 1,000.
        let job = |hour: usize| if hour % 168 == 3 { 1_000.0 } else { noise(hour) };
        let weekly = Limits { season: true, learn: 168 * 4, ..limits() };
        let shifted = |hour: usize| if hour == 168 * 6 + 50 { 1_000.0 } else { job(hour) };
        assert_eq!(told(&weekly, (0..168 * 8).map(shifted)), [168 * 6 + 50]);
    }
}
