//! `atalanta test --held-out`: scenarios that were written without reading a rule.

use std::path::Path;
use std::process::Command;

use crate::{Bench, content};

const RULE: &str =
    "id: r\ntitle: T\nseverity: low\nxql: dataset = xdr_data | filter actor_primary_user_sid = \"mallory\"\n";

fn scenario(id: &str, more: &str) -> String {
    format!("id: {id}\nclass: mcp\natlas: [AML.T0053]\nstory: S.\nassumed: A.\nfound_first: 0\n{more}")
}

fn event(user: &str) -> String {
    format!(
        "{{\"_time\":\"2026-11-20T10:00:00Z\",\"event_type\":\"PROCESS\",\"actor_primary_user_sid\":\"{user}\"}}\n"
    )
}

/// A rule of the class mcp and one of another, and a family with two attacks.
fn bench(second: &str, benign: &str, more: &str) -> Bench {
    let bench = Bench::new();
    bench.write("rules/mcp/r/rule.yaml", RULE);
    bench.write("rules/other/q/rule.yaml", RULE.replace("id: r", "id: q").replace("mallory", "eve"));
    bench.write("held/f/scenario.yaml", scenario("f", more));
    bench.write("held/f/attack-1/events.ndjson", event("mallory"));
    bench.write("held/f/attack-2/events.ndjson", event(second));
    bench.write("held/f/benign-1/events.ndjson", event(benign));
    bench
}

const RUN: [&str; 8] =
    ["test", "rules", "--held-out", "held", "--held-out-table", "page.md", "--junit", "out.xml"];

#[test]
fn a_miss_needs_a_reason_and_a_find_must_not_have_one() {
    let bench = bench("eve", "ana", "");
    let run = bench.run(&RUN).ends(1).says("1 of 1 families and 1 of 2 variants found, 0 false alarms");
    assert!(run.out.contains("1 of 2") && run.out.contains("`missed` gives no reason"), "{}", run.out);
    assert!(run.out.contains("other alerts on the attacks: q (1)"), "{}", run.out);
    assert!(bench.read("out.xml").contains("failures=\"1\" errors=\"0\" skipped=\"0\""));
    bench.write("held/f/scenario.yaml", scenario("f", "missed: a | pipe\n"));
    bench.run(&RUN).ends(0);
    assert!(bench.read("out.xml").contains("failures=\"0\" errors=\"0\" skipped=\"1\""));
    let page = bench.read("page.md");
    assert!(page.contains("| `f` | mcp | AML.T0053 | 1 of 2 | 0 | r (1) | 0 | a \\| pipe |"), "{page}");
    bench.write("held/f/attack-2/events.ndjson", event("mallory"));
    bench.run(&RUN).ends(1).prints("all variants are found, and `missed` gives a reason");
}

#[test]
fn every_alert_on_a_look_alike_is_false() {
    let bench = bench("mallory", "eve", "");
    let run = bench.run(&RUN).ends(0).says("2 of 2 variants found, 1 false alarm on 1 harmless event");
    assert!(run.out.contains("alerts on look-alikes: q (1)"), "{}", run.out);
    let page = bench.read("page.md");
    assert!(page.contains("| `q` | 1 | f |") && page.contains("| 10000.00 |"), "{page}");
}

#[test]
fn broken_scenarios_are_all_named() {
    let bench = bench("mallory", "ana", "");
    bench.write("held/a/scenario.yaml", scenario("b", ""));
    bench.write("held/c/scenario.yaml", scenario("c", "rate: 3\n"));
    bench.write("held/d/scenario.yaml", scenario("d", "").replace("T0053", "T9999"));
    bench.write("held/e/scenario.yaml", scenario("e", ""));
    bench.write("held/g/attack-1/events.ndjson", event("mallory"));
    bench
        .run(&RUN)
        .ends(2)
        .says("the id is `b`, expected the folder's name `a`")
        .says("rate")
        .says("`AML.T9999` is no technique of ATLAS")
        .says("expected folders attack-1")
        .says("each folder of a family has one");
    bench.run(&["test", "rules", "--held-out", "nowhere"]).ends(2).says("no such folder");
    bench.write("empty/.keep", "");
    bench.run(&["test", "rules", "--held-out", "empty"]).ends(2).says("no family");
    bench.run(&["test", "rules", "--held-out-table", "page.md"]).ends(2);
}

/// The rows of the page's table of families.
fn rows(page: &str) -> Vec<String> {
    let table = page.split("\n| family |").nth(1).unwrap_or_default().split("\n\n").next().unwrap();
    table.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect()
}

/// The page that a program makes of a folder.
fn made(program: &Path, folder: &Path) -> (Option<i32>, String) {
    let to = tempfile::tempdir().unwrap();
    let output = Command::new(program)
        .current_dir(to.path())
        .arg("test")
        .arg(content("detections").canonicalize().unwrap())
        .arg("--held-out")
        .arg(folder)
        .args(["--held-out-table", "page.md"])
        .output()
        .unwrap();
    let page = std::fs::read_to_string(to.path().join("page.md"));
    (output.status.code(), page.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The page is what a run gives. With a release build (`ATALANTA_PROGRAM`, `make attacks`) all families are run
/// (`UPDATE_DOCS=1` writes the page anew); without optimisation a look at a window takes a second, so that the program of
/// the tests runs three families on which no rule looks at windows. The reasons in the scenarios' files stand in the page
/// exactly where a variant is missed.
#[test]
fn what_is_found_of_the_held_out_families_is_that_of_the_page() {
    let path = content("../docs/held-out.md");
    let folder = content("heldout").canonicalize().unwrap();
    if let Some(program) = std::env::var_os("ATALANTA_PROGRAM") {
        let (code, page) = made(Path::new(&program), &folder);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let present = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            present == page,
            "docs/held-out.md is out of date, run `make attacks UPDATE_DOCS=1`:\n{page}"
        );
        assert_eq!(code, Some(0), "a reason in a scenario.yaml is out of date");
    }
    let rows = rows(&std::fs::read_to_string(&path).unwrap());
    let families = std::fs::read_dir(&folder).unwrap().map(Result::unwrap);
    let families: Vec<_> = families.filter(|entry| entry.path().join("scenario.yaml").exists()).collect();
    assert_eq!(rows.len(), families.len());
    for family in &families {
        let id = family.file_name().to_string_lossy().into_owned();
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{id}` |"))).expect(&id);
        let cells: Vec<&str> = row.split(" | ").collect();
        let reason = cells.last().unwrap().trim_end_matches(['|', ' ']);
        let text = std::fs::read_to_string(family.path().join("scenario.yaml")).unwrap();
        let all = cells[3] == "3 of 3";
        assert_eq!((text.contains("\nmissed:"), !reason.is_empty()), (!all, !all), "{row}");
    }
    let few = Bench::new();
    for id in ["schema_only_rug_pull", "text_hidden_in_schema", "second_server_same_verbs"] {
        copied(&folder.join(id), &few.path(id));
    }
    let (code, page) = made(Path::new(env!("CARGO_BIN_EXE_atalanta")), few.folder.path());
    let fresh = self::rows(&page);
    assert_eq!((code, fresh.len()), (Some(0), 3));
    assert!(fresh.iter().all(|row| rows.contains(row)), "docs/held-out.md is out of date:\n{page}");
}
