//! What the checker proves, held against execution: a query that it calls unsatisfiable returns no row, and a
//! filter that it calls superfluous drops none.
//!
//! Queries are generated from a small pool of constants, and so are the rows: texts that begin, end or fold alike,
//! numbers on both sides of every bound, nulls everywhere.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListBuilder, RecordBatch, StringViewArray, StringViewBuilder};
use atalanta_diag::Span;
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_xql::logic::{FindingKind, analyze};
use atalanta_xql::resolve::resolve;
use atalanta_xql::syntax::ast::{ExprKind, StageKind};
use atalanta_xql::syntax::parse;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::toy::ask;

const TEXTS: [&str; 18] = [
    "",
    "a",
    "A",
    "ab",
    "AB",
    "abc",
    "b",
    "b.com",
    "x.b.com",
    "a.b.com",
    "k",
    "\u{212A}",
    "é",
    "É",
    "10.0.0.1",
    "10.1.255.255",
    "11.0.0.0",
    "a/b/c",
];
const PARTS: [&str; 9] = ["a", "b", "B.", ".com", "/b/", "ab", "K", "é", "10."];
const REGEXES: [&str; 10] =
    ["^a", "b$", "(?i)^AB", "a.c", "^$", r"\.com$", "[^a]b", "^(a|b)$", r"^\w+$", "(?i)k"];
const RANGES: [&str; 5] = ["10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/32", "0.0.0.0/0", "10.0.0.0/8, 11.0.0.0/8"];
const NUMBERS: [i64; 9] = [i64::MIN, -1, 0, 1, 2, 3, 4, 5, i64::MAX];
const BOUNDS: [i64; 5] = [0, 1, 2, 3, 4];

/// Queries that are generated.
const QUERIES: usize = 1500;
/// Claims that the queries must lead to, so that the test means something.
const CLAIMS: usize = 80;

fn table() -> RecordBatch {
    let rows = 1500usize;
    let pick = |row: usize, step: usize, length: usize| (row.wrapping_mul(step) / 7) % (length + 1);
    let text = |step: usize| -> ArrayRef {
        let value = |row: usize| TEXTS.get(pick(row, step, TEXTS.len())).copied();
        Arc::new((0..rows).map(value).collect::<StringViewArray>())
    };
    let number = |step: usize| -> ArrayRef {
        let value = |row: usize| NUMBERS.get(pick(row, step, NUMBERS.len())).copied();
        Arc::new((0..rows).map(value).collect::<Int64Array>())
    };
    let mut tags = ListBuilder::new(StringViewBuilder::new());
    for row in 0..rows {
        for part in 0..pick(row, 3, 2) {
            tags.values().append_value(TEXTS[pick(row + part, 11, TEXTS.len() - 1)]);
        }
        tags.append(pick(row, 5, 6) > 0);
    }
    let tags: ArrayRef = Arc::new(tags.finish());
    RecordBatch::try_from_iter([
        ("s", text(7)),
        ("u", text(31)),
        ("n", number(13)),
        ("m", number(97)),
        ("t", tags),
    ])
    .unwrap()
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(values).prop_map(ToOwned::to_owned)
}

fn test_of_text() -> impl Strategy<Value = String> {
    let column = one_of(&["s", "u", "v", "s", "lowercase(s)", "t", "coalesce(s, u)"]);
    let list = prop_oneof![
        one_of(&TEXTS),
        one_of(&PARTS).prop_map(|part| format!("*{part}")),
        one_of(&PARTS).prop_map(|part| format!("{part}*")),
    ];
    let list = proptest::collection::vec(list.prop_map(|item| format!("\"{item}\"")), 1..4);
    let test = prop_oneof![
        4 => (one_of(&["=", "!="]), one_of(&TEXTS)).prop_map(|(op, text)| format!("{op} \"{text}\"")),
        3 => one_of(&PARTS).prop_map(|part| format!("contains \"{part}\"")),
        3 => (one_of(&["in", "not in"]), list).prop_map(|(op, list)| format!("{op} ({})", list.join(", "))),
        2 => (one_of(&["~=", "!~="]), one_of(&REGEXES)).prop_map(|(op, regex)| format!("{op} \"{regex}\"")),
        1 => one_of(&RANGES).prop_map(|range| format!("incidr \"{range}\"")),
        1 => one_of(&["= null", "!= null"]),
    ];
    (column, test).prop_map(|(column, test)| format!("{column} {test}"))
}

fn test_of_number() -> impl Strategy<Value = String> {
    let column = one_of(&["n", "m", "w", "len(s)", "add(n, 1)", "array_length(t)"]);
    let bound = proptest::sample::select(&BOUNDS[..]);
    let test = prop_oneof![
        5 => (one_of(&["=", "!=", "<", "<=", ">", ">="]), bound.clone()).prop_map(|(op, k)| format!("{op} {k}")),
        1 => bound.clone().prop_map(|k| format!("> {k}.5")),
        2 => (one_of(&["in", "not in"]), bound.clone(), bound).prop_map(|(op, a, b)| format!("{op} ({a}, {b})")),
        1 => one_of(&["= null", "!= null"]),
    ];
    (column, test).prop_map(|(column, test)| format!("{column} {test}"))
}

