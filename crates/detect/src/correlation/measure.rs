//! Whether a window fulfils the condition of a correlation.
//!
//! What numbers mean is as in the queries that the rules become ([`atalanta_sigma::lower_correlation`]): an event
//! without the measured value counts for nothing, and a window without any number has no result.

use std::collections::HashSet;

use atalanta_sigma::{Measure, StreamStep};

use super::windows::{At, Event};

/// A condition that holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Held {
    /// Place of the first event of the window that belongs to it.
    pub from: usize,
    /// What was computed, for the measures that are a number.
    pub result: Option<f64>,
}

/// Whether the condition holds for the window of an event, whose events come in the order of time.
pub(super) fn held(step: &StreamStep, window: &[(At, &Event)], last: At) -> Option<Held> {
    if matches!(step.measure, Measure::All | Measure::InOrder) {
        return together(step, window, last);
    }
    let result = number(step.measure, window)?;
    let fits = step.thresholds.iter().all(|(operator, value)| operator.holds(result, *value));
    fits.then_some(Held { from: 0, result: Some(result) })
}

/// Members that must be there, maybe in their order.
fn together(step: &StreamStep, window: &[(At, &Event)], last: At) -> Option<Held> {
    let seen = window.iter().fold(0, |bits, (_, event)| bits | event.members);
    let has = |member: usize| seen & (1 << member) != 0;
    let fits = match &step.condition {
        Some(condition) => condition.holds(&has),
        None => (0..step.members.len()).all(has),
    };
    let from = match step.measure {
        Measure::InOrder => chain(step.members.len(), window, last)?,
        _ => 0,
    };
    fits.then_some(Held { from, result: None })
}

/// The place of the first event of the earliest time at which a chain of all members begins that ends with the last
/// event; late events can only make that earlier, so that an alert is the same in any order. Events of the same time may
/// follow each other, and one event of two members is two links.
fn chain(members: usize, window: &[(At, &Event)], last: At) -> Option<usize> {
    let mut reached: Vec<Option<usize>> = vec![None; members];
    let mut offset = 0;
    for group in window.chunk_by(|a, b| a.0.0 == b.0.0) {
        for member in 0..members {
            if !group.iter().any(|(_, event)| event.members & (1 << member) != 0) {
                continue;
            }
            let start = if member == 0 { Some(offset) } else { reached[member - 1] };
            reached[member] = reached[member].or(start);
        }
        offset += group.len();
    }
    let completes = window.iter().any(|(at, event)| *at == last && event.members >> (members - 1) & 1 == 1);
    reached.last().copied().flatten().filter(|_| completes)
}

fn number(measure: Measure, window: &[(At, &Event)]) -> Option<f64> {
    if measure == Measure::Count {
        return Some(window.len() as f64);
    }
    if measure == Measure::Distinct {
        let different: HashSet<u64> = window.iter().filter_map(|(_, event)| event.value).collect();
        return Some(different.len() as f64);
    }
    let mut numbers: Vec<f64> =
        window.iter().filter_map(|(_, event)| event.number.map(f64::from_bits)).collect();
    if numbers.is_empty() {
        return None;
    }
    let sum = || numbers.iter().sum::<f64>();
    match measure {
        Measure::Sum => Some(sum()),
        Measure::Mean => Some(sum() / numbers.len() as f64),
        Measure::Median => Some(percentile(&mut numbers, 50.0)),
        Measure::Percentile(percent) => Some(percentile(&mut numbers, percent)),
        Measure::Count | Measure::Distinct | Measure::All | Measure::InOrder => None,
    }
}

/// A percentile by linear interpolation between the two nearest ranks (definition 7 of Hyndman, Fan, *Sample Quantiles
/// in Statistical Packages*, The American Statistician 1996); 50 is the median.
fn percentile(numbers: &mut [f64], percent: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let rank = (numbers.len() - 1) as f64 * percent / 100.0;
    let below = numbers[rank.floor() as usize];
    let above = numbers[(rank.ceil() as usize).min(numbers.len() - 1)];
    below + (above - below) * rank.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_ranks() {
        let mut numbers = [4.0, 1.0, 3.0, 2.0];
        assert!((percentile(&mut numbers, 50.0) - 2.5).abs() < 1e-12);
        assert!((percentile(&mut numbers, 0.0) - 1.0).abs() < 1e-12);
        assert!((percentile(&mut numbers, 100.0) - 4.0).abs() < 1e-12);
        assert!((percentile(&mut numbers, 90.0) - 3.7).abs() < 1e-12);
    }
}
