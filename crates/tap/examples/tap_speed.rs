//! What the tap adds to a round trip over pipes, and how many messages a second it keeps up with.
//!
//! ```sh
//! cargo run --release -p atalanta-tap --example tap_speed
//! ```
//!
//! The program starts itself as a server that answers each line, once alone and once behind a tap that records to a
//! file, and sends messages of about 700 bytes: in turn, each after the answer to the last one, for the time of a round
//! trip; at 5,000 messages a second, for what is recorded of them; and as fast as it goes.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use atalanta_tap::{Output, Recorder, SpoolOptions, stdio};

const TURNS: usize = 20_000;
const FLOOD: usize = 200_000;
/// Requests of the paced run; with their answers twice as many messages.
const PACED: usize = 25_000;
/// Time between two requests of the paced run: 5,000 messages a second.
const PACE: Duration = Duration::from_micros(400);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("answer") => answer(),
        Some("wrap") => wrap(Path::new(&words[1])),
        _ => measure(),
    }
}

/// An MCP server as small as can be: each request gets an answer of its size.
fn answer() {
    let (mut input, mut out) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut line = String::new();
    while input.read_line(&mut line).is_ok_and(|read| read > 0) {
        let answer = line.replacen("\"method\":\"tools/call\",\"params\"", "\"result\"", 1);
        if out.write_all(answer.as_bytes()).and_then(|()| out.flush()).is_err() {
            return;
        }
        line.clear();
    }
}

fn wrap(out: &Path) {
    let spool = SpoolOptions { root: out.with_extension("spool"), name: "speed".to_owned(), limit: 1 << 30 };
    let output = Output::file(out, &spool, Arc::new(complain)).expect("the output is a file in a new folder");
    let recorder = Recorder::start(output).expect("a thread can be started");
    let own = std::env::current_exe().expect("a running program has a path").into_os_string();
    let options = stdio::Options { command: vec![own, "answer".into()], label: None, hidden: Vec::new() };
    let ended = stdio::run(&options, &recorder);
    recorder.finish(Duration::from_secs(1));
    assert!(ended.is_ok(), "{ended:?}");
}

#[expect(clippy::print_stderr, reason = "a measurement is a program of its own")]
fn complain(text: &str) {
    eprintln!("{text}");
}

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn measure() {
    let folder = std::env::temp_dir().join(format!("tap-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let record = folder.join("record.ndjson");
    let wrapped = ["wrap", record.to_str().unwrap_or("record.ndjson")];
    println!("round trips, microseconds      p50     p99   p99.9     max");
    let mut medians = Vec::new();
    for (name, words) in [("server alone", &["answer"][..]), ("behind the tap", &wrapped)] {
        let mut times = turns(words);
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
        println!("{name:25} {:8.1} {:7.1} {:7.1} {:7.1}", at(0.5), at(0.99), at(0.999), at(1.0));
        medians.push((at(0.5), at(0.99)));
    }
    println!("added: p50 {:.1} µs, p99 {:.1} µs", medians[1].0 - medians[0].0, medians[1].1 - medians[0].1);
    for (name, count, pace) in [("paced", PACED, PACE), ("as fast as it goes", FLOOD, Duration::ZERO)] {
        let _ = std::fs::remove_file(&record);
        let took = flood(&wrapped, count, pace);
        let messages = 2 * count;
        let recorded =
            std::fs::read_to_string(&record).map_or(0, |text| text.matches("\"message\":{").count());
        let speed = messages as f64 / took.as_secs_f64();
        println!("{name}: {speed:.0} messages/s, {recorded} of {messages} recorded");
    }
    let _ = std::fs::remove_dir_all(folder);
}

fn start(words: &[&str]) -> Child {
    let own = std::env::current_exe().expect("a running program has a path");
    let mut command = Command::new(own);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().expect("the program can start itself")
}

fn message(id: usize) -> String {
    let text = "x".repeat(560);
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"read_file\",\"arguments\":{{\"path\":\"/srv/data/a.txt\",\"text\":\"{text}\"}}}}}}\n"
    )
}

fn turns(words: &[&str]) -> Vec<Duration> {
    let mut child = start(words);
    let mut to = child.stdin.take().expect("it is a pipe");
    let mut from = BufReader::new(child.stdout.take().expect("it is a pipe"));
    let (mut times, mut line) = (Vec::with_capacity(TURNS), String::new());
    for id in 0..TURNS {
        let text = message(id);
        let start = Instant::now();
        to.write_all(text.as_bytes()).expect("the server reads");
        line.clear();
        from.read_line(&mut line).expect("the server answers");
        times.push(start.elapsed());
        assert!(line.contains(&format!("\"id\":{id},")), "another answer than asked for");
    }
    drop(to);
    let _ = child.wait();
    times
}

fn flood(words: &[&str], count: usize, pace: Duration) -> Duration {
    let mut child = start(words);
    let mut to = BufWriter::with_capacity(1 << 16, child.stdin.take().expect("it is a pipe"));
    let from = BufReader::new(child.stdout.take().expect("it is a pipe"));
    let start = Instant::now();
    let reader = std::thread::spawn(move || from.lines().count());
    for id in 0..count {
        to.write_all(message(id).as_bytes()).expect("the server reads");
        let ahead = (pace * id as u32).saturating_sub(start.elapsed());
        if !ahead.is_zero() {
            to.flush().expect("the server reads");
            std::thread::sleep(ahead);
        }
    }
    drop(to);
    let answers = reader.join().expect("counting lines does not fail");
    assert_eq!(answers, count);
    // With the end of the tap, so that recording is in the time.
    let _ = child.wait();
    start.elapsed()
}
