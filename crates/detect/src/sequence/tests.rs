//! Sequences over made-up events: what they find, and that order, batching and restarts do not matter.

use proptest::prelude::*;
use serde_json::json;

use crate::alert::Alert;
use crate::compile::compile;
use crate::detector::Detector;
use crate::rule::{Allow, Logic, Rule};
use crate::testing::{DAY, Event, alerts, jumbled, rows, rule};

fn sequence(config: serde_json::Value) -> Rule {
    let mut rule = rule("seq", "");
    rule.logic = Logic::Machine { kind: "sequence".to_owned(), config };
    rule
}

fn step(name: &str, condition: &str) -> serde_json::Value {
    json!({ "name": name, "where": condition })
}

fn pair() -> serde_json::Value {
    json!({
        "by": ["actor_primary_user_sid"],
        "within": "30m",
        "steps": [
            step("fetch", "event_type = NETWORK and action_remote_port = 443"),
            step("run", "action_process_command_line contains \"| sh\""),
        ],
    })
}

fn event(minute: i64, kind: &'static str, user: &'static str, text: &str, port: Option<i64>) -> Event {
    (minute, kind, user, text.to_owned(), port)
}

fn minutes(alerts: &[Alert]) -> Vec<(i64, i64)> {
    let minute = |time: i64| (time - DAY) / 60_000_000;
    let mut all: Vec<(i64, i64)> = alerts.iter().map(|one| (minute(one.first), minute(one.last))).collect();
    all.sort_unstable();
    all
}

fn found(config: serde_json::Value, events: Vec<Event>) -> Vec<(i64, i64)> {
    minutes(&alerts(&sequence(config), &[events], 0, None))
}

#[test]
fn steps_in_order_within_their_time_and_of_one_key() {
    let run = |minute, user| event(minute, "PROCESS", user, "curl x | sh", None);
    let fetch = |minute, user| event(minute, "NETWORK", user, "", Some(443));
    assert_eq!(found(pair(), vec![fetch(1, "ann"), run(5, "ann")]), [(1, 5)]);
    assert_eq!(found(pair(), vec![run(1, "ann"), fetch(5, "ann")]), []);
    assert_eq!(found(pair(), vec![fetch(1, "ann"), run(32, "ann")]), []);
    assert_eq!(found(pair(), vec![fetch(1, "ann"), run(5, "bob")]), []);
    let mut unordered = pair();
    unordered["ordered"] = json!(false);
    assert_eq!(found(unordered.clone(), vec![run(1, "ann"), fetch(5, "ann")]), [(1, 5)]);
    // One event that fulfils both conditions is no sequence.
    assert_eq!(found(unordered, vec![event(1, "NETWORK", "ann", "| sh", Some(443))]), []);
}

#[test]
fn allowed_values_are_left_out_letter_by_letter_and_with_wildcards() {
    let events =
        |user| vec![event(1, "NETWORK", user, "", Some(443)), event(5, "PROCESS", user, "curl x | sh", None)];
    let mut rule = sequence(pair());
    let allow = |field: &str, value: &str| Allow { field: field.to_owned(), values: vec![value.to_owned()] };
    rule.allow = vec![
        allow("actor_primary_user_sid", "CORP\\svc-*"),
        allow("action_process_command_line", "say \"a\""),
        // A column of numbers.
        allow("action_remote_port", "8443"),
    ];
    let found = |events: Vec<Event>| minutes(&alerts(&rule, &[events], 0, None));
    assert_eq!(found(events("CORP\\ann")), [(1, 5)]);
    assert_eq!(found(events("CORP\\svc-backup")), []);
    let mut other_port = events("CORP\\ann");
    other_port[0].4 = Some(8443);
    assert_eq!(found(other_port), []);
}

