//! Correlations over made-up events: what they find, that order, batching and restarts do not matter, and that they
//! hold at the same events as the queries that the same rules become.

use std::collections::BTreeSet;

use arrow::array::AsArray as _;
use arrow::datatypes::TimestampMicrosecondType;
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_sigma::{Document, Pipeline, lower_correlation};
use proptest::prelude::*;

use crate::alert::Alert;
use crate::compile::compile;
use crate::detector::Detector;
use crate::rule::Rule;
use crate::rule::sigma::{SigmaFile, read};
use crate::testing::{DAY, Event, alerts, jumbled, rows};

/// Rules that take the rows of the tests; `c` takes rows that `a` and `b` take, too.
const RULES: &str = "
title: a
name: a
logsource: {category: made_up}
detection: {s: {event_type: NETWORK}, condition: s}
---
title: b
name: b
logsource: {category: made_up}
detection: {s: {event_type: PROCESS}, condition: s}
---
title: c
name: c
logsource: {category: made_up}
detection: {s: {'action_process_command_line|contains': '| sh'}, condition: s}
---
";

const BY: &str = "group-by: [actor_primary_user_sid], timespan: 20m";

/// Correlations whose queries have sliding windows as well.
fn sliding() -> Vec<String> {
    let one = |text: &str| format!("title: x\nname: x\ncorrelation: {{{text}}}\n");
    let burst = format!(
        "title: burst\nname: burst\ncorrelation: {{type: event_count, rules: [a], {BY}, condition: {{gte: 2}}}}\n---\n"
    );
    let port = "field: action_remote_port";
    vec![
        one(&format!("type: event_count, rules: [a], {BY}, condition: {{gte: 3}}")),
        one(&format!("type: event_count, rules: [a, b], {BY}, condition: {{lt: 2}}")),
        one("type: event_count, rules: [a, b], timespan: 10m, condition: {gte: 4}"),
        one(&format!("type: temporal, rules: [a, c], {BY}")),
        one(&format!("type: temporal, rules: [a, b], {BY}, condition: a and not b")),
        one(&format!("type: temporal_ordered, rules: [a, b, c], {BY}")),
        one(&format!("type: value_sum, rules: [a], {BY}, condition: {{gt: 900, {port}}}")),
        one(&format!("type: value_avg, rules: [a], {BY}, condition: {{lt: 300, {port}}}")),
        one(&format!("type: value_median, rules: [a], {BY}, condition: {{gte: 443, {port}}}")),
        burst
            + &one(
                "type: temporal_ordered, rules: [burst, b], group-by: [actor_primary_user_sid], timespan: 30m",
            ),
    ]
}

/// Further ones, of which XQL has buckets.
fn all() -> Vec<String> {
    let mut all = sliding();
    let port = "field: action_remote_port";
    all.push(format!(
        "title: x\nname: x\ncorrelation: {{type: value_count, rules: [a], {BY}, condition: {{gte: 2, {port}}}}}\n"
    ));
    all.push(format!(
        "title: x\nname: x\ncorrelation: {{type: value_percentile, rules: [a], {BY}, condition: {{gte: 400, {port}, percentile: 75}}}}\n"
    ));
    all
}

fn rule_of(correlation: &str) -> Rule {
    let file = SigmaFile {
        place: "x.yml".to_owned(),
        text: format!("{RULES}{correlation}"),
        ..SigmaFile::default()
    };
    let (rules, problems) = read(&[file]);
    assert!(problems.is_empty(), "{problems:?}");
    // Rules that no correlation uses report for themselves.
    rules.into_iter().find(|rule| rule.id == "x").unwrap()
}

fn event(minute: i64, kind: &'static str, user: &'static str, text: &str, port: Option<i64>) -> Event {
    (minute, kind, user, text.to_owned(), port)
}

fn minutes(alerts: &[Alert]) -> Vec<(i64, i64, u64)> {
    let minute = |time: i64| (time - DAY) / 60_000_000;
    let mut all: Vec<(i64, i64, u64)> =
        alerts.iter().map(|one| (minute(one.first), minute(one.last), one.events)).collect();
    all.sort_unstable();
    all
}

fn found(correlation: &str, events: Vec<Event>) -> Vec<(i64, i64, u64)> {
    minutes(&alerts(&rule_of(correlation), &[events], 0, None))
}

