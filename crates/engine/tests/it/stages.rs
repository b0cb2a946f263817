//! Stages and operators: the conformance vectors of the reference that this version runs.

use super::toy::{ask, rows, session};

const CALLS: &str = "dataset = agent_calls_raw";

fn count(stages: &str) -> String {
    let found = rows(&format!("{CALLS} | {stages} | comp count() as n"));
    found.join(",")
}

#[test]
fn conditions_follow_the_null_logic() {
    assert_eq!(count("filter user != \"ana\""), "4");
    assert_eq!(count("filter not (user = \"ana\")"), "3");
    assert_eq!(count("filter user = null"), "1");
    assert_eq!(count("filter user not in (\"ana\")"), "4");
    assert_eq!(count("filter user in (\"ana\", null)"), "3");
    assert_eq!(count("filter user not in (\"ana\", null)"), "3");
    assert_eq!(count("filter not user contains \"a\""), "3");
}

/// Two lists without a common item are false together, and null for null (`plan/apart.rs`).
#[test]
fn lists_that_exclude_each_other_stay_null_for_null() {
    assert_eq!(count("filter bytes in (900, 300) and bytes in (1, 2)"), "0");
    assert_eq!(count("filter not (bytes in (900, 300) and bytes in (1, 2))"), "5");
    assert_eq!(count("filter not (bytes in (900, 300) and not (bytes in (300, 900)))"), "5");
    assert_eq!(count("filter not (bytes in (900, 300)) or not (bytes in (1, 2))"), "5");
    assert_eq!(count("alter x = bytes in (900, 300) and bytes in (1, 2) | filter x = null"), "1");
}

#[test]
fn comparisons_ignore_case_unless_told() {
    assert_eq!(count("filter host = \"wk-02\""), "3");
    assert_eq!(count("filter host = \"WK*\""), "6");
    assert_eq!(count("filter host ~= \"WK\""), "1");
    let sensitive = "config case_sensitive = true | dataset = agent_calls_raw | filter host = \"wk-02\" | comp count() as n";
    assert_eq!(rows(sensitive), ["2"]);
}

#[test]
fn several_tests_of_one_column_run_together() {
    assert_eq!(count("filter tool contains \"R\" and tool ~= \"_\" | filter tool = \"*file\""), "3");
    assert_eq!(count("filter user contains \"a\" | filter user ~= \"n\" | filter bytes > 100"), "2");
    assert_eq!(count("filter user contains \"b\" and user contains \"zz\" and user contains \"o\""), "0");
}

#[test]
fn arrays_match_by_any_element() {
    assert_eq!(count("filter tags contains \"pii\""), "1");
    assert_eq!(count("filter tags = \"read\""), "2");
    assert_eq!(count("filter tags in (\"shell\", \"pii\")"), "2");
}

#[test]
fn grouping() {
    let by_tool = rows(&format!("{CALLS} | comp sum(bytes) as b by tool"));
    assert_eq!(by_tool, ["read_file 240", "run_shell 900", "send_mail 300"]);
    assert_eq!(by_tool, rows(&format!("{CALLS} | comp sum(bytes) by tool as b")));
    assert_eq!(rows(&format!("{CALLS} | comp count() as n, count(bytes) as m")), ["6 5"]);
    assert_eq!(rows(&format!("{CALLS} | comp values(user) as u")), ["[ana, bo]"]);
    assert_eq!(
        rows(&format!("{CALLS} | comp avg(bytes), median(bytes), min(_time) as t")),
        ["288.0 120.0 2026-03-02T08:00:00Z"]
    );
    assert_eq!(rows(&format!("{CALLS} | comp latest(tool) as l, earliest(user) as e")), ["read_file ana"]);
}

#[test]
fn ordering_and_windows() {
    let top = ask(&session(), &format!("{CALLS} | sort desc bytes | fields bytes | limit 2")).unwrap();
    assert!(top[0].starts_with("900 ") && top[1].starts_with("300 "), "{top:?}");
    let last = ask(&session(), &format!("{CALLS} | sort desc bytes | fields bytes")).unwrap();
    assert!(last[5].starts_with("null "), "nulls come last in descending order: {last:?}");
    let running = rows(&format!(
        "{CALLS} | windowcomp sum(bytes) by tool sort asc _time as run, rank() by tool sort desc bytes as r, \
         lag(user) by tool sort asc _time as prev | filter tool = \"read_file\" | comp max(run) as m, list(r) as r, count(prev) as p"
    ));
    assert!(running[0].starts_with("240 ") && running[0].ends_with(" 2"), "{running:?}");
    assert_eq!(rows(&format!("{CALLS} | top 1 tool")), ["read_file 3 50.0"]);
}

#[test]
fn shaping() {
    assert_eq!(count("arrayexpand tags"), "7");
    assert_eq!(
        rows(&format!(
            "{CALLS} | dedup user by desc _time | fields user, tool | comp values(tool) as t by user"
        )),
        ["ana [run_shell]", "bo [send_mail]", "null [read_file]"]
    );
    assert_eq!(
        rows(&format!("{CALLS} | bin _time span = 1h | comp count() as n by _time")),
        ["2026-03-02T08:00:00Z 3", "2026-03-02T09:00:00Z 2", "2026-03-03T07:00:00Z 1"]
    );
    assert_eq!(count("replacenull user = \"N/A\" | filter user = \"N/A\""), "1");
    assert_eq!(rows("config timeframe = 23h | dataset = agent_calls_raw | comp count() as n"), ["3"]);
}

#[test]
fn combining() {
    assert_eq!(count("join (dataset = tool_risk) as r r.tool = tool"), "5");
    assert_eq!(count("join type = left (dataset = tool_risk) as r r.tool = tool"), "6");
    assert_eq!(count("join type = right (dataset = tool_risk) as r r.tool = tool"), "6");
    assert_eq!(count("join (dataset = tool_risk) as r (true = true)"), "18");
    assert_eq!(count("union (dataset = agent_calls_raw | filter tool = \"send_mail\")"), "7");
    assert_eq!(count("filter tool in (dataset = tool_risk | filter risk = \"high\" | fields tool)"), "2");
    let left = rows(&format!(
        "{CALLS} | join type = left (dataset = tool_risk) as r r.tool = tool | filter risk = null | fields tool, risk"
    ));
    assert_eq!(left, ["send_mail null 2026-03-02T09:30:00Z"]);
}

#[test]
fn errors_say_what_is_there() {
    let error = ask(&session(), "dataset = nowhere | limit 1").unwrap_err();
    assert!(error.contains("`nowhere`") && error.contains("agent_calls_raw"), "{error}");
    let error = ask(&session(), "datamodel dataset = nowhere").unwrap_err();
    assert!(error.contains("datamodel"), "{error}");
    // Without rules there is no answer, not one of nulls.
    let error = ask(&session(), "datamodel dataset = agent_calls_raw").unwrap_err();
    assert!(error.contains("datamodel"), "{error}");
}

#[test]
fn deep_and_long_queries_end_in_a_result_or_an_error() {
    let long = format!("{CALLS}{}", " | filter port > 0".repeat(400));
    assert_eq!(ask(&session(), &long).unwrap().len(), 6);
    let longer = format!("{CALLS}{}", " | alter port = port".repeat(600));
    assert!(ask(&session(), &longer).unwrap_err().contains("at most"));
    let wide = format!("{CALLS} | filter port = 1{}", " or port = 8000".repeat(2_000));
    assert_eq!(ask(&session(), &wide).unwrap().len(), 3);
}
