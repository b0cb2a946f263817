//! How many events of a source one core maps in a second.

use std::time::{Duration, Instant};

use crate::decode::decoder_with;
use crate::samples::{SAMPLE_ARRIVAL_US, Sample};
use crate::{MapError, MapOptions, Mapper, Source, records};

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Speed {
    /// Records of the samples.
    pub records: usize,
    /// Bytes of a record on average.
    pub record_bytes: usize,
    /// Rows made in a second.
    pub events_per_second: f64,
    /// Bytes read in a second.
    pub bytes_per_second: f64,
    /// Share of the time that the decoder takes, from 0 to 1.
    pub decoding: f64,
}

/// Events in a second that a core is to map, of records of about [`RECORD`] bytes.
const WANTED: f64 = 30_000.0;

/// Bytes of the records that the figure is for; of longer ones it is as many bytes.
const RECORD: f64 = 1000.0;

impl Speed {
    /// Whether it is as fast as it should be: in events, or for records of more than a kilobyte in bytes.
    pub fn is_enough(&self) -> bool {
        self.events_per_second >= WANTED || self.bytes_per_second >= WANTED * RECORD
    }
}

/// Rows that are made at a time.
const BATCH: usize = 4096;

/// Maps the samples again and again for that time, on this thread, after one pass that compiles the rules. Decoding,
/// rules and the making of rows count; reading files and writing do not. The fastest of the rounds counts, as whatever
/// else the machine does can only slow one down.
pub fn speed(source: &Source, samples: &[Sample], time: Duration) -> Result<Speed, MapError> {
    let raws: Vec<(u64, &[u8])> =
        samples.iter().flat_map(|sample| records(&sample.bytes, source.framing)).collect();
    let bytes: usize = raws.iter().map(|(_, raw)| raw.len()).sum();
    if raws.is_empty() {
        return Ok(Speed::default());
    }
    run(source, &raws, 1)?;
    let passes = BATCH.div_ceil(raws.len());
    let mut events = 0;
    let seconds = fastest(time, || {
        events = run(source, &raws, passes)?;
        Ok(())
    })?;
    let decoding = fastest(time / 4, || {
        decode(source, &raws, passes);
        Ok(())
    })?;
    Ok(Speed {
        records: raws.len(),
        record_bytes: bytes / raws.len(),
        events_per_second: events as f64 / seconds,
        bytes_per_second: (bytes * passes) as f64 / seconds,
        decoding: decoding / seconds,
    })
}

/// Time of this thread alone, where Linux counts it: other programs hardly move it.
struct Clock {
    wall: Instant,
    cpu: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: thread_cpu() }
    }

    fn seconds(&self) -> f64 {
        let cpu = thread_cpu().zip(self.cpu).and_then(|(now, then)| now.checked_sub(then));
        cpu.filter(|cpu| !cpu.is_zero()).unwrap_or_else(|| self.wall.elapsed()).as_secs_f64()
    }
}

/// CPU time of this thread so far.
fn thread_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

/// Seconds of the fastest round in that time; there is one at least.
fn fastest(time: Duration, mut round: impl FnMut() -> Result<(), MapError>) -> Result<f64, MapError> {
    let start = Instant::now();
    let mut best = f64::INFINITY;
    while best.is_infinite() || start.elapsed() < time {
        let clock = Clock::start();
        round()?;
        best = best.min(clock.seconds());
    }
    Ok(best)
}

/// What [`run`] does, without the rules and the making of rows.
fn decode(source: &Source, raws: &[(u64, &[u8])], passes: usize) {
    let Some(mut decoder) = decoder_with(&source.decoder, &source.options) else { return };
    let (mut out, mut problems) = (Vec::new(), Vec::new());
    for _ in 0..passes {
        for (line, raw) in raws {
            decoder.push(raw, *line, &mut out, &mut problems);
        }
        out.clear();
        problems.clear();
    }
    decoder.finish(&mut out, &mut problems);
}

fn run(source: &Source, raws: &[(u64, &[u8])], passes: usize) -> Result<u64, MapError> {
    let options = MapOptions { ingest_time_us: SAMPLE_ARRIVAL_US, install_key: [7; 32], path: None };
    let mut mapper = Mapper::new(source, options)?;
    for _ in 0..passes {
        for (line, raw) in raws {
            mapper.push(raw, *line)?;
        }
        mapper.take_batches();
    }
    mapper.finish()?;
    Ok(mapper.counts().rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;
    use crate::samples::{builtin_samples, sample_rows};

    #[test]
    fn every_record_of_every_pass_counts() {
        let source = Registry::builtin().get("falco").unwrap();
        let samples = builtin_samples(source);
        let rows: usize = samples.iter().map(|sample| sample_rows(source, sample).unwrap().len()).sum();
        let found = speed(source, &samples, Duration::from_millis(1)).unwrap();
        assert_eq!(found.records, 2);
        let by_bytes = found.bytes_per_second / (found.record_bytes * found.records) as f64 * rows as f64;
        assert!((by_bytes / found.events_per_second - 1.0).abs() < 0.01, "{found:?}");
    }
}
