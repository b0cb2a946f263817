//! The catalog in Postgres: a server that is killed, a database that ends, falls silent and comes back, a password that
//! no file and no message holds, TLS, and DuckDB as a reader.
//!
//! Where there is no Postgres (`scripts/setup.sh` installs it) the tests end at once and say so.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, PASSWORD};
use crate::objects::{metric, send, wait_until};
use crate::proxy::{PASS, Proxy, REFUSE, STALL};
use crate::serve::{Server, ids, survives_kills};
use crate::{Bench, Run, not_tested};

/// Rounds of the fault test; `ATALANTA_KILL_ROUNDS=200` for the long run.
const ROUNDS: u64 = 6;

/// A program with the password in its environment.
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env("PGPASSWORD", PASSWORD);
    command
}

fn run(bench: &Bench, arguments: &[&str]) -> Run {
    let mut command = command(env!("CARGO_BIN_EXE_atalanta"));
    finish(command.args(arguments).current_dir(bench.folder.path()))
}

fn finish(command: &mut Command) -> Run {
    let run = Run::from(command.output().unwrap());
    assert!(!run.err.contains(PASSWORD) && !run.out.contains(PASSWORD), "{}", run.err);
    run
}

/// No file below a folder holds the password.
fn has_no_password(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            has_no_password(&entry.path());
            continue;
        }
        let bytes = std::fs::read(entry.path()).unwrap();
        let found = bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
        assert!(!found, "{}", entry.path().display());
    }
}

#[test]
fn killed_at_random_moments_it_keeps_what_it_acknowledged_once() {
    let Some(cluster) = Cluster::start() else { return };
    let catalog = cluster.database("kills");
    survives_kills(&Bench::new(), &format!("catalog = \"{catalog}\"\n"), ROUNDS);
    let position = cluster.sql("kills", "SELECT position FROM atalanta_log");
    assert!(position.parse::<u64>().unwrap() > 0, "{position}");
}

#[test]
fn a_server_outlives_its_database_and_nobody_learns_the_password() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.database("lake");
    let proxy = Proxy::to(cluster.tcp);
    let bench = Bench::new();
    let catalog = format!("postgres://keeper@{}/lake?timeout=2", proxy.at);
    bench.write(
        "serve.toml",
        format!(
            "[store]\ncatalog = \"{catalog}\"\nflush_interval = \"50ms\"\nmaintenance_interval = \"300ms\"\n\
             removal_grace = \"1s\"\n[detect]\nenabled = false\n"
        ),
    );
    let serve = || Server::start_as(&bench, command(env!("CARGO_BIN_EXE_atalanta")), "127.0.0.1:0");
    let mut sent = Vec::new();
    for (round, mood) in [PASS, REFUSE, STALL].into_iter().enumerate() {
        proxy.be(PASS);
        let mut server = serve();
        proxy.be(mood);
        sent.extend(send(&server, round));
        if mood == PASS {
            wait_until("the flush", || metric(&server, "atalanta_store_hot_rows") == 0);
        } else {
            wait_until("a failed flush", || metric(&server, "atalanta_store_failed_flushes_total") > 0);
            let (status, why) = server.get("/readyz");
            assert!(status == 503 && why.contains("catalog postgres://keeper@127.0.0.1:"), "{why}");
        }
        server.signal("-KILL");
    }
    // The database comes later than the server, ends and comes back; everything gets there by itself.
    proxy.be(PASS);
    cluster.stop();
    let mut server = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(1));
            cluster.run();
        });
        serve()
    });
    sent.extend(send(&server, 3));
    cluster.stop();
    sent.extend(send(&server, 4));
    wait_until("a failed flush", || metric(&server, "atalanta_store_trouble") > 0);
    cluster.run();
    wait_until("the last flush", || metric(&server, "atalanta_store_hot_rows") == 0);
    wait_until("the end of trouble", || server.get("/readyz").0 == 200);
    assert!(server.signal("-TERM").success());
    let query = "dataset = load_test_raw | comp count() as n by id | fields id, n";
    let found = run(&bench, &["query", query, "--data-dir", "lake", "--format", "csv", "--limit", "100000"]);
    let row = |line: &str| line.split_once(',').map(|(id, n)| (id.to_owned(), n.to_owned())).unwrap();
    let found: BTreeMap<String, String> = found.ends(0).out.lines().skip(1).map(row).collect();
    let expected: BTreeMap<String, String> = sent.iter().map(|id| (id.clone(), "1".to_owned())).collect();
    assert_eq!(found, expected);
    assert_eq!(sent.len(), 1000);
    commands_work(&bench);
    commands_fail_in_time(&bench, &proxy);
    has_no_password(bench.folder.path());
}