#[test]
fn counts_within_the_span_of_one_group() {
    let talk = |minute, user| event(minute, "NETWORK", user, "", Some(443));
    let three = &sliding()[0];
    assert_eq!(found(three, vec![talk(1, "ann"), talk(5, "ann"), talk(21, "ann")]), [(1, 21, 3)]);
    assert_eq!(found(three, vec![talk(1, "ann"), talk(5, "ann"), talk(22, "ann")]), []);
    assert_eq!(found(three, vec![talk(1, "ann"), talk(5, "ann"), talk(6, "bob")]), []);
    let one = alerts(&rule_of(three), &[vec![talk(1, "ann"), talk(2, "ann"), talk(3, "ann")]], 0, None);
    assert_eq!(one[0].entities, [("actor_primary_user_sid".to_owned(), Some("ann".to_owned()))]);
    assert_eq!(one[0].values["result"], 3);
    assert_eq!(one[0].evidence.len(), 3);
    // The columns that the rules read and no others.
    assert!(
        one[0].evidence[0].1.contains_key("event_type")
            && !one[0].evidence[0].1.contains_key("action_remote_port")
    );
}

#[test]
fn different_values_in_windows_that_slide() {
    let talk = |minute, port| event(minute, "NETWORK", "ann", "", Some(port));
    let values = all().remove(10);
    // Two buckets of twenty minutes would have one value each.
    assert_eq!(found(&values, vec![talk(19, 80), talk(21, 443)]), [(19, 21, 2)]);
    assert_eq!(found(&values, vec![talk(19, 80), talk(21, 80)]), []);
    assert_eq!(found(&values, vec![talk(19, 80), (20, "NETWORK", "ann", "x".to_owned(), None)]), []);
}

#[test]
fn orders_and_chains() {
    let a = |minute| event(minute, "NETWORK", "ann", "", Some(443));
    let b = |minute| event(minute, "PROCESS", "ann", "ls", None);
    let c = |minute| event(minute, "FILE", "ann", "x | sh", None);
    let ordered = &sliding()[5];
    assert_eq!(found(ordered, vec![a(1), b(5), c(9)]), [(1, 9, 3)]);
    assert_eq!(found(ordered, vec![b(1), a(5), c(9)]), []);
    assert_eq!(found(ordered, vec![a(1), b(5), c(22)]), []);
    // Events of one time follow each other whatever their names are.
    for ports in [[80, 443], [443, 80]] {
        let at_once = vec![
            a(5),
            (5, "PROCESS", "ann", String::new(), Some(ports[0])),
            (5, "FILE", "ann", "| sh".to_owned(), Some(ports[1])),
        ];
        assert_eq!(found(ordered, at_once), [(5, 5, 3)]);
    }
    // One event of two rules is two links.
    assert_eq!(found(ordered, vec![a(1), event(5, "PROCESS", "ann", "x | sh", None)]), [(1, 5, 2)]);
    let chain = &sliding()[9];
    assert_eq!(found(chain, vec![a(1), a(5), b(30)]), [(5, 30, 2)]);
    assert_eq!(found(chain, vec![a(1), a(5), b(36)]), []);
    assert_eq!(found(chain, vec![a(1), b(30)]), []);
    let missing = &sliding()[4];
    // Nothing is said before the other rule's time has passed.
    let late = [vec![a(10)], vec![b(9)], vec![c(200)]];
    assert_eq!(minutes(&alerts(&rule_of(missing), &late, 10, None)), []);
    assert_eq!(found(missing, vec![a(10), b(11)]), [(10, 10, 1)]);
}

#[test]
fn what_cannot_run_is_said() {
    let many = format!(
        "title: x\nname: x\ncorrelation: {{type: event_count, rules: [a], {BY}, condition: {{gte: 9000}}}}\n"
    );
    let (none, problems) = compile(&rule_of(&many));
    assert!(none.is_none() && problems[0].diagnostic.message.contains("9000"), "{problems:?}");
    let mut early = rule_of(&sliding()[1]);
    early.schedule.early = Some(true);
    assert!(compile(&early).0.is_none());
}

#[test]
fn only_pieces_that_changed_are_written() {
    let (mut detector, _) = Detector::new([&rule_of(&sliding()[0])]);
    let talk = |minute, user| event(minute, "NETWORK", user, "", Some(443));
    let fed = |detector: &mut Detector, events: &[Event]| {
        detector.feed("xdr_data", &rows(events));
        detector.advance(DAY);
        detector.machines().next().unwrap().1.changed()
    };
    assert_eq!(fed(&mut detector, &[talk(0, "ann"), talk(0, "bob"), talk(9, "ann")]).len(), 3);
    let changed = fed(&mut detector, &[talk(9, "bob")]);
    assert_eq!(changed.len(), 1);
    assert!(String::from_utf8(changed[0].1.clone()).unwrap().contains("bob"));
    assert!(fed(&mut detector, &[]).is_empty());
    // What no window needs any more leaves empty pieces.
    detector.advance(DAY + 1_000 * 60_000_000);
    let gone = detector.machines().next().unwrap().1.changed();
    assert!(gone.len() == 4 && gone.iter().all(|(_, state)| state.is_empty()), "{gone:?}");
}