#[test]
fn absence_between_and_after() {
    let fetch = event(1, "NETWORK", "ann", "", Some(443));
    let run = event(5, "PROCESS", "ann", "curl x | sh", None);
    let review = |minute| event(minute, "FILE", "ann", "review", None);
    let mut config = pair();
    config["steps"][1]["unless"] = json!({ "where": "event_type = FILE" });
    assert_eq!(found(config.clone(), vec![fetch.clone(), run.clone(), review(6)]), [(1, 5)]);
    // The review comes late and still counts.
    let late = [vec![fetch.clone(), run.clone()], vec![review(3)], vec![review(200)]];
    assert_eq!(minutes(&alerts(&sequence(config), &late, 10, None)), []);
    let mut config = pair();
    config["then_not"] = json!({ "where": "event_type = FILE", "for": "10m" });
    let later = |minute| event(minute, "NETWORK", "bob", "", None);
    assert_eq!(found(config.clone(), vec![fetch.clone(), run.clone(), later(20)]), [(1, 5)]);
    assert_eq!(found(config.clone(), vec![fetch.clone(), run.clone(), review(9), later(20)]), []);
    // The first step is still there when the time after the last one has passed.
    let slow = [
        vec![event(30, "PROCESS", "ann", "| sh", None), later(52)],
        vec![event(1, "NETWORK", "ann", "", Some(443))],
    ];
    assert_eq!(minutes(&alerts(&sequence(config.clone()), &slow, 52, None)), [(1, 30)]);
    let steps = [
        vec![fetch.clone()],
        vec![event(30, "PROCESS", "ann", "| sh", None)],
        vec![later(36)],
        vec![later(60)],
    ];
    assert_eq!(minutes(&alerts(&sequence(config.clone()), &steps, 0, None)), [(1, 30)]);
    // It is not yet known.
    assert_eq!(found(config, vec![fetch, run, later(10)]), []);
}

#[test]
fn repetitions_differences_and_links() {
    let fetch = |minute, port| event(minute, "NETWORK", "ann", "", Some(port));
    let thrice = json!({
        "by": ["actor_primary_user_sid"], "within": "30m",
        "steps": [{ "name": "fetch", "where": "event_type = NETWORK", "times": 3 }],
    });
    assert_eq!(found(thrice.clone(), vec![fetch(1, 80), fetch(2, 80), fetch(3, 80)]), [(1, 3)]);
    assert_eq!(found(thrice.clone(), vec![fetch(1, 80), fetch(2, 80), fetch(40, 80)]), []);
    // The same record twice is one event.
    assert_eq!(found(thrice, vec![fetch(1, 80), fetch(2, 80), fetch(2, 80)]), []);
    let changed = |relation: serde_json::Value| {
        let mut second = json!({ "name": "b", "where": "event_type = NETWORK" });
        second.as_object_mut().unwrap().extend(relation.as_object().unwrap().clone());
        json!({ "by": ["actor_primary_user_sid"], "within": "30m", "steps": [step("a", "event_type = NETWORK"), second] })
    };
    let differs = changed(json!({ "differs": ["action_remote_port"] }));
    assert_eq!(found(differs.clone(), vec![fetch(1, 80), fetch(2, 80)]), []);
    assert_eq!(found(differs, vec![fetch(1, 80), fetch(2, 81)]), [(1, 2)]);
    let linked =
        changed(json!({ "link": [{ "previous": "action_remote_port", "own": "action_remote_port" }] }));
    assert_eq!(found(linked.clone(), vec![fetch(1, 80), fetch(2, 81)]), []);
    assert_eq!(found(linked, vec![fetch(1, 80), fetch(2, 80)]), [(1, 2)]);
}

