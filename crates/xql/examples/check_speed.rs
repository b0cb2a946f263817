//! Times of parsing, resolving, proving and linting, each apart, in microseconds (median of the runs).
//!
//! `cargo run --release -p atalanta-xql --example check_speed` measures the 50-stage query of the
//! benchmarks, the operating procedure's hunts as written and repaired (sum and slowest), and 900 stages
//! that test one column again and again, which the limits of the analysis must keep affordable.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use atalanta_xql::check;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::lint::{self, Options};
use atalanta_xql::logic::analyze;
use atalanta_xql::resolve::resolve;
use atalanta_xql::syntax::parse;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if let Some(rounds) = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()) {
        // For a profiler: the 50-stage query, or the hunts, again and again.
        let hunts = std::env::args().nth(2).map(|file| hunts(&file));
        let (texts, env) = (hunts.unwrap_or_else(|| vec![FIFTY_STAGES.to_owned()]), Env::new(Mode::Compat));
        (0..rounds).for_each(|_| texts.iter().for_each(|text| drop(std::hint::black_box(check(text, &env)))));
        return;
    }
    println!(
        "{:<28} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "query", "parse", "resolve", "logic", "lint", "check", "findings"
    );
    show("50 stages", &times(FIFTY_STAGES, 51));
    for file in ["as_written.xql", "repaired.xql"] {
        let all: Vec<Times> = hunts(file).iter().map(|text| times(text, 11)).collect();
        show(&format!("{} {file}, sum", all.len()), &sum(&all));
        if let Some(slowest) = all.iter().max_by_key(|times| times.check) {
            show(&format!("{file}, slowest"), slowest);
        }
    }
    three_thousand();
    show("900 stages, one column", &times(&one_column(900), 3));
    show("900 stages, own columns", &times(&own_columns(900), 3));
}

/// Medians of one query.
#[derive(Default)]
struct Times {
    parse: Duration,
    resolve: Duration,
    logic: Duration,
    lint: Duration,
    check: Duration,
    findings: usize,
}

fn times(text: &str, repeat: usize) -> Times {
    let env = Env::new(Mode::Compat);
    let parsed = parse(text);
    let resolved = resolve(&parsed.query, &env);
    let findings = analyze(&resolved.plan);
    let options = Options { strict: false, with_data: false };
    Times {
        parse: median(repeat, || parse(text)),
        resolve: median(repeat, || resolve(&parsed.query, &env)),
        logic: median(repeat, || analyze(&resolved.plan)),
        lint: median(repeat, || lint::check(text, &parsed, &resolved, &findings, options)),
        check: median(repeat, || check(text, &env)),
        findings: findings.len(),
    }
}

fn median<T>(repeat: usize, step: impl Fn() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..repeat)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(step());
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// 3,000 different queries, each parsed and checked once: the hunts with constants of their own.
fn three_thousand() {
    let hunts: Vec<String> = ["as_written.xql", "repaired.xql"].into_iter().flat_map(hunts).collect();
    if hunts.is_empty() {
        return;
    }
    let varied: Vec<String> = (0..3000)
        .map(|at| {
            let text = &hunts[at % hunts.len()];
            format!("{text}\n| filter action_file_path contains \"/round{at}/\"")
        })
        .collect();
    let env = Env::new(Mode::Compat);
    let start = Instant::now();
    let found: usize = varied.iter().map(|text| check(text, &env).diagnostics.len()).sum();
    println!("3,000 queries: {:.2} s, {found} diagnostics", start.elapsed().as_secs_f64());
}

fn sum(all: &[Times]) -> Times {
    let of = |part: fn(&Times) -> Duration| all.iter().map(part).sum();
    Times {
        parse: of(|times| times.parse),
        resolve: of(|times| times.resolve),
        logic: of(|times| times.logic),
        lint: of(|times| times.lint),
        check: of(|times| times.check),
        findings: all.iter().map(|times| times.findings).sum(),
    }
}

fn show(name: &str, times: &Times) {
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{name:<28} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>9}",
        us(times.parse),
        us(times.resolve),
        us(times.logic),
        us(times.lint),
        us(times.check),
        times.findings
    );
}

fn hunts(file: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/hunts/sop");
    let folders = std::fs::read_dir(root).into_iter().flatten().flatten();
    folders.filter_map(|entry| std::fs::read_to_string(entry.path().join(file)).ok()).collect()
}

/// 1 source, 11 blocks of 4 stages, 5 stages of aggregation at the end; `bench check` measures it too.
const FIFTY_STAGES: &str = include_str!("fifty_stages.xql");

/// Regexes, lists and parts of the same column, which interact as much as conditions can.
fn one_column(stages: usize) -> String {
    let mut text = String::from("dataset = xdr_data\n");
    for stage in 1..stages {
        let _ = match stage % 3 {
            0 => writeln!(text, r#"| filter action_process_command_line ~= "a{stage}.*(b|c{stage})""#),
            1 => writeln!(text, r#"| filter not (action_process_command_line contains "x{stage}")"#),
            _ => writeln!(
                text,
                r#"| filter action_process_command_line contains "p{stage}" or action_file_path ~= "q{stage}$""#
            ),
        };
    }
    text
}

/// A computed column and a test of it, alternating.
fn own_columns(stages: usize) -> String {
    let mut text = String::from("dataset = xdr_data\n");
    for stage in 1..stages {
        let _ = if stage % 2 == 1 {
            writeln!(text, "| alter value{stage} = lowercase(action_process_command_line)")
        } else {
            writeln!(text, r#"| filter value{} ~= "a{stage}.*b" or action_remote_port = {stage}"#, stage - 1)
        };
    }
    text
}
