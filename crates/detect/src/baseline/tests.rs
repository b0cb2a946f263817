//! Baselines over made-up events: what they find, what they say, and that order, batching and restarts do not matter.

use proptest::prelude::*;
use serde_json::json;

use crate::alert::Hit;
use crate::compile::compile;
use crate::rule::{Logic, Rule};
use crate::testing::{DAY, Event, hits, jumbled, rows, rule, started};

fn baseline(config: serde_json::Value) -> Rule {
    let mut rule = rule("base", "");
    rule.logic = Logic::Machine { kind: "baseline".to_owned(), config };
    rule
}

fn first_port() -> serde_json::Value {
    json!({
        "kind": "first_seen", "where": "event_type = NETWORK", "by": ["actor_primary_user_sid"],
        "value": ["action_remote_port"], "learn": 5, "learn_for": "10m", "most_unseen": 0.3,
    })
}

/// Hits, each once, in the order of time.
fn found(rule: &Rule, batches: &[Vec<Event>], lateness: i64, cut: Option<usize>) -> Vec<Hit> {
    let (_, mut hits) = hits(rule, batches, lateness, cut);
    hits.sort_by_cached_key(|hit| (hit.time, format!("{hit:?}")));
    hits.dedup();
    hits
}

fn minutes(hits: &[Hit]) -> Vec<i64> {
    hits.iter().map(|hit| (hit.time - DAY) / 60_000_000).collect()
}

fn talk(minute: i64, port: i64) -> Event {
    (minute, "NETWORK", "ann", String::new(), Some(port))
}

fn usual() -> Vec<Event> {
    (0..20).map(|minute| talk(minute, if minute % 2 == 0 { 443 } else { 80 })).collect()
}

#[test]
fn a_first_value_explains_itself() {
    let mut events = usual();
    events.extend([talk(30, 4444), talk(31, 443), talk(32, 4444)]);
    let hits = found(&baseline(first_port()), &[events], 0, None);
    assert_eq!(minutes(&hits), [30]);
    assert_eq!(hits[0].values["expected"], "one of 2 known values; 0.0 % would be new");
    assert_eq!(
        (&hits[0].values["observations"], &hits[0].values["seen"]),
        (&json!(20), &json!("`4444`, for the first time"))
    );
    assert_eq!(hits[0].entities, [("actor_primary_user_sid".to_owned(), Some("ann".to_owned()))]);
    assert_eq!(hits[0].evidence[0].1.map()["action_remote_port"], 4444);
    // Whoever always has new values has none that stands out.
    let scanner = (0..30).map(|minute| talk(minute, 1_000 + minute)).collect();
    assert_eq!(minutes(&found(&baseline(first_port()), &[scanner], 0, None)), Vec::<i64>::new());
    // And nobody is judged by a short past.
    let short = vec![talk(0, 443), talk(1, 443), talk(2, 4444)];
    assert_eq!(minutes(&found(&baseline(first_port()), &[short], 0, None)), Vec::<i64>::new());
}

#[test]
fn columns_can_be_computed_and_a_rare_value_waits_for_a_past_that_is_long_enough() {
    let rare = |learn_for: &str| {
        json!({ "kind": "rare", "where": "event_type = NETWORK", "alter": "part = to_string(action_remote_port >= 1024)",
            "by": ["actor_primary_user_sid"], "value": ["part"], "learn": 10, "share": 0.06, "learn_for": learn_for })
    };
    let mut events = usual();
    events.push(talk(25, 4444));
    assert_eq!(minutes(&found(&baseline(rare("25m")), &[events.clone()], 0, None)), [25]);
    assert_eq!(minutes(&found(&baseline(rare("26m")), &[events], 0, None)), Vec::<i64>::new());
    let order = |learn_for: &str| {
        json!({ "kind": "order", "where": "event_type = NETWORK", "by": ["actor_primary_user_sid"],
            "session": ["actor_primary_user_sid"], "value": ["action_remote_port"], "learn": 10, "learn_for": learn_for })
    };
    let mut events = usual();
    events.extend([talk(20, 4444)]);
    assert_eq!(minutes(&found(&baseline(order("20m")), &[events.clone()], 0, None)), [20]);
    assert_eq!(minutes(&found(&baseline(order("1h")), &[events], 0, None)), Vec::<i64>::new());
}

#[test]
fn rare_rate_and_volume() {
    let rare = json!({ "kind": "rare", "where": "event_type = NETWORK", "by": ["event_type"],
        "value": ["actor_primary_user_sid"], "learn": 10, "share": 0.06 });
    let mut events = usual();
    events.push((25, "NETWORK", "eve", String::new(), None));
    assert_eq!(minutes(&found(&baseline(rare), &[events], 0, None)), [25]);
    let rate = json!({ "kind": "rate", "where": "event_type = NETWORK", "by": ["actor_primary_user_sid"],
        "every": "1m", "learn": 10, "show": ["action_remote_port"] });
    let mut events = usual();
    events.extend((0..9).map(|port| talk(40, port)));
    let hits = found(&baseline(rate), &[events], 0, None);
    assert_eq!(minutes(&hits), [40]);
    // Half of the minutes had one, and rare events scatter by one at least: more than six above a half is seven.
    assert_eq!(hits[0].values["seen"], "7 so far");
    let volume = json!({ "kind": "volume", "where": "event_type = NETWORK", "by": ["actor_primary_user_sid"],
        "value": ["action_remote_port"], "every": "1m", "learn": 10 });
    let mut events = usual();
    events.push(talk(20, 60_000));
    assert_eq!(minutes(&found(&baseline(volume), &[events], 0, None)), [20]);
}