/// The commands that read and change a data folder: it knows where its catalog is.
fn commands_work(bench: &Bench) {
    let done = |arguments: &[&str]| run(bench, arguments).ends(0);
    done(&["store", "verify", "--data-dir", "lake", "--deep"]).says("nothing wrong");
    done(&["store", "show", "--data-dir", "lake"]).prints("load_test_raw  1,000 rows");
    done(&["store", "compact", "--data-dir", "lake"]);
    done(&["store", "retain", "--data-dir", "lake", "--grace", "0s"]);
    done(&["store", "verify", "--data-dir", "lake", "--deep"]).says("in 1 file");
    bench.write(
        "hunt.xql",
        "dataset = load_test_raw | filter text contains \"tune of r1-77\" | fields id, text",
    );
    run(bench, &["hunt", "hunt.xql", "--data-dir", "lake"]).ends(1).prints("r1-77");
    done(&["check", "hunt.xql", "--data-dir", "lake"]);
    done(&["store", "export", "--data-dir", "lake", "--delta", "delta"]);
    bench.write("more.jsonl", "{\"id\":\"more\",\"n\":1}\n");
    done(&["ingest", "more.jsonl", "--source", "other_raw", "--data-dir", "lake"]);
    done(&["query", "dataset = other_raw | fields id", "--data-dir", "lake"]).prints("more");
}

fn commands_fail_in_time(bench: &Bench, proxy: &Proxy) {
    for mood in [REFUSE, STALL] {
        proxy.be(mood);
        for arguments in [
            &["query", "dataset = other_raw | fields id", "--data-dir", "lake"][..],
            &["store", "show", "--data-dir", "lake"],
            &["ingest", "more.jsonl", "--source", "other_raw", "--data-dir", "lake"],
        ] {
            let begun = Instant::now();
            run(bench, arguments).ends(2).says("catalog postgres://keeper@127.0.0.1:");
            assert!(begun.elapsed() < Duration::from_secs(20), "{arguments:?}: {:?}", begun.elapsed());
        }
    }
    proxy.be(PASS);
}

/// Gives the server a certificate, which it shows after its next start.
fn certify(cluster: &Cluster, certificate: &str, key: &str) {
    let owner = std::fs::metadata(cluster.data()).unwrap();
    for (name, text) in [("server.crt", certificate), ("server.key", key)] {
        let path = cluster.data().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    let settings = cluster.data().join("postgresql.conf");
    let mut settings = std::fs::File::options().append(true).open(settings).unwrap();
    settings.write_all(b"ssl = on\n").unwrap();
}

#[test]
fn tls_and_a_file_of_passwords() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.database("lake");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    certify(&cluster, &made.cert.pem(), &made.signing_key.serialize_pem());
    cluster.stop();
    cluster.run();
    let bench = Bench::new();
    bench.write("root.pem", made.cert.pem());
    bench.write("passwords", format!("*:*:other:keeper:wrong\n*:*:lake:keeper:{PASSWORD}\n"));
    std::fs::set_permissions(bench.path("passwords"), std::fs::Permissions::from_mode(0o600)).unwrap();
    bench.write("one.jsonl", "{\"id\":\"one\"}\n");
    let port = cluster.tcp.port();
    let ingest = |address: &str, root: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atalanta"));
        command.args([
            "ingest",
            "one.jsonl",
            "--source",
            "other_raw",
            "--data-dir",
            "lake",
            "--catalog",
            address,
        ]);
        command.env("PGSSLROOTCERT", bench.path(root)).env("PGPASSFILE", bench.path("passwords"));
        finish(command.current_dir(bench.folder.path()))
    };
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    bench.write("other.pem", other.cert.pem());
    let address = format!("postgres://keeper@localhost:{port}/lake?sslmode=require");
    ingest(&address, "other.pem").ends(2).says("PGSSLROOTCERT names a file");
    let numbered = format!("postgres://keeper@127.0.0.1:{port}/lake?sslmode=require");
    ingest(&numbered, "root.pem").ends(2).says("certificate");
    ingest(&address, "root.pem").ends(0);
    assert_eq!(cluster.sql("lake", "SELECT sum(record_count) FROM ducklake_data_file"), "1");
    has_no_password(&bench.path("lake"));
    let secret = format!("postgres://keeper:{PASSWORD}@localhost/lake");
    ingest(&secret, "root.pem").ends(2).says("PGPASSWORD");
}

