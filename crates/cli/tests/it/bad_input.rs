//! Input that is broken, hostile or absurd: a clear message with the place, the rest goes on, never a panic.

use std::fmt::Write as _;

use crate::{Bench, EVENTS};

fn count(bench: &Bench, data: &[&str]) -> crate::Run {
    let list = [&["query", "comp count() as n", "--format", "csv", "--data"], data].concat();
    bench.run(&list)
}

#[test]
fn malformed_lines_are_named_and_the_rest_is_read() {
    let bench = Bench::new();
    let lines: Vec<&str> = EVENTS.lines().collect();
    bench.write(
        "a.jsonl",
        format!("{}\n{{\"event_type\": \"NETWORK\", \n{}\nnot json\n{}\n", lines[0], lines[1], lines[2]),
    );
    count(&bench, &["a.jsonl"]).ends(0).prints("n\n3\n").says("a.jsonl:2").says("a.jsonl:4").says("left out");
}

#[test]
fn a_truncated_archive_gives_what_it_holds() {
    let bench = Bench::new();
    let mut text = String::new();
    for n in 0..20_000 {
        let _ = writeln!(
            text,
            "{{\"_time\":\"2026-11-21T10:00:00Z\",\"event_type\":\"NETWORK\",\"event_class\":\"HTTP\",\"event_id\":\"{n:x}{}\"}}",
            n * 7919
        );
    }
    bench.write("all.jsonl", &text);
    let gz = std::process::Command::new("gzip").arg("-k").arg(bench.path("all.jsonl")).status();
    // Machines without gzip cannot make the file; the reader itself is tested in the engine.
    if !gz.is_ok_and(|status| status.success()) {
        return;
    }
    let bytes = std::fs::read(bench.path("all.jsonl.gz")).unwrap();
    bench.write("cut.jsonl.gz", &bytes[..bytes.len() / 2]);
    let run = count(&bench, &["cut.jsonl.gz"]).ends(0).says("cut.jsonl.gz");
    let rows: u64 = run.out.lines().nth(1).unwrap().parse().unwrap();
    assert!(rows > 1000 && rows < 20_000, "{rows}");
}

#[test]
fn binary_missing_and_empty_files_beside_a_good_one() {
    let bench = Bench::new();
    bench.write("good.jsonl", EVENTS);
    bench.write("binary.json", [0u8, 159, 146, 150, 0, 1, 2, 3].repeat(100));
    bench.write("empty.json", "");
    let run = count(&bench, &["binary.json", "missing.json", "empty.json", "good.jsonl"]).ends(0);
    run.prints("n\n3\n").says("binary.json: ").says("missing.json: ").says("empty.json: ");
    count(&bench, &["binary.json"]).ends(2).says("no data could be read");
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.write("data/good.jsonl", EVENTS);
    bench.write("data/closed/x.jsonl", EVENTS);
    let closed = bench.path("data/closed");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything.
    let is_root = std::fs::read_dir(&closed).is_ok();
    let run = count(&bench, &["data"]).ends(0);
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
    if !is_root {
        run.prints("n\n3\n").says("closed");
    }
}

#[test]
fn a_line_of_a_hundred_megabytes() {
    let bench = Bench::new();
    let mut text = EVENTS.to_owned();
    text.push_str("{\"event_type\":\"NETWORK\",\"event_class\":\"HTTP\",\"action_http_request_body\":\"");
    text.push_str(&"x".repeat(100 << 20));
    text.push_str("\"}\n");
    text.push_str(EVENTS);
    bench.write("long.jsonl", text);
    count(&bench, &["long.jsonl"]).ends(0).prints("n\n6\n").says("long.jsonl:4");
}

#[test]
fn ten_thousand_stages_and_parentheses() {
    let bench = Bench::new();
    bench.write("events.jsonl", EVENTS);
    let stages = format!("dataset = xdr_data{}", "\n| filter event_type = NETWORK".repeat(10_000));
    let parentheses =
        format!("dataset = xdr_data | filter {}a = 1{}", "(".repeat(10_000), ")".repeat(10_000));
    for (name, text) in [("stages.xql", stages), ("parentheses.xql", parentheses)] {
        bench.write(name, &text);
        bench.run(&["check", name]).ends(1).prints(&format!("{name}:"));
        bench.run(&["query", "--file", name, "--data", "events.jsonl"]).ends(2).says(&format!("{name}:"));
        bench.run(&["hunt", name, "--data", "events.jsonl"]).ends(2).prints(&format!("{name}:"));
    }
}

#[test]
fn long_queries_run_up_to_the_limit_and_say_it_beyond() {
    let bench = Bench::new();
    bench.write("events.jsonl", EVENTS);
    let text = |stages: usize| {
        format!("dataset = xdr_data{} | comp count() as n", "\n| filter event_type = NETWORK".repeat(stages))
    };
    let run = |stages: usize| {
        bench.write("stages.xql", text(stages));
        bench.run(&["query", "--file", "stages.xql", "--data", "events.jsonl", "--format", "csv"])
    };
    run(400).ends(0).prints("n\n2\n");
    run(1900).ends(2).says("1902 stages, at most 500");
}

#[test]
fn unrecognised_records_are_said_to_be() {
    let bench = Bench::new();
    bench.write("odd.jsonl", "{\"temperature\": 21.5, \"room\": \"kitchen\"}\n".repeat(30));
    count(&bench, &["odd.jsonl"]).ends(2).says("odd.jsonl: no source recognised").says("--source");
    let named =
        ["query", "dataset = rooms | comp count() as n", "--format", "csv", "--data", "rooms=odd.jsonl"];
    bench.run(&named).ends(0).prints("n\n30\n");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure() {
    let bench = Bench::new();
    bench.write("events.jsonl", EVENTS.repeat(5000));
    let script = format!(
        "'{}' query 'dataset = xdr_data' --format ndjson --data events.jsonl 2>err | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_atalanta")
    );
    let output = std::process::Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(bench.path(""))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0", "{}", bench.read("err"));
}
