//! Sorted times with a daily rhythm.

/// Midnight of 2026-10-01 UTC, the start of the period.
pub const START_SECONDS: i64 = 1_790_812_800;
/// Length of the period.
pub const DAYS: i64 = 30;

const MINUTES: i64 = DAYS * 24 * 60;

/// Load of each hour of the day relative to the others.
const HOURLY: [f64; 24] = [
    0.45, 0.40, 0.40, 0.40, 0.45, 0.55, 0.75, 1.05, 1.45, 1.75, 1.85, 1.75, 1.45, 1.65, 1.80, 1.75, 1.55,
    1.30, 1.05, 0.90, 0.80, 0.70, 0.60, 0.50,
];

/// Spreads the rows of one file over its share of the period.
#[derive(Debug)]
pub struct Clock {
    first_minute: i64,
    /// Running sum of the load, one entry a minute.
    sums: Vec<f64>,
    rows: u64,
    cursor: usize,
}

fn load(minute: i64) -> f64 {
    HOURLY[(minute / 60 % 24) as usize]
}

impl Clock {
    /// The times of file `file` of `files`, which holds `rows` rows.
    pub fn new(file: u64, files: u64, rows: u64) -> Self {
        let bound = |number: u64| (MINUTES as u64 * number / files) as i64;
        let first_minute = bound(file);
        let mut total = 0.0;
        let sums = (first_minute..bound(file + 1))
            .map(|minute| {
                total += load(minute);
                total
            })
            .collect();
        Self { first_minute, sums, rows, cursor: 0 }
    }

    /// Microseconds since 1970 of row `row`; rows must be asked for in ascending order.
    /// `jitter` in `[0, 1)` moves the row within its slot, so the order holds.
    pub fn time(&mut self, row: u64, jitter: f64) -> i64 {
        let total = self.sums.last().copied().unwrap_or(1.0);
        let point = (row as f64 + jitter) / self.rows as f64 * total;
        while self.cursor + 1 < self.sums.len() && self.sums[self.cursor] <= point {
            self.cursor += 1;
        }
        let before = if self.cursor == 0 { 0.0 } else { self.sums[self.cursor - 1] };
        let share = ((point - before) / (self.sums[self.cursor] - before)).clamp(0.0, 0.999_999_9);
        let minute = self.first_minute + self.cursor as i64;
        (START_SECONDS + minute * 60) * 1_000_000 + (share * 60e6) as i64
    }

    /// Expected rows of this file in the full hour that starts at `hour` hours after the start.
    pub fn rows_in_hour(&self, hour: i64) -> f64 {
        let total = self.sums.last().copied().unwrap_or(1.0);
        self.rows as f64 * load(hour * 60) * 60.0 / total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ascend_within_the_day_of_the_file() {
        let mut clock = Clock::new(29, 30, 10_000);
        let mut last = (START_SECONDS + 29 * 86_400) * 1_000_000;
        let mut at_night = 0;
        for row in 0..10_000 {
            let time = clock.time(row, 0.5);
            assert!(time >= last, "row {row}");
            at_night += u32::from((time / 3_600_000_000) % 24 < 6);
            last = time;
        }
        assert!(last < (START_SECONDS + 30 * 86_400) * 1_000_000);
        assert!((800..1_300).contains(&at_night), "{at_night}");
    }
}