#[test]
fn a_flood_of_one_group_is_bounded() {
    let (mut detector, _) = Detector::new([&rule_of(&sliding()[1])]);
    let events: Vec<Event> = (0..super::windows::OF_KEY as i64 + 500)
        .map(|port| event(port / 1_000, "NETWORK", "ann", "", Some(port)))
        .collect();
    detector.feed("xdr_data", &rows(&events));
    detector.advance(DAY);
    let state = detector.machines().next().unwrap().1.changed();
    let kept: usize =
        state.iter().map(|(_, state)| String::from_utf8_lossy(state).matches("\"members\"").count()).sum();
    assert_eq!(kept, super::windows::OF_KEY);
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let one = (
        0i64..90,
        prop::sample::select(vec!["NETWORK", "PROCESS", "FILE"]),
        prop::sample::select(vec!["ann", "bob"]),
        prop::sample::select(vec!["", "| sh", "x"]),
        prop::option::of(prop::sample::select(vec![443i64, 80, 22])),
    );
    prop::collection::vec(one, 1..30).prop_map(|all| {
        let mut all: Vec<Event> = all
            .into_iter()
            .map(|(at, kind, user, text, port)| (at, kind, user, text.to_owned(), port))
            .collect();
        // The same record twice is one event here and two rows there.
        all.sort();
        all.dedup();
        all
    })
}

/// Minute and user of the events at which a correlation holds, as its query says.
fn by_query(correlation: &str, events: &[Event]) -> BTreeSet<(i64, String)> {
    let (documents, _) = atalanta_sigma::parse(&format!("{RULES}{correlation}"));
    let Some(Document::Correlation(last)) = documents.last() else { panic!("no correlation") };
    let lowered = lower_correlation(last, &documents, Pipeline::builtin("atalanta").unwrap());
    let batch = rows(events);
    let mut session = Session::new(SessionOptions { threads: 1, ..SessionOptions::default() }).unwrap();
    session.add_batches("xdr_data", batch.schema(), vec![batch]).unwrap();
    let plan = atalanta_xql::check(&lowered.xql, &session.env()).resolved.plan;
    let mut found = BTreeSet::new();
    for batch in session.prepare(&plan).unwrap().run().unwrap().batches {
        let time = batch.column_by_name("_time").unwrap().as_primitive::<TimestampMicrosecondType>();
        let user = batch.column_by_name("actor_primary_user_sid").unwrap().as_string_view();
        found.extend(
            (0..batch.num_rows())
                .map(|row| ((time.value(row) - DAY) / 60_000_000, user.value(row).to_owned())),
        );
    }
    found
}

/// The same as the machine says.
fn by_machine(correlation: &str, batches: &[Vec<Event>]) -> BTreeSet<(i64, String)> {
    let mut rule = rule_of(correlation);
    rule.entities = vec!["actor_primary_user_sid".to_owned()];
    let (mut detector, _) = Detector::new([&rule]);
    let mut hits = Vec::new();
    for events in batches {
        hits.extend(detector.feed("xdr_data", &rows(events)).hits);
        hits.extend(detector.advance(i64::MIN));
    }
    hits.extend(detector.advance(i64::MAX));
    let user = |hit: &crate::alert::Hit| hit.entities[0].1.clone().unwrap_or_default();
    hits.iter().map(|hit| ((hit.time - DAY) / 60_000_000, user(hit))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Live, in any order within the lateness, in any batches, with a restart: as at once.
    #[test]
    fn order_does_not_matter(which in 0usize..12, events in events(), order: u64, size in 1usize..6, cut in 0usize..6) {
        let rule = rule_of(&all()[which]);
        let live = alerts(&rule, &jumbled(&events, order, size, 15), 16, Some(cut));
        let whole = alerts(&rule, &[events], 0, None);
        prop_assert_eq!(live, whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A correlation holds at the same events as its query.
    #[test]
    fn windows_are_those_of_the_query(which in 0usize..10, events in events(), order: u64) {
        let correlation = &sliding()[which];
        prop_assert_eq!(by_machine(correlation, &jumbled(&events, order, 4, 60)), by_query(correlation, &events));
    }
}
