//! The verdicts of both sides on the same events, counted.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;

use crate::batches::batches;
use crate::causes::cause;
use crate::events::{self, Event};
use crate::files::RuleFile;
use crate::verdicts::{self, Theirs};

/// Rules that go into one query.
const BATCH: usize = 40;

/// What was counted.
#[derive(Default)]
pub struct Counts {
    /// Rules compared.
    pub rules: usize,
    /// Events that were made.
    pub events: usize,
    /// Verdicts of each side.
    pub verdicts: u64,
    /// Verdicts of Atalanta that are matches.
    pub matched: u64,
    /// Rules that rsigma-eval does not take, with the reason.
    pub unloaded: Vec<(String, String)>,
    /// Rules of which no event is a match, here or there, with the conditions of their queries.
    pub unmatched: Vec<(String, String)>,
    /// By cause (none: not explained) and rule.
    pub differences: BTreeMap<Option<usize>, BTreeMap<String, Difference>>,
}

/// The differences of a rule.
#[derive(Clone, Debug)]
pub struct Difference {
    /// How many of its verdicts differ.
    pub count: usize,
    /// What Atalanta says of the first such event.
    pub ours: bool,
    /// That event.
    pub event: Event,
}

/// Compares the verdicts of all rules; says on standard error how far it is.
pub fn compare(rules: Vec<RuleFile>, binary: &str) -> anyhow::Result<Counts> {
    let (started, all) = (Instant::now(), rules.len());
    let mut counts = Counts::default();
    for (number, batch) in batches(rules, BATCH).iter().enumerate() {
        compare_batch(batch, number as u64, binary, &mut counts)
            .with_context(|| format!("batch {number}, which begins with {}", batch[0].path))?;
        eprintln!(
            "{} of {all} rules after {:.0} s",
            counts.rules + counts.unloaded.len(),
            started.elapsed().as_secs_f64()
        );
    }
    Ok(counts)
}

fn compare_batch(batch: &[RuleFile], number: u64, binary: &str, counts: &mut Counts) -> anyhow::Result<()> {
    let events = events::of_batch(batch, number);
    counts.events += events.len();
    let ours = verdicts::ours(batch, &events, binary)?;
    for (rule, ours) in batch.iter().zip(&ours) {
        let theirs = match Theirs::new(rule) {
            Ok(theirs) => theirs,
            Err(reason) => {
                counts.unloaded.push((rule.path.clone(), reason));
                continue;
            }
        };
        counts.rules += 1;
        let mut matched = false;
        for (event, ours) in events.iter().zip(ours.iter().copied()) {
            let theirs_say = theirs.judge(event);
            counts.verdicts += 1;
            counts.matched += u64::from(ours);
            matched |= ours || theirs_say;
            if ours != theirs_say {
                let cause = cause(rule, event, ours, &theirs);
                let own = counts.differences.entry(cause).or_default().entry(rule.path.clone());
                own.or_insert_with(|| Difference { count: 0, ours, event: event.clone() }).count += 1;
            }
        }
        if !matched {
            counts.unmatched.push((rule.path.clone(), rule.condition.clone()));
        }
    }
    Ok(())
}

impl Difference {
    /// One line.
    pub fn shown(&self) -> String {
        let said = |ours: bool| if ours { "a match" } else { "none" };
        format!("{} here, {} there: {}", said(self.ours), said(!self.ours), Value::Object(self.event.clone()))
    }
}
