//! What lowered rules find, beside a plain evaluator written here after the specification.

use std::collections::BTreeMap;

use atalanta_sigma::correlation::Operator;
use atalanta_sigma::matcher::{Place, Predicate, Test, TimePart};
use atalanta_sigma::pattern::Part;
use atalanta_sigma::{Document, Matcher, Pipeline, lower, lower_correlation, parse};
use serde_json::Value;

use crate::Bench;

type Event = BTreeMap<&'static str, &'static str>;

fn fits(parts: &[Part], text: &[char], cased: bool) -> bool {
    let Some((first, rest)) = parts.split_first() else { return text.is_empty() };
    match first {
        Part::Any => (0..=text.len()).any(|at| fits(rest, &text[at..], cased)),
        Part::One => !text.is_empty() && fits(rest, &text[1..], cased),
        Part::Literal(literal) => {
            let literal: Vec<char> = literal.chars().collect();
            let same =
                |a: &char, b: &char| if cased { a == b } else { a.to_lowercase().eq(b.to_lowercase()) };
            text.len() >= literal.len()
                && literal.iter().zip(text).all(|(a, b)| same(a, b))
                && fits(rest, &text[literal.len()..], cased)
        }
    }
}

fn network(networks: &[String], text: &str) -> bool {
    let Ok(address) = text.parse::<std::net::IpAddr>() else { return false };
    networks.iter().any(|network| {
        let (base, length) = network.split_once('/').unwrap();
        let bits = |address: std::net::IpAddr| match address {
            std::net::IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 4),
            std::net::IpAddr::V6(address) => (address.to_bits(), 6),
        };
        let (base, version) = bits(base.parse().unwrap());
        let (own, own_version) = bits(address);
        let length: u32 = length.parse().unwrap();
        version == own_version && (length == 0 || (base ^ own) >> (128 - length) == 0)
    })
}

fn test(test: &Test, event: &Event) -> bool {
    let name = test.field.as_deref().unwrap();
    let value = event.get(name).copied();
    match (&test.predicate, value) {
        (Predicate::Null | Predicate::Exists(false), value) => value.is_none(),
        (Predicate::Exists(true), value) => value.is_some(),
        (_, None) => false,
        (Predicate::Text { pattern, cased }, Some(text)) => {
            fits(pattern.parts(), &text.chars().collect::<Vec<_>>(), *cased)
        }
        (Predicate::Regex(pattern), Some(text)) => regex::Regex::new(pattern).unwrap().is_match(text),
        (Predicate::Number(operator, number), Some(text)) => {
            text.parse::<f64>().is_ok_and(|value| operator.holds(value, *number))
        }
        (Predicate::Bool(wanted), Some(text)) => text.parse() == Ok(*wanted),
        (Predicate::Cidr(networks), Some(text)) => network(networks, text),
        (Predicate::Field { other, part, cased }, Some(text)) => {
            let Some(other) = event.get(other.as_str()) else { return false };
            let (text, other) = if *cased {
                (text.to_owned(), (*other).to_owned())
            } else {
                (text.to_lowercase(), other.to_lowercase())
            };
            match part {
                Place::Whole => text == other,
                Place::Inside => text.contains(&other),
                Place::Start => text.starts_with(&other),
                Place::End => text.ends_with(&other),
            }
        }
        (Predicate::Time(part, operator, number), Some(text)) => {
            let Ok(time) = text.parse::<jiff::Timestamp>() else { return false };
            let time = time.to_zoned(jiff::tz::TimeZone::UTC);
            let value = match part {
                TimePart::Minute => i32::from(time.minute()),
                TimePart::Hour => i32::from(time.hour()),
                TimePart::Day => i32::from(time.day()),
                TimePart::Week => i32::from(time.date().iso_week_date().week()),
                TimePart::Month => i32::from(time.month()),
                TimePart::Year => i32::from(time.year()),
            };
            operator.holds(f64::from(value), *number)
        }
    }
}

fn holds(matcher: &Matcher, event: &Event) -> bool {
    match matcher {
        Matcher::All(parts) => parts.iter().all(|part| holds(part, event)),
        Matcher::Any(parts) => parts.iter().any(|part| holds(part, event)),
        Matcher::Not(inner) => !holds(inner, event),
        Matcher::Test(one) => test(one, event),
    }
}

