//! What cues the texts of a set give, for `bench/prompt`: reads one JSON string a line, writes the names of its cues and
//! the time it took.
//!
//! `cargo run --release -p atalanta-prompt --example cues_of_sets < TEXTS > CUES`

#![expect(clippy::print_stderr, reason = "the time is said beside the result")]

use std::io::{BufRead as _, Write as _};
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut bytes, mut texts) = (0, 0u32);
    let _ = atalanta_prompt::cues("the patterns are compiled before the clock starts");
    let started = Instant::now();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let Some(text) = unquoted(&line) else { continue };
        bytes += text.len();
        texts += 1;
        let found: Vec<&str> = atalanta_prompt::cues(&text).categories.into_iter().collect();
        writeln!(out, "{}", found.join(" "))?;
    }
    out.flush()?;
    let micros = started.elapsed().as_secs_f64() * 1e6;
    let kilobytes = f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX));
    eprintln!("{texts} texts, {kilobytes} KiB, {:.1} µs for a KiB", micros / kilobytes);
    Ok(())
}

/// A JSON string's text.
fn unquoted(line: &str) -> Option<String> {
    serde_json::from_str(line).ok()
}
