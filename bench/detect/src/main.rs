//! Rules on arriving events: how many events a second one core matches against 40, 500 and 3,000 rules.
//!
//! `cargo run --release --ignore-rust-version` in this folder. Rules and events are made from a seed; the rules are
//! written twice, as XQL for our matcher and as Sigma for `rsigma-eval`, and both must hit the same events.

#![allow(dead_code, missing_docs, reason = "sources of other crates are compiled in, of which a part is used")]

extern crate self as atalanta_engine;

pub mod kernels;
mod events;
mod matcher;
mod rules;

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::ir::{Expr, OperationKind, Plan};
#[cfg(feature = "peer")]
use rsigma_eval::Engine;
#[cfg(feature = "peer")]
use rsigma_eval::event::JsonEvent;

use matcher::Matcher;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events of one batch, as the store hands them over.
const BATCH: usize = 8192;
/// Events that our matcher sees.
const EVENTS: usize = 100 * BATCH / 8;
/// The best of so many runs.
const RUNS: usize = 5;

/// CPU time of this thread in seconds.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos: f64 = text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0);
    nanos / 1e9
}

fn conditions(plans: &[Plan]) -> Vec<Vec<&Expr>> {
    let filters = |plan: &'_ Plan| -> Vec<usize> {
        let is_filter = |at: &usize| matches!(plan.operations[*at].kind, OperationKind::Filter(_));
        (0..plan.operations.len()).filter(is_filter).collect()
    };
    plans
        .iter()
        .map(|plan| {
            filters(plan)
                .into_iter()
                .filter_map(|at| match &plan.operations[at].kind {
                    OperationKind::Filter(condition) => Some(condition),
                    _ => None,
                })
                .collect()
        })
        .collect()
}

fn hits(matcher: &Matcher, batches: &[RecordBatch]) -> BTreeSet<(usize, usize)> {
    let mut all = BTreeSet::new();
    for (number, batch) in batches.iter().enumerate() {
        for found in matcher.candidates(batch) {
            all.extend(found.rows.iter().map(|row| (found.rule, number * BATCH + *row as usize)));
        }
    }
    all
}

fn main() {
    let rows = events::rows(EVENTS);
    let batches: Vec<RecordBatch> = rows.chunks(BATCH).map(events::batch).collect();
    let bytes: usize = rows.iter().map(|row| row.to_string().len()).sum();
    println!("{EVENTS} events of {} B as JSON, one thread, CPU time, best of {RUNS}", bytes / EVENTS);
    println!("| rules | matcher events/s | build | automata | every row | rsigma-eval 0.23.0 events/s | ratio | hits | same |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut speed_before: Option<f64> = None;
    for (count, peer_events) in [(40, 20_000), (500, 10_000), (3000, 1_000), (4000, 0)] {
        let rules = rules::make(count);
        let plans: Vec<Plan> = rules.iter().map(|rule| plan(&rule.xql())).collect();
        let conditions = conditions(&plans);
        let started = cpu();
        let matcher = Matcher::new(&conditions);
        let build = cpu() - started;
        let mut best = f64::INFINITY;
        let mut found = 0;
        for _ in 0..RUNS {
            let started = cpu();
            found = batches.iter().flat_map(|batch| matcher.candidates(batch)).map(|one| one.rows.len()).sum();
            best = best.min(cpu() - started);
        }
        let speed = EVENTS as f64 / best;
        let size = matcher.size();
        let (peer, same) = if peer_events == 0 || cfg!(not(feature = "peer")) {
            (None, String::new())
        } else {
            let (speed, theirs) = by_peer(&rules, &rows[..peer_events]);
            let ours: BTreeSet<(usize, usize)> =
                hits(&matcher, &batches).into_iter().filter(|(_, event)| *event < peer_events).collect();
            let same = format!("{} of {} in {peer_events} events", ours.intersection(&theirs).count(), ours.union(&theirs).count());
            (Some(speed), same)
        };
        println!(
            "| {count} | {speed:.0} | {:.0} ms | {:.1} MB | {} | {} | {} | {found} | {same} |",
            build * 1e3,
            size.automata_bytes as f64 / 1e6,
            size.every_row,
            peer.map_or(String::new(), |peer| format!("{peer:.0}")),
            peer.map_or(String::new(), |peer| format!("{:.0}", speed / peer)),
        );
        if let Some(before) = speed_before.filter(|_| count == 4000) {
            println!("1,000 rules more than 3,000 cost {:.0} % of the speed", (1.0 - speed / before) * 100.0);
        }
        speed_before = Some(speed);
    }
}

fn plan(text: &str) -> Plan {
    let checked = atalanta_xql::check(text, &Env::new(Mode::Compat));
    let error = checked.diagnostics.iter().find(|one| one.severity == atalanta_diag::Severity::Error);
    assert!(error.is_none(), "{text}: {error:?}");
    checked.resolved.plan
}

#[cfg(not(feature = "peer"))]
fn by_peer(_: &[rules::Rule], _: &[serde_json::Value]) -> (f64, BTreeSet<(usize, usize)>) {
    (f64::NAN, BTreeSet::new())
}

/// Speed of the peer over parsed events, and what it hits.
#[cfg(feature = "peer")]
fn by_peer(rules: &[rules::Rule], rows: &[serde_json::Value]) -> (f64, BTreeSet<(usize, usize)>) {
    let texts: Vec<String> = rules.iter().enumerate().map(|(number, rule)| rule.sigma(number)).collect();
    let collection = rsigma_parser::parse_sigma_yaml(&texts.join("---\n")).expect("the peer reads its rules");
    let mut engine = Engine::new();
    engine.add_collection(&collection).expect("the peer takes its rules");
    let mut all = BTreeSet::new();
    let started = cpu();
    for (number, row) in rows.iter().enumerate() {
        for hit in engine.evaluate(&JsonEvent::borrow(row)) {
            let title = hit.header.rule_title.trim_start_matches("rule ");
            all.insert((title.parse().expect("titles are numbers"), number));
        }
    }
    (rows.len() as f64 / (cpu() - started), all)
}
