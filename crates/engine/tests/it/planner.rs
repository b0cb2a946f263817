//! Any text that the checker lets through is planned and run, or refused with a reason; never with a panic, never with
//! an internal error.
//!
//! Texts are made from the examples of the manual, the specification and the hunts: words are taken away, doubled and
//! exchanged, stages are moved from one query to another. `ATALANTA_FUZZ_SECONDS` says for how long, `ATALANTA_FUZZ_SEED`
//! where to begin.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use atalanta_engine::error::EngineError;
use atalanta_engine::session::Session;
use atalanta_xql::check;
use atalanta_xql::stage_docs::STAGES;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::{events, toy};

/// How many texts come as far as to a plan when nothing is said: the same ones on every machine.
const PLANNED: usize = 60;

fn files(folder: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, ending, out);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            out.push(path);
        }
    }
}

/// Queries to begin with.
fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut markdown, mut hunts) = (Vec::new(), Vec::new());
    files(&root.join("spec/xql"), "md", &mut markdown);
    files(&root.join("content/hunts"), "xql", &mut hunts);
    let mut seeds: Vec<String> = STAGES.iter().map(|stage| stage.example.to_owned()).collect();
    for path in markdown {
        let text = std::fs::read_to_string(path).unwrap();
        let fenced = text.split("```xql\n").skip(1).filter_map(|part| part.split("\n```").next());
        seeds.extend(fenced.map(ToOwned::to_owned));
    }
    seeds.extend(hunts.iter().map(|path| std::fs::read_to_string(path).unwrap()));
    seeds
}

struct Maker {
    seeds: Vec<String>,
    random: TestRng,
}

impl Maker {
    fn below(&mut self, count: usize) -> usize {
        (self.random.next_u64() % count.max(1) as u64) as usize
    }

    fn seed(&mut self) -> String {
        let index = self.below(self.seeds.len());
        self.seeds[index].clone()
    }

    /// The stages of a query, roughly: cut at every `|`, also at those inside of parentheses.
    fn stages(&mut self) -> Vec<String> {
        self.seed().split('|').map(ToOwned::to_owned).collect()
    }

    fn text(&mut self) -> String {
        let mut stages = self.stages();
        for _ in 0..self.below(3) {
            let others = self.stages();
            let other = others[self.below(others.len())].clone();
            let at = 1 + self.below(stages.len());
            stages.insert(at.min(stages.len()), other);
        }
        let text = stages.join("|");
        let mut words: Vec<&str> = text.split_inclusive([' ', ',', '(', ')', '\n']).collect();
        let other = self.seed();
        let others: Vec<&str> = other.split_inclusive([' ', ',', '(', ')', '\n']).collect();
        for _ in 0..self.below(3) {
            let at = self.below(words.len());
            match self.below(3) {
                0 if words.len() > 1 => drop(words.remove(at)),
                1 => words.insert(at, others[self.below(others.len())]),
                _ => words[at] = others[self.below(others.len())],
            }
        }
        words.concat()
    }
}

/// Whether the text was planned; an internal error is the failure.
fn planned(session: &Session, text: &str) -> Result<bool, String> {
    let checked = check(text, &session.env());
    if checked.has_errors() {
        return Ok(false);
    }
    let outcome = session.prepare(&checked.resolved.plan).and_then(|prepared| prepared.run());
    match outcome {
        Err(EngineError::Internal(message)) => Err(message),
        Ok(_) | Err(_) => Ok(true),
    }
}

#[test]
fn what_the_checker_lets_through_is_planned_or_refused() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("ATALANTA_FUZZ_SECONDS").unwrap_or(0);
    let mut bytes = [7_u8; 32];
    bytes[..8].copy_from_slice(&number("ATALANTA_FUZZ_SEED").unwrap_or(1).to_le_bytes());
    let mut maker = Maker { seeds: seeds(), random: TestRng::from_seed(RngAlgorithm::ChaCha, &bytes) };
    let mut session = toy::session();
    events::add(&mut session);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut count, mut wrong) = (0, Vec::new());
    while Instant::now() < until || count < PLANNED {
        let text = maker.text();
        match planned(&session, &text) {
            Ok(true) => count += 1,
            Ok(false) => {}
            Err(message) => wrong.push(format!("{text}\n  {message}")),
        }
        if wrong.len() > 20 {
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