fn condition() -> impl Strategy<Value = String> {
    let atom = prop_oneof![3 => test_of_text(), 2 => test_of_number()];
    atom.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

fn stage() -> impl Strategy<Value = String> {
    let text = one_of(&[
        "lowercase(s)",
        "uppercase(u)",
        "s",
        "trim(u)",
        "coalesce(u, s)",
        "if(n > 1, s, u)",
        "concat(s, \"a\")",
        "replace(s, \"a\", \"b\")",
        "if(s = \"a\", \"ab\", null)",
        "to_string(n)",
        "arrayindex(t, 0)",
    ]);
    let number = one_of(&[
        "len(u)",
        "add(m, 1)",
        "subtract(n, n)",
        "n",
        "if(s contains \"a\", 1, 2)",
        "array_length(t)",
        "multiply(n, 2)",
    ]);
    prop_oneof![
        7 => condition().prop_map(|condition| format!("filter {condition}")),
        1 => text.prop_map(|value| format!("alter v = {value}")),
        2 => (condition(), condition(), condition())
            .prop_map(|(a, b, c)| format!("alter v = if({a}, \"p\", {b}, \"q\", {c}, \"r\", \"z\")")),
        1 => number.prop_map(|value| format!("alter w = {value}")),
        1 => one_of(&["comp count() as w, max(v) as v by s, u, n, m, t", "dedup s by asc n", "arrayexpand t",
            "comp count() as w by s, u, v, n, m, t", "fields s as u, u as s, n, m, t, v, w"]),
    ]
}

fn query() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(stage(), 2..6)
}

fn text_of(stages: &[String]) -> String {
    format!("dataset = rows | alter v = u, w = m | {}", stages.join(" | "))
}

/// The text that the `if` of a stage gives where the condition at a place holds.
fn chosen(stage: &StageKind, condition: Span) -> Option<&str> {
    let StageKind::Alter(assigns) = stage else { return None };
    let ExprKind::Call { arguments, .. } = &assigns.first()?.value.kind else { return None };
    let at = arguments.iter().position(|part| part.span == condition || part.unparen().span == condition)?;
    arguments.get(at + 1)?.as_str()
}

#[test]
fn claims_hold_when_the_query_runs() {
    let mut session = Session::new(SessionOptions { threads: 1, ..SessionOptions::default() }).unwrap();
    let batch = table();
    session.add_batches("rows", batch.schema(), vec![batch]).unwrap();
    let seed = [29u8; 32];
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut empty, mut superfluous, mut untaken, mut wrong) = (0, 0, 0, Vec::new());
    for _ in 0..QUERIES {
        let stages = query().new_tree(&mut runner).unwrap().current();
        let text = text_of(&stages);
        let parsed = parse(&text);
        let resolved = resolve(&parsed.query, &session.env());
        for finding in analyze(&resolved.plan) {
            match finding.kind {
                FindingKind::Never if finding.empty_result => {
                    // A query that the engine refuses returns no row either.
                    let rows = ask(&session, &text).unwrap_or_default();
                    empty += 1;
                    if !rows.is_empty() {
                        wrong.push(format!("returns {}: {text}\n  {}", rows.len(), finding.explanation));
                    }
                }
                FindingKind::AlwaysTrue | FindingKind::Subsumed => {
                    let stage = &parsed.query.stages[finding.stage];
                    let StageKind::Filter(condition) = &stage.kind else { continue };
                    if condition.unparen().span != finding.span {
                        continue;
                    }
                    let before = text[..stage.span.start as usize].trim_end().trim_end_matches('|');
                    let with = text[..stage.span.end as usize].to_owned();
                    let (Ok(all), Ok(kept)) = (ask(&session, before), ask(&session, &with)) else { continue };
                    superfluous += 1;
                    if all.len() != kept.len() {
                        wrong.push(format!("drops {} of {}: {with}", all.len() - kept.len(), all.len()));
                    }
                }
                FindingKind::DeadChoice => {
                    let stage = &parsed.query.stages[finding.stage];
                    let Some(value) = chosen(&stage.kind, finding.span) else { continue };
                    let with = format!("{} | filter v = \"{value}\"", &text[..stage.span.end as usize]);
                    let Ok(rows) = ask(&session, &with) else { continue };
                    untaken += 1;
                    if !rows.is_empty() {
                        wrong.push(format!("the branch `{value}` is taken {} times: {with}", rows.len()));
                    }
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong claims\n{}", wrong.len(), wrong.join("\n"));
    assert!(empty > CLAIMS, "only {empty} queries were called empty");
    assert!(untaken > CLAIMS / 5, "only {untaken} branches were called dead");
    assert!(superfluous > CLAIMS / 10, "only {superfluous} filters were called superfluous");
}