#[test]
fn duckdb_reads_the_tables() {
    let Some(cluster) = Cluster::start() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join(".readers/bin/python");
    if !python.exists() {
        not_tested("scripts/readers.sh has not installed DuckDB");
        return;
    }
    let bench = Bench::new();
    let lines = |number: usize| match number % 4 {
        0 => format!("{{\"_time\":\"2026-11-20T10:00:00Z\",\"n\":{number},\"f\":{number}.5,\"ok\":true}}\n"),
        1 => format!(
            "{{\"_time\":\"2026-11-21T10:00:00.25Z\",\"n\":\"text\",\"tags\":[\"a\",\"b{number}\"]}}\n"
        ),
        _ => format!("{{\"_time\":\"2026-11-21T11:00:00Z\",\"text\":\"run {number}\",\"ok\":false}}\n"),
    };
    bench.write("one.jsonl", (0..500).map(lines).collect::<Vec<_>>().concat());
    bench.write("two.jsonl", (500..900).map(lines).collect::<Vec<_>>().concat());
    for (database, schema) in [("lake", ""), ("shared", "&schema=atalanta")] {
        let catalog = format!("{}{schema}", cluster.database(database));
        for file in ["one.jsonl", "two.jsonl"] {
            let ingest =
                ["ingest", file, "--source", "acme_app_raw", "--data-dir", database, "--catalog", &catalog];
            bench.run(&ingest).ends(0);
        }
        let read = || {
            let script = root.join("scripts/read_with_duckdb.py");
            let read = Command::new(&python).arg(script).arg(bench.path(database)).output().unwrap();
            assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
            String::from_utf8_lossy(&read.stdout).into_owned()
        };
        assert!(read().contains("acme_app_raw: 900 rows"), "{}", read());
        bench.run(&["store", "compact", "--data-dir", database]).ends(0);
        bench.run(&["store", "retain", "--data-dir", database, "--grace", "0s"]).ends(0);
        assert!(read().contains("acme_app_raw: 900 rows"), "{}", read());
    }
}

#[test]
fn a_folder_reads_the_same_with_either_catalog() {
    let Some(cluster) = Cluster::start() else { return };
    let bench = Bench::new();
    let body: String = (0..300).map(|n| format!("{{\"id\":\"c0-{n}\"}}\n")).collect::<Vec<_>>().concat();
    bench.write("events.jsonl", body);
    let catalog = cluster.database("same");
    let ingest = ["ingest", "events.jsonl", "--source", "load_test_raw", "--data-dir"];
    bench.run(&[&ingest[..], &["lake", "--catalog", &catalog]].concat()).ends(0);
    assert_eq!(ids(&bench).len(), 300);
    bench.run(&[&ingest[..], &["other"]].concat()).ends(0);
    bench
        .run(&[&ingest[..], &["other", "--catalog", &catalog]].concat())
        .ends(2)
        .says("its catalog is the file catalog.sqlite");
}