/// Values that the tests below are about, and their neighbours.
const VALUES: &[&str] = &[
    "",
    "a",
    "A",
    "ab",
    "b",
    "aXb",
    "a\nb",
    "a*b",
    "a?b",
    "é",
    "É",
    "C:\\x",
    "C:\\x\\",
    "say \"a\"",
    "5",
    "5.0",
    "12",
    "-3",
    "true",
    "false",
    "10.1.2.3",
    "11.0.0.1",
    "fe80::1",
    "/f",
    "–f",
    "-f",
    "Zm9vYmFy",
    "xxZm9vYmFyxx",
    "2026-11-22T05:07:00Z",
    "2027-01-02T23:59:59Z",
    "2020-12-31T00:00:00Z",
];

const ITEMS: &[&str] = &[
    "f: a",
    "f: ''",
    "f: 'a*'",
    "f: '*b'",
    "f: 'a?b'",
    "f: 'a\\*b'",
    "f: 'a\\?b'",
    "f: é",
    "f: [a, '*\\x']",
    "f: 'C:\\x\\'",
    "f|contains: '\"'",
    "f|contains: 'A'",
    "f|contains|cased: A",
    "f|cased: [a, B]",
    "f|startswith: c",
    "f|endswith: '\\'",
    "f|contains|all: [a, b]",
    "f|re: '^a.b$'",
    "f|re|s: '^a.b$'",
    "f|re|i: '^A$'",
    "f: 5",
    "f: [5, 12]",
    "f|lt: 6",
    "f|lte: 5",
    "f|gt: 5",
    "f|gte: 12",
    "f: true",
    "f: false",
    "f: null",
    "f|exists: true",
    "f|exists: false",
    "f|cidr: 10.0.0.0/8",
    "f|cidr: 'fe80::/10'",
    "f|cidr: [10.0.0.0/8, 11.0.0.0/8]",
    "f|neq: a",
    "f|neq: [a, b]",
    "f|windash: '-f'",
    "f|base64: foobar",
    "f|base64offset|contains: foobar",
    "f|fieldref: g",
    "f|fieldref|contains: g",
    "f|fieldref|startswith: g",
    "f|fieldref|endswith: g",
    "f|fieldref|cased: g",
    "f|hour: 5",
    "f|minute|gte: 30",
    "f|day: 22",
    "f|week: 53",
    "f|week: 47",
    "f|month: 11",
    "f|year|gt: 2026",
    "f: [null, a]",
    "f|contains: 1",
];

const CONDITIONS: [&str; 4] = ["s", "not s", "s and not t", "not (s or t)"];

fn events() -> Vec<Event> {
    let mut events = vec![Event::new(), Event::from([("g", "a")]), Event::from([("t", "x")])];
    for (at, value) in VALUES.iter().enumerate() {
        events.push(Event::from([("f", *value)]));
        let other = VALUES[(at * 7 + 1) % VALUES.len()];
        events.push(Event::from([("f", *value), ("g", other), ("t", "y")]));
        events.push(Event::from([("f", *value), ("g", if at % 2 == 0 { "A" } else { "" }), ("t", "x")]));
    }
    events
}

/// One query with a column for each condition; the verdicts by column and event.
fn verdicts(conditions: &[String], events: &[Event]) -> Vec<Vec<bool>> {
    let bench = Bench::new();
    let mut lines = String::new();
    for (number, event) in events.iter().enumerate() {
        let mut row = serde_json::json!(event);
        row["n"] = Value::from(number);
        lines.extend([row.to_string().as_str(), "\n"]);
    }
    bench.write("ev.ndjson", lines);
    let columns: Vec<String> =
        conditions.iter().enumerate().map(|(at, text)| format!("v{at} = if({text}, 1, 0)")).collect();
    let query = format!("dataset = ev | alter {} | fields n, v*", columns.join(", "));
    bench.write("q.xql", query);
    let run =
        bench.run(&["query", "--file", "q.xql", "--data", "ev=ev.ndjson", "--format", "ndjson"]).ends(0);
    let mut all = vec![vec![false; events.len()]; conditions.len()];
    for line in run.out.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let event = usize::try_from(row["n"].as_u64().unwrap()).unwrap();
        for (at, column) in all.iter_mut().enumerate() {
            column[event] = row[format!("v{at}")] == 1;
        }
    }
    all
}