#[test]
fn a_new_value_after_something() {
    let config = json!({
        "by": ["actor_primary_user_sid"], "within": "1h",
        "steps": [
            step("change", "event_type = FILE"),
            { "name": "destination", "where": "event_type = NETWORK",
              "new": { "by": ["actor_primary_user_sid"], "value": ["action_remote_port"], "learn": "1h" } },
        ],
    });
    let talk = |minute, port| event(minute, "NETWORK", "ann", "", Some(port));
    let change = event(150, "FILE", "ann", "", None);
    let usual = vec![talk(0, 443), talk(100, 443), change.clone(), talk(160, 443)];
    assert_eq!(found(config.clone(), usual.clone()), []);
    let mut attack = usual;
    attack.push(talk(170, 8443));
    assert_eq!(found(config.clone(), attack), [(150, 170)]);
    // Without a past nothing is new.
    assert_eq!(found(config, vec![change, talk(160, 443)]), []);
}

#[test]
fn a_state_without_news_is_not_written() {
    let (mut detector, _) = Detector::new([&sequence(pair())]);
    let changed = |detector: &mut Detector| detector.machines().next().unwrap().1.changed().len();
    assert_eq!(changed(&mut detector), 0);
    detector.feed("xdr_data", &rows(&[event(1, "FILE", "ann", "", None)]));
    detector.advance(DAY);
    assert_eq!(changed(&mut detector), 0);
    detector.feed("xdr_data", &rows(&[event(1, "NETWORK", "ann", "", Some(443))]));
    detector.advance(DAY);
    assert_eq!((changed(&mut detector), changed(&mut detector)), (1, 0));
    // Rows that go are news as well.
    detector.advance(DAY + 1_000 * 60_000_000);
    assert_eq!(changed(&mut detector), 1);
}

#[test]
fn what_is_wrong_is_said() {
    let said = |config: serde_json::Value| {
        let (compiled, problems) = compile(&sequence(config));
        assert!(compiled.is_none());
        problems[0].diagnostic.message.clone()
    };
    let mut config = pair();
    config["steps"][0]["where"] = json!("event_type = ");
    assert!(said(config).contains("dataset = xdr_data | filter event_type ="));
    let mut config = pair();
    config["within"] = json!("soon");
    assert!(said(config).contains("within: soon"));
    let mut config = pair();
    config["steps"][0]["link"] = json!("span");
    assert!(said(config).contains("step `fetch`"));
    let mut config = pair();
    config["steps"][1]["by"] = json!([]);
    assert!(said(config).contains("compared"));
    let mut config = pair();
    config["steps"][1]["link"] = json!("blood");
    assert!(said(config).contains("lineage"));
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let one = (
        0i64..90,
        prop::sample::select(vec!["NETWORK", "PROCESS", "FILE"]),
        prop::sample::select(vec!["ann", "bob"]),
        prop::sample::select(vec!["", "| sh", "x"]),
        prop::option::of(prop::sample::select(vec![443i64, 80])),
    );
    prop::collection::vec(one, 1..30).prop_map(|all| {
        all.into_iter().map(|(at, kind, user, text, port)| (at, kind, user, text.to_owned(), port)).collect()
    })
}

fn configs() -> impl Strategy<Value = serde_json::Value> {
    prop::sample::select(vec![0, 1, 2, 3, 4]).prop_map(|which| {
        let mut config = pair();
        match which {
            0 => {}
            1 => config["ordered"] = json!(false),
            2 => config["steps"][1]["unless"] = json!({ "where": "event_type = FILE" }),
            3 => config["then_not"] = json!({ "where": "event_type = FILE", "for": "7m" }),
            _ => {
                config["steps"][1] = json!({ "name": "n", "where": "event_type = PROCESS", "times": 2,
                    "new": { "by": ["actor_primary_user_sid"], "value": ["action_process_command_line"], "learn": "10m",
                             "new_for": "20m" } });
            }
        }
        config
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Live, in any order within the lateness, in any batches, with a restart: as at once.
    #[test]
    fn order_does_not_matter(config in configs(), events in events(), order: u64, size in 1usize..6, cut in 0usize..6) {
        let rule = sequence(config);
        let live = alerts(&rule, &jumbled(&events, order, size, 15), 16, Some(cut));
        let whole = alerts(&rule, &[events], 0, None);
        prop_assert_eq!(live, whole);
    }
}
