//! What the checker calls an error fails, and what it lets through runs: literals that follow a grammar of their own.

use atalanta_engine::session::Session;
use atalanta_xql::check;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::toy::session;

/// Whether the checker has an error, and why the engine fails.
fn verdicts(session: &Session, query: &str) -> (Option<String>, Option<String>) {
    let checked = check(query, &session.env());
    let error = checked.diagnostics.iter().find(|found| found.severity == atalanta_diag::Severity::Error);
    let run = session.prepare(&checked.resolved.plan).and_then(|prepared| prepared.run());
    (error.map(|found| found.message.clone()), run.err().map(|error| error.to_string()))
}

fn pieces(list: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    prop::collection::vec(select(list), 0..5).prop_map(|parts| parts.concat())
}

/// Calls with a literal made of pieces that its grammar knows, and of some that it does not.
fn literal_calls() -> impl Strategy<Value = String> {
    let path = pieces(&["$", ".", "a", "[", "]", "0", "'", "k", "@x", "-1", "*", "[2]", ".b", "['c']"]);
    let time = pieces(&["%", "Y", "E", "*S", "3S", "0S", "4Y", "z", "-", "%d", "%Q", "%é", "%%", " "]);
    let ranges = pieces(&["10.0.0.0", "/8", "/33", ",", " ", "::1", "/", "fe80::", "/129", "1.2.3", "/x"]);
    let regex =
        pieces(&["a", "(", ")", "[", "]", "*", "\\d", "(?i)", "(?=", "{2}", "\\1", "\\p{X}", "|", "(b)"]);
    let format = pieces(&["%", "d", "s", "5", ".", "*", "-", "x", "%%", "%d", "%s", "%5.2f", "é", "q", "t"]);
    prop_oneof![
        path.prop_map(|text| format!("json_extract(s, \"{text}\")")),
        time.clone().prop_map(|text| format!("format_timestamp(\"{text}\", to_timestamp(5))")),
        time.prop_map(|text| format!("parse_timestamp(\"{text}\", \"2026\")")),
        ranges.clone().prop_map(|text| format!("incidr(\"10.0.0.1\", \"{text}\")")),
        ranges.clone().prop_map(|text| format!("incidrlist(\"10.0.0.1\", \"{text}\")")),
        ranges.prop_map(|text| format!("if(\"::1\" incidr6 \"{text}\", 1, 0)")),
        regex.clone().prop_map(|text| format!("regextract(\"ab\", \"{text}\")")),
        regex.clone().prop_map(|text| format!("replex(\"ab\", \"{text}\", \"-\")")),
        regex.prop_map(|text| format!("if(\"ab\" ~= \"{text}\", 1, 0)")),
        (format.clone(), select(&["5", "\"a\"", "1.5", "true"][..]))
            .prop_map(|(text, value)| format!("format_string(\"{text}\", {value})")),
        format.prop_map(|text| format!("format_string(\"{text}\")")),
    ]
}

#[test]
fn the_checker_knows_which_literals_are_read() {
    let session = session();
    let mut runner = TestRunner::new(Config::with_cases(1500));
    let outcome = runner.run(&literal_calls(), |call| {
        let query =
            format!("dataset = agent_calls_raw | limit 1 | alter s = meta | alter r = {call} | fields r");
        let checked = check(&query, &session.env());
        // A quote or backslash at the end of a piece may make another text of the query.
        prop_assume!(checked.parsed.diagnostics.is_empty());
        let (claim, failure) = verdicts(&session, &query);
        prop_assert_eq!(claim.is_some(), failure.is_some(), "{}\n{:?}\n{:?}", call, claim, failure);
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
}