#[test]
fn lowered_rules_find_what_the_specification_says() {
    let pipeline = Pipeline::builtin("none").unwrap().clone().with_state("dataset", "ev");
    let events = events();
    let mut cases = Vec::new();
    for item in ITEMS {
        for condition in CONDITIONS {
            let text = format!(
                "title: t\nlogsource: {{category: x}}\ndetection:\n  s:\n    {item}\n  t:\n    t: x\n  condition: {condition}\n"
            );
            let (documents, diagnostics) = parse(&text);
            assert!(diagnostics.is_empty(), "{item}: {diagnostics:?}");
            let Document::Rule(rule) = &documents[0] else { panic!() };
            let lowered = lower(rule, &pipeline);
            assert!(!lowered.has_errors(), "{item}: {:?}", lowered.diagnostics);
            let at = lowered.xql.rfind("| filter ").unwrap();
            cases.push((
                format!("{item} / {condition}"),
                lowered.matcher.unwrap(),
                lowered.xql[at + 9..].to_owned(),
            ));
        }
    }
    let texts: Vec<String> = cases.iter().map(|(_, _, text)| text.clone()).collect();
    let mut wrong = Vec::new();
    for ((name, matcher, text), found) in cases.iter().zip(verdicts(&texts, &events)) {
        for (event, found) in events.iter().zip(found) {
            if holds(matcher, event) != found {
                wrong.push(format!("{name}: {found} for {event:?}\n  {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

/// An event of the correlations: time in seconds, name, group and number.
struct Timed {
    at: i64,
    name: &'static str,
    group: Option<&'static str>,
    number: i64,
}

fn timed() -> Vec<Timed> {
    let mut seed = 7_u64;
    let mut next = |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let mut at = 0;
    (0..160)
        .map(|_| {
            at += i64::try_from(next(25)).unwrap() + 1;
            let name = ["a", "b", "c"][usize::try_from(next(3)).unwrap()];
            let group = [Some("x"), Some("y"), None][usize::try_from(next(20) / 9).unwrap()];
            Timed { at, name, group, number: i64::try_from(next(10)).unwrap() }
        })
        .collect()
}

const BASE: &str = "title: a\nname: a\nlogsource: {category: x}\ndetection: {s: {name: a}, condition: s}\n---\ntitle: b\nname: b\nlogsource: {category: x}\ndetection: {s: {name: b}, condition: s}\n---\ntitle: c\nname: c\nlogsource: {category: x}\ndetection: {s: {name: c}, condition: s}\n---\n";

/// The times at which a correlation holds, by the query.
fn found(correlation: &str, events: &[Timed]) -> Vec<i64> {
    let text = format!(
        "{BASE}title: t\nname: t\ncorrelation:\n  timespan: 1m\n  group-by: [group]\n{correlation}\n"
    );
    let (documents, diagnostics) = parse(&text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let wanted = documents.iter().find_map(|one| match one {
        Document::Correlation(one) if one.meta.is_called("t") => Some(one),
        _ => None,
    });
    let pipeline = Pipeline::builtin("none").unwrap().clone().with_state("dataset", "ev");
    let lowered = lower_correlation(wanted.unwrap(), &documents, &pipeline);
    assert!(!lowered.has_errors(), "{:?}", lowered.diagnostics);
    let bench = Bench::new();
    let mut lines = String::new();
    for event in events {
        let time = jiff::Timestamp::from_second(1_760_000_000 + event.at).unwrap();
        let mut row = serde_json::json!({ "_time": time.to_string(), "at": event.at, "name": event.name, "number": event.number });
        if let Some(group) = event.group {
            row["group"] = Value::from(group);
        }
        lines.extend([row.to_string().as_str(), "\n"]);
    }
    bench.write("ev.ndjson", lines);
    bench.write("q.xql", format!("{}\n| fields at", lowered.xql));
    let run =
        bench.run(&["query", "--file", "q.xql", "--data", "ev=ev.ndjson", "--format", "ndjson"]).ends(0);
    let mut times: Vec<i64> = run
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["at"].as_i64().unwrap())
        .collect();
    times.sort_unstable();
    times
}

/// The times at which a condition over the window of each event of the rules holds.
fn expected(events: &[Timed], rules: &[&str], condition: impl Fn(&[&Timed]) -> bool) -> Vec<i64> {
    let of_rules = |event: &&Timed| rules.contains(&event.name);
    let mut times = Vec::new();
    for event in events.iter().filter(of_rules).filter(|event| event.group.is_some()) {
        let within = |one: &&Timed| one.group == event.group && one.at <= event.at && event.at - one.at <= 60;
        let window: Vec<&Timed> = events.iter().filter(of_rules).filter(within).collect();
        if condition(&window) {
            times.push(event.at);
        }
    }
    times
}

fn sum(window: &[&Timed]) -> f64 {
    window.iter().map(|one| one.number as f64).sum()
}

#[test]
fn correlations_slide_as_the_specification_says() {
    let events = timed();
    let has = |window: &[&Timed], name: &str| window.iter().any(|one| one.name == name);
    let check = |correlation: &str, expected: Vec<i64>| {
        assert!(!expected.is_empty() && expected.len() < events.len(), "{correlation} tells nothing apart");
        assert_eq!(found(correlation, &events), expected, "{correlation}");
    };
    check(
        "  type: event_count\n  rules: [a, b]\n  condition: {gte: 4}",
        expected(&events, &["a", "b"], |w| w.len() >= 4),
    );
    check(
        "  type: event_count\n  rules: [a]\n  condition: {gt: 1, lte: 2}",
        expected(&events, &["a"], |w| w.len() == 2),
    );
    check(
        "  type: value_sum\n  rules: [a]\n  condition: {field: number, gte: 12}",
        expected(&events, &["a"], |w| sum(w) >= 12.0),
    );
    check(
        "  type: value_avg\n  rules: [a, c]\n  condition: {field: number, lt: 4}",
        expected(&events, &["a", "c"], |w| sum(w) / (w.len() as f64) < 4.0),
    );
    check(
        "  type: value_median\n  rules: [a, b]\n  condition: {field: number, gte: 5}",
        expected(&events, &["a", "b"], |w| {
            let mut numbers: Vec<i64> = w.iter().map(|one| one.number).collect();
            numbers.sort_unstable();
            let middle = numbers.len() / 2;
            let doubled = if numbers.len() % 2 == 1 {
                2 * numbers[middle]
            } else {
                numbers[middle - 1] + numbers[middle]
            };
            doubled >= 10
        }),
    );
    check(
        "  type: temporal\n  rules: [a, b, c]",
        expected(&events, &["a", "b", "c"], |w| ["a", "b", "c"].iter().all(|name| has(w, name))),
    );
    check(
        "  type: temporal\n  rules: [a, b, c]\n  condition: a and b and not c",
        expected(&events, &["a", "b", "c"], |w| has(w, "a") && has(w, "b") && !has(w, "c")),
    );
    // In order, ending at the event itself.
    check(
        "  type: temporal_ordered\n  rules: [a, b, c]",
        expected(&events, &["a", "b", "c"], |w| {
            let Some((last, before)) = w.split_last() else { return false };
            let Some(b) = before.iter().rposition(|one| one.name == "b") else { return false };
            last.name == "c" && before[..b].iter().any(|one| one.name == "a")
        }),
    );
}

#[test]
fn correlations_of_correlations_take_the_events_at_which_those_hold() {
    let events = timed();
    let inner = expected(&events, &["a"], |window| window.len() >= 2);
    let wanted = expected(&events, &["a", "c"], |window| {
        window.iter().any(|one| one.name == "a" && inner.contains(&one.at))
            && window.iter().any(|one| one.name == "c")
    });
    // Events of `a` at which the inner correlation does not hold are none of the outer one.
    let wanted: Vec<i64> = wanted
        .into_iter()
        .filter(|at| inner.contains(at) || events.iter().any(|one| one.at == *at && one.name == "c"))
        .collect();
    let text = "  type: temporal\n  rules: [many, c]\n---\ntitle: many\nname: many\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [group]\n  timespan: 1m\n  condition: {gte: 2}";
    assert!(!wanted.is_empty());
    assert_eq!(found(text, &events), wanted);
}

#[test]
fn operators_of_thresholds() {
    assert!(Operator::Neq.holds(1.0, 2.0) && !Operator::Eq.holds(1.0, 2.0) && Operator::Lte.holds(1.0, 1.0));
}
