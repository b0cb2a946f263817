//! The tap around real processes: what passes, how it ends, what is recorded, and what survives.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Bench;
use crate::serve::Server;

/// A server that answers each line with its like; `$1` is a line for standard error.
const ANSWER: &str =
    r#"echo "$1" >&2; while read -r line; do printf '{"jsonrpc":"2.0","id":1,"result":%s}\n' "$line"; done"#;

fn tap(bench: &Bench, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atalanta"));
    command.arg("tap").args(arguments).current_dir(bench.folder.path());
    command
        .env("ATALANTA_SPOOL", bench.path("spool"))
        .env_remove("ATALANTA_SERVER")
        .env_remove("ATALANTA_TOKEN");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn records(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !done() {
        assert!(Instant::now() < end, "{what} did not happen within a minute");
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn both_directions_and_standard_error_pass_and_are_recorded() {
    let bench = Bench::new();
    let mut child = tap(
        &bench,
        &["--out", "r.ndjson", "--label", "files", "--", "sh", "-c", ANSWER, "sh", "up --api-key s3cret-1"],
    )
    .spawn()
    .unwrap();
    let mut to = child.stdin.take().unwrap();
    let message = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"api_key":"s3cret-2"}}}"#;
    writeln!(to, "{message}\nno json").unwrap();
    drop(to);
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(done.stderr, b"up --api-key s3cret-1\n");
    let out = String::from_utf8(done.stdout).unwrap();
    assert_eq!(
        out,
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{message}}}\n{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":no json}}\n"
        )
    );
    let found = records(&bench.path("r.ndjson"));
    let of =
        |direction: &str| found.iter().filter(|record| record["direction"] == direction).collect::<Vec<_>>();
    assert_eq!(
        (of("client_to_server").len(), of("server_to_client").len(), of("server_stderr").len()),
        (2, 2, 1)
    );
    assert_eq!(
        (&of("tap")[0]["event"], &of("tap")[1]["event"]),
        (&"tap_start".into(), &"server_exit".into())
    );
    assert_eq!(of("client_to_server")[0]["message"]["params"]["name"], "t");
    assert_eq!(of("client_to_server")[1]["raw"], "no json");
    let text = bench.read("r.ndjson");
    assert!(!text.contains("s3cret-2"), "{text}");
}

/// Clients that read a configuration with a parser of their own may not pass `--` on.
#[test]
fn the_command_begins_at_the_first_word_that_is_no_option() {
    let bench = Bench::new();
    let done =
        tap(&bench, &["--out", "r.ndjson", "sh", "-c", "echo \"$@\"", "sh", "--label", "of the command"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "--label of the command\n");
    assert_eq!(done.status.code(), Some(0));
    let both = ["--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:9", "--out", "r.ndjson", "sh"];
    assert_eq!(tap(&bench, &both).output().unwrap().status.code(), Some(2));
}

#[test]
fn exit_codes_and_signals_are_those_of_the_server() {
    let bench = Bench::new();
    let run = |script: &str| {
        tap(&bench, &["--out", "r.ndjson", "--", "sh", "-c", script]).stdin(Stdio::null()).output().unwrap()
    };
    assert_eq!(run("exit 7").status.code(), Some(7));
    assert_eq!(run("kill -TERM $$").status.signal(), Some(15));
    assert_eq!(run("kill -KILL $$").status.signal(), Some(9));
    let missing = tap(&bench, &["--out", "r.ndjson", "--", "no-such-command"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(127));
    let stdout = tap(&bench, &["--out", "-", "--", "true"]).output().unwrap();
    assert_eq!(stdout.status.code(), Some(2));
}

#[test]
fn a_signal_to_the_tap_reaches_the_server() {
    let bench = Bench::new();
    let script = "trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = tap(&bench, &["--out", "r.ndjson", "--", "sh", "-c", script]).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\ngot\n");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn records_reach_the_server_after_an_outage_and_after_the_death_of_the_tap() {
    let bench = Bench::new();
    bench.write("serve.toml", "");
    // An address at which nobody listens yet.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    let mut child = tap(&bench, &["--server", &url, "--", "sh", "-c", ANSWER, "sh", "up"]).spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    writeln!(to, r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"before_the_kill"}}}}"#)
        .unwrap();
    let segments = || glob(&bench.path("spool"), "00000001.ndjson");
    wait_for("the record in the spool", || {
        segments().iter().any(|path| std::fs::read_to_string(path).unwrap().contains("\"result\":{"))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let _server = Server::start_at(&bench, &address.to_string());
    let mut child = tap(&bench, &["--server", &url, "--", "sh", "-c", ANSWER, "sh", "up"]).spawn().unwrap();
    let to = child.stdin.take().unwrap();
    let names = || {
        let query = "filter event_class = TOOL_CALL | fields tool_name";
        bench.run(&["query", query, "--server", &url, "--format", "csv"]).out
    };
    wait_for("the record at the server", || names().contains("before_the_kill"));
    drop(to);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    wait_for("an empty spool", || glob(&bench.path("spool"), "lock").is_empty());
}

fn glob(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(glob(&entry.path(), name));
        } else if entry.file_name() == name {
            found.push(entry.path());
        }
    }
    found
}

/// What `scripts/mcp_clients.sh` installs; tests that need it say so and pass where it is missing.
fn clients() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/mcp-clients");
    let root = std::env::var_os("ATALANTA_MCP_CLIENTS").map_or(root, PathBuf::from);
    root.join("venv/bin/python").exists().then_some(root)
}

fn drive(root: &Path, arguments: &[&str]) -> Child {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/mcp_drive.py");
    let mut command = Command::new(root.join("venv/bin/python"));
    command.arg(script).args(arguments).env("ATALANTA", env!("CARGO_BIN_EXE_atalanta"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn real_servers_and_clients_work_through_the_tap() {
    let Some(root) = clients() else {
        eprintln!("skipped: run scripts/mcp_clients.sh to install real MCP servers and clients");
        return;
    };
    let bench = Bench::new();
    for mode in ["stdio-npm", "stdio-python", "http-python", "http-npm"] {
        let out = bench.path(&format!("{mode}.ndjson"));
        let child = drive(&root, &[mode, root.to_str().unwrap(), out.to_str().unwrap()]);
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{mode}");
        let said: Value = serde_json::from_slice(&done.stdout).unwrap();
        let path = out.to_str().unwrap();
        let query = |text: &str| bench.run(&["query", text, "--data", path, "--format", "csv"]).ends(0).out;
        let listed = query("filter event_class = TOOL_DEFINITION | comp count_distinct(tool_name) as n");
        assert_eq!(listed.lines().nth(1), Some(said["tools"].to_string().as_str()), "{mode}: {listed}");
        let calls = query("filter event_class = TOOL_CALL and tool_phase = \"executed\" | comp count() as n");
        assert_eq!(calls.lines().nth(1), Some(said["calls"].to_string().as_str()), "{mode}: {calls}");
        let partial = query("filter parse_status != \"ok\" | comp count() as n");
        assert_ne!(partial.lines().nth(1), Some("1"), "{mode}: {partial}");
    }
}
