//! A server whose disk is full, becomes read-only, or whose clock goes back: what it acknowledged is there once.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::serve::{Server, ids};
use crate::{Bench, not_tested};

/// A small file system of its own; none where mounting is not allowed.
struct Disk(PathBuf);

impl Disk {
    fn mount(bench: &Bench, megabytes: u32) -> Option<Self> {
        let path = bench.path("disk");
        std::fs::create_dir_all(&path).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path).output();
        if mounted.is_ok_and(|done| done.status.success()) {
            return Some(Self(path));
        }
        not_tested("mounting a small disk is not allowed here; the log's own test fails its writes");
        None
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn event(id: u64) -> String {
    format!("{{\"id\":\"c{id}\",\"text\":\"{}\"}}\n", "some payload ".repeat(40))
}

/// Sends events until one is refused with 503; the ids that were acknowledged.
fn fill(server: &Server, next: &mut u64) -> (Vec<String>, String) {
    let mut acknowledged = Vec::new();
    let end = Instant::now() + Duration::from_mins(2);
    while Instant::now() < end {
        let ids: Vec<u64> = (*next..*next + 200).collect();
        *next += 200;
        let body: String = ids.iter().map(|id| event(*id)).collect();
        let (status, said) = server.post("/api/v1/ingest/load_test_raw", body.as_bytes()).unwrap();
        match status {
            200 => acknowledged.extend(ids.iter().map(|id| format!("c{id}"))),
            503 => return (acknowledged, said),
            other => panic!("{other}: {said}"),
        }
    }
    panic!("the disk did not fill up");
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let bench = Bench::new();
    let Some(disk) = Disk::mount(&bench, 24) else { return };
    // Rows stay in the log: what fills the disk is the log itself.
    bench.write(
        "serve.toml",
        "[store]\nsegment_mib = 1\nflush_mib = 200\nmemory_mib = 400\nflush_interval = \"1h\"\n[otlp]\ngrpc = \"off\"\n",
    );
    std::fs::write(disk.0.join("ballast"), vec![1; 8 << 20]).unwrap();
    std::os::unix::fs::symlink("disk/lake", bench.path("lake")).unwrap();
    std::fs::create_dir(disk.0.join("lake")).unwrap();
    let server = Server::start(&bench);
    let mut next = 0;
    let (mut acknowledged, said) = fill(&server, &mut next);
    assert!(!acknowledged.is_empty());
    assert!(said.contains("No space left") && said.contains("can be sent again"), "{said}");
    // Queries are answered, and the server says nothing of having lost anything.
    assert_eq!(server.get("/healthz").0, 200);
    std::fs::remove_file(disk.0.join("ballast")).unwrap();
    let (status, said) = server.post("/api/v1/ingest/load_test_raw", event(next).as_bytes()).unwrap();
    assert_eq!(status, 200, "{said}");
    acknowledged.push(format!("c{next}"));
    drop(server);
    let found = ids(&bench);
    assert!(
        acknowledged.iter().all(|id| found.get(id) == Some(&1)),
        "of {} acknowledged",
        acknowledged.len()
    );
    assert_eq!(found.len(), acknowledged.len());
    bench.run(&["store", "verify", "--data-dir", "lake", "--deep"]).ends(0).says("nothing wrong");
}

#[test]
fn a_disk_that_becomes_read_only_refuses_and_goes_on() {
    let bench = Bench::new();
    let Some(disk) = Disk::mount(&bench, 64) else { return };
    // Every record begins a new file, as a disk with open files cannot be made read-only.
    bench.write("serve.toml", "[store]\nsegment_mib = 0\nflush_interval = \"1h\"\n[otlp]\ngrpc = \"off\"\n");
    std::os::unix::fs::symlink("disk/lake", bench.path("lake")).unwrap();
    std::fs::create_dir(disk.0.join("lake")).unwrap();
    disk.remount("ro");
    let refused = bench.run(&["serve", "--config", "serve.toml", "--data-dir", "lake"]).ends(2);
    assert!(refused.err.contains("Read-only file system"), "{}", refused.err);
    disk.remount("rw");
    let server = Server::start(&bench);
    assert_eq!(server.post("/api/v1/ingest/load_test_raw", event(1).as_bytes()).unwrap().0, 200);
    drop(server);
    assert_eq!(ids(&bench).len(), 1);
}

/// An event of tomorrow, then one of yesterday, and a server that starts while the newest row is of the future.
#[test]
fn a_clock_that_went_back_disturbs_nothing() {
    let bench = Bench::new();
    bench.write("serve.toml", "[store]\nflush_interval = \"50ms\"\n[otlp]\ngrpc = \"off\"\n");
    let times =
        ["2099-01-01T00:00:00Z", "2026-11-21T10:00:00Z", "1999-01-01T00:00:00Z", "2026-11-21T09:00:00Z"];
    for (place, time) in times.iter().enumerate() {
        let server = Server::start(&bench);
        let body = format!("{{\"id\":\"c{place}\",\"_time\":\"{time}\"}}");
        assert_eq!(server.post("/api/v1/ingest/load_test_raw", body.as_bytes()).unwrap().0, 200);
        std::thread::sleep(Duration::from_millis(300));
        drop(server);
        assert_eq!(ids(&bench).len(), place + 1);
    }
    assert!(ids(&bench).values().all(|count| *count == 1));
    let query = "dataset = load_test_raw | sort asc _time | fields id";
    let run = bench.run(&["query", query, "--data-dir", "lake", "--format", "csv"]).ends(0);
    let order: Vec<&str> = run.out.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(order, ["c2", "c3", "c1", "c0"]);
    bench.run(&["store", "verify", "--data-dir", "lake", "--deep"]).ends(0).says("nothing wrong");
}