#[test]
fn an_order_that_was_not_there() {
    let order = json!({ "kind": "order", "where": "event_type = AGENT", "by": ["event_type"],
        "session": ["actor_primary_user_sid"], "value": ["action_process_command_line"], "length": 2, "learn": 20 });
    let call = |minute, name: &str| (minute, "AGENT", "ann", name.to_owned(), None);
    let mut events: Vec<Event> =
        (0..60).map(|minute| call(minute, ["search", "read", "answer"][minute as usize % 3])).collect();
    assert_eq!(minutes(&found(&baseline(order.clone()), &[events.clone()], 0, None)), Vec::<i64>::new());
    events.extend([call(60, "search"), call(61, "send_mail")]);
    let hits = found(&baseline(order), &[events], 0, None);
    assert_eq!(minutes(&hits), [61]);
    assert_eq!(hits[0].values["seen"], "`search → send_mail`, for the first time");
}

#[test]
fn early_tells_at_once_what_is_settled_later() {
    let mut rule = baseline(first_port());
    rule.schedule.early = Some(true);
    let mut detector = started(&rule);
    detector.feed("xdr_data", &rows(&usual()));
    assert!(detector.advance(DAY).is_empty());
    detector.feed("xdr_data", &rows(&[talk(30, 4444)]));
    let early = detector.advance(DAY);
    assert_eq!(minutes(&early), [30]);
    detector.feed("xdr_data", &rows(&[talk(31, 443)]));
    assert!(detector.advance(DAY).is_empty());
    assert_eq!(detector.advance(DAY + 60 * 60_000_000), early);
}

#[test]
fn a_state_is_small_and_of_its_method() {
    let rule = baseline(first_port());
    let mut detector = started(&rule);
    let many: Vec<Event> = (0..5_000).map(|port| talk(port / 60, port)).collect();
    detector.feed("xdr_data", &rows(&many));
    detector.advance(i64::MAX);
    let state = detector.machines().next().unwrap().1.changed();
    // As text, which is larger than in memory.
    assert!(state.len() == 1 && state[0].1.len() < 8_192, "{} {}", state.len(), state[0].1.len());
    let mut other = started(&baseline(json!({
        "kind": "rate", "where": "event_type = NETWORK", "by": ["actor_primary_user_sid"] })));
    assert!(other.machines().next().unwrap().1.restore(state).is_err());
    assert!(other.machines().next().unwrap().1.restore(vec![("1".to_owned(), b"{}".to_vec())]).is_err());
}

#[test]
fn what_is_wrong_is_said() {
    for (change, word) in [
        (json!({ "kind": "magic" }), "magic"),
        (json!({ "by": [] }), "by"),
        (json!({ "value": [] }), "value"),
        (json!({ "session": ["a"] }), "order"),
        (json!({ "most_unseen": -1.0 }), "most_unseen"),
        (json!({ "where": "event_type = " }), "filter event_type"),
        (json!({ "speed": 1 }), "speed"),
    ] {
        let mut config = first_port();
        config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (compiled, problems) = compile(&baseline(config));
        assert!(compiled.is_none(), "{change}");
        assert!(problems[0].diagnostic.message.contains(word), "{change}: {problems:?}");
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let one =
        (0i64..90, prop::sample::select(vec!["ann", "bob"]), prop::sample::select(vec![443i64, 80, 22, 21]));
    prop::collection::vec(one, 10..60).prop_map(|all| {
        all.into_iter().map(|(at, user, port)| (at, "NETWORK", user, String::new(), Some(port))).collect()
    })
}

fn configs() -> impl Strategy<Value = serde_json::Value> {
    prop::sample::select(vec![0, 1, 2, 3]).prop_map(|which| match which {
        0 => first_port(),
        1 => json!({ "kind": "rare", "where": "event_type = NETWORK", "by": ["actor_primary_user_sid"],
            "value": ["action_remote_port"], "learn": 5, "share": 0.2 }),
        2 => json!({ "kind": "rate", "where": "event_type = NETWORK", "by": ["actor_primary_user_sid"],
            "every": "1m", "learn": 3, "above": 1.5 }),
        _ => json!({ "kind": "order", "where": "event_type = NETWORK", "by": ["event_type"], "most_unseen": 0.9,
            "session": ["actor_primary_user_sid"], "value": ["action_remote_port"], "learn": 8 }),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Live, in any order within the lateness, in any batches, with a restart: as at once.
    #[test]
    fn order_does_not_matter(config in configs(), events in events(), order: u64, size in 1usize..6, cut in 0usize..6) {
        let rule = baseline(config);
        let live = found(&rule, &jumbled(&events, order, size, 15), 16, Some(cut));
        let whole = found(&rule, &[events], 0, None);
        prop_assert_eq!(live, whole);
    }
}
