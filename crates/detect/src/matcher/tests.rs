//! The matcher against the engine: over generated rules and events both must give the same rows.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray, StringViewArray,
};
use arrow::datatypes::Int32Type;
use atalanta_engine::program::row_plan::{RowPlan, row_wise};
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_schema::Type;
use atalanta_xql::env::{Env, Input, Mode};
use atalanta_xql::ir::{Expr, OperationKind, Plan};
use proptest::prelude::*;

use super::Matcher;
use super::frequency::Frequency;

const COLUMNS: [&str; 3] = ["event_type", "cmd", "path"];

type Row = (Option<&'static str>, Option<String>, Option<String>, Option<i64>);

fn texts() -> impl Strategy<Value = Option<String>> {
    let word = prop::sample::select(vec![
        "",
        "curl",
        "CURL ",
        "wget",
        "sk",
        "S\u{212a}",
        "\u{17f}k",
        "/etc/passwd",
        "é",
        "É",
        "*",
        "a",
        "ab",
        ".exe",
    ]);
    prop::option::weighted(0.9, prop::collection::vec(word, 0..4).prop_map(|words| words.concat()))
}

/// A JSON text with the value under `k`, escaped as little as possible or throughout.
fn json() -> impl Strategy<Value = Option<String>> {
    (texts(), any::<bool>()).prop_map(|(value, escaped)| {
        let value = value?;
        if !escaped {
            return Some(serde_json::json!({ "n": 1, "k": value }).to_string());
        }
        let units: Vec<String> = value.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        let units = units.concat();
        Some(format!(r#"{{"k": "{units}"}}"#))
    })
}

fn events() -> impl Strategy<Value = Vec<Row>> {
    let kind = prop::sample::select(vec![Some("PROCESS"), Some("process"), Some("FILE"), Some("x"), None]);
    let path = prop_oneof![texts(), json()];
    prop::collection::vec((kind, texts(), path, prop::option::of(-2i64..4)), 1..12)
}

fn literal() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "curl",
        "Wget",
        "sk",
        "SK",
        "passwd",
        "/etc/*",
        "*.exe",
        "c*l*",
        "*",
        "é",
        "ab",
        "a",
        "",
        "etc/passwdé",
    ])
    .prop_map(str::to_owned)
}

fn regex() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "(?i)(curl|wget)",
        "sk+",
        "(?i)sk$",
        "^/etc",
        "[0-9]",
        "(?i)é",
        "cur.*passwd",
        "[a-z/]{6}",
        "(?i)[k-sé]{5,}",
    ])
    .prop_map(str::to_owned)
}

fn condition() -> impl Strategy<Value = String> {
    let column = || prop::sample::select(vec!["cmd", "path", "event_type", "path -> k", "n -> k"]);
    let leaf = prop_oneof![
        (column(), literal()).prop_map(|(c, l)| format!("{c} = \"{l}\"")),
        (column(), literal()).prop_map(|(c, l)| format!("{c} != \"{l}\"")),
        (column(), literal()).prop_map(|(c, l)| format!("{c} contains \"{l}\"")),
        (column(), literal()).prop_map(|(c, l)| format!("{c} not contains \"{l}\"")),
        (column(), regex()).prop_map(|(c, r)| format!("{c} ~= \"{r}\"")),
        (column(), literal(), literal()).prop_map(|(c, a, b)| format!("{c} in (\"{a}\", \"{b}\")")),
        (column(), literal(), literal()).prop_map(|(c, a, b)| format!("{c} not in (\"{a}\", \"{b}\")")),
        column().prop_map(|c| format!("{c} = null")),
        column().prop_map(|c| format!("{c} != null")),
        (prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]), -2i64..4)
            .prop_map(|(o, n)| format!("n {o} {n}")),
        (-2i64..4, -2i64..4).prop_map(|(a, b)| format!("n in ({a}, {b})")),
        Just("event_type = \"PROCESS\"".to_owned()),
        (column(), column()).prop_map(|(a, b)| format!("{a} = {b}")),
        (column(), column()).prop_map(|(a, b)| format!("lowercase({a}) = lowercase({b})")),
        literal().prop_map(|l| format!("lowercase(cmd) contains \"{l}\"")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" and "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" or "))),
            inner.prop_map(|one| format!("not ({one})")),
        ]
    })
}

/// How columns of text are stored.
#[derive(Clone, Copy, Debug)]
enum Layout {
    View,
    Plain,
    Dictionary,
}

fn layout() -> impl Strategy<Value = Layout> {
    prop::sample::select(vec![Layout::View, Layout::Plain, Layout::Dictionary])
}

fn batch(rows: &[Row], layout: Layout) -> RecordBatch {
    let text = |values: Vec<Option<&str>>| -> ArrayRef {
        match layout {
            Layout::View => Arc::new(StringViewArray::from(values)),
            Layout::Plain => Arc::new(StringArray::from(values)),
            Layout::Dictionary => Arc::new(values.into_iter().collect::<DictionaryArray<Int32Type>>()),
        }
    };
    let number: ArrayRef = Arc::new(rows.iter().map(|row| row.3).collect::<Int64Array>());
    let place: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows.len() as i64));
    RecordBatch::try_from_iter_with_nullable([
        (COLUMNS[0], text(rows.iter().map(|row| row.0).collect()), true),
        (COLUMNS[1], text(rows.iter().map(|row| row.1.as_deref()).collect()), true),
        (COLUMNS[2], text(rows.iter().map(|row| row.2.as_deref()).collect()), true),
        ("n", number, true),
        ("place", place, true),
    ])
    .unwrap()
}

pub(super) fn env() -> Env {
    let text = COLUMNS.iter().map(|name| ((*name).to_owned(), Type::String));
    let numbers = ["n", "place"].iter().map(|name| ((*name).to_owned(), Type::Int));
    let columns = text.chain(numbers).collect();
    let inputs = vec![Input { name: "t".to_owned(), columns, ..Input::default() }];
    Env { inputs, with_data: true, ..Env::new(Mode::Compat) }
}

fn plan(condition: &str) -> Option<Plan> {
    let checked = atalanta_xql::check(&format!("dataset = t | filter {condition}"), &env());
    let wrong = checked.diagnostics.iter().any(|one| one.severity == atalanta_diag::Severity::Error);
    (!wrong).then_some(checked.resolved.plan)
}

/// The rows that a planned query gives.
fn by_query(plan: &Plan, batch: &RecordBatch) -> Vec<u32> {
    let mut session = Session::new(SessionOptions { threads: 1, ..SessionOptions::default() }).unwrap();
    session.add_batches("t", batch.schema(), vec![batch.clone()]).unwrap();
    let outcome = session.prepare(plan).unwrap().run().unwrap();
    let mut rows: Vec<u32> = Vec::new();
    for batch in &outcome.batches {
        let at = batch.schema_ref().index_of("place").unwrap();
        let column = batch.column(at).as_any().downcast_ref::<Int64Array>().unwrap().clone();
        rows.extend((0..column.len()).map(|row| column.value(row) as u32));
    }
    rows.sort_unstable();
    rows
}

fn conditions(plan: &Plan) -> Vec<&Expr> {
    let filters = row_wise(plan).0.iter().filter_map(|operation| match &operation.kind {
        OperationKind::Filter(condition) => Some(condition),
        _ => None,
    });
    filters.collect()
}

/// The rows that come through the matcher and then through the row plan, by rule; `before` was looked at before.
fn by_matcher(plans: &[Plan], before: &RecordBatch, batch: &RecordBatch, counted: bool) -> Vec<Vec<u32>> {
    let conditions: Vec<_> = plans.iter().map(conditions).collect();
    let mut found = vec![Vec::new(); plans.len()];
    let mut matcher = Matcher::new(&conditions);
    if counted {
        matcher.frequency = Frequency::of_each_batch();
    }
    let places = matcher.places(batch.schema_ref());
    matcher.candidates(before, &places);
    for one in matcher.candidates(batch, &places) {
        let chosen =
            arrow::compute::take_record_batch(batch, &arrow::array::UInt32Array::from(one.rows.clone()))
                .unwrap();
        let compiled = RowPlan::compile(row_wise(&plans[one.rule]).0, chosen.schema_ref()).unwrap();
        let (_, places) = compiled.run(&chosen).unwrap();
        assert!(!one.certain || places.len() == one.rows.len(), "{:?}", conditions[one.rule]);
        found[one.rule] = places.iter().map(|place| one.rows[*place as usize]).collect();
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn all_rules_at_once_give_what_each_query_gives(
        conditions in prop::collection::vec(condition(), 1..6),
        before in events(),
        rows in events(),
        (earlier, layout) in (layout(), layout()),
        counted: bool,
    ) {
        let plans: Vec<Plan> = conditions.iter().filter_map(|condition| plan(condition)).collect();
        let (before, batch) = (batch(&before, earlier), batch(&rows, layout));
        let found = by_matcher(&plans, &before, &batch, counted);
        for (plan, found) in plans.iter().zip(found) {
            prop_assert_eq!(found, by_query(plan, &batch), "{:?}", conditions);
        }
    }
}

#[test]
fn candidates_are_few() {
    let rules: Vec<Plan> = (0..200)
        .map(|n| plan(&format!("event_type = \"PROCESS\" and cmd contains \"needle{n:03}\"")).unwrap())
        .collect();
    let conditions: Vec<_> = rules
        .iter()
        .map(|plan| match &plan.operations[1].kind {
            OperationKind::Filter(condition) => vec![condition],
            other => panic!("{other:?}"),
        })
        .collect();
    let mut matcher = Matcher::new(&conditions);
    assert_eq!((matcher.size().anchored, matcher.size().every_row), (200, 0));
    let rows: Vec<Row> = (0..100)
        .map(|n| {
            (Some(if n % 2 == 0 { "PROCESS" } else { "FILE" }), Some(format!("x NEEDLE{n:03} y")), None, None)
        })
        .collect();
    let rows = batch(&rows, Layout::View);
    let places = matcher.places(rows.schema_ref());
    // The later rounds are those with anchors that were counted.
    for _ in 0..100 {
        let found = matcher.candidates(&rows, &places);
        assert_eq!(found.len(), 50);
        assert!(found.iter().all(|one| one.certain && one.rows == [one.rule as u32]));
    }
}

/// A row with its command and JSON text.
fn row(cmd: &str, json: &str) -> Row {
    (Some("PROCESS"), Some(cmd.to_owned()), Some(json.to_owned()), None)
}

#[test]
fn literals_beyond_what_is_searched_for_are_found() {
    let texts: Vec<String> = vec!["a".repeat(300), format!("{}zqxj", "a".repeat(300)), "hello".to_owned()];
    let mut plans: Vec<Plan> = texts.iter().map(|text| plan(&format!("cmd = \"{text}\"")).unwrap()).collect();
    plans.push(plan("cmd contains \"hello\"").unwrap());
    let rows: Vec<Row> = texts.iter().map(|text| row(&text.to_uppercase(), "")).collect();
    let batch = batch(&rows, Layout::View);
    assert_eq!(by_matcher(&plans, &batch, &batch, true), [vec![0], vec![1], vec![2], vec![2]]);
}

#[test]
fn what_a_hostile_value_wakes_is_verified() {
    let plans: Vec<Plan> = (0..300)
        .map(|n| plan(&format!("cmd contains \"aaaaa{n}\" or path -> k = \"needle{n}\"")).unwrap())
        .collect();
    let conditions: Vec<_> = plans.iter().map(conditions).collect();
    let mut matcher = Matcher::new(&conditions);
    let rows = [row(&"a".repeat(200_000), &format!("{{\"k\":\"{}\"}}", "\\u003c".repeat(50_000)))];
    let batch = batch(&rows, Layout::View);
    let places = matcher.places(batch.schema_ref());
    assert_eq!(matcher.candidates(&batch, &places), []);
}

#[test]
fn names_of_columns_are_those_of_the_engine() {
    let plans = [plan("cmd = \"evil\"").unwrap()];
    let conditions: Vec<_> = plans.iter().map(conditions).collect();
    let mut matcher = Matcher::new(&conditions);
    let found = |matcher: &mut Matcher, names: [&str; 2]| {
        let text = |text: &str| -> ArrayRef { Arc::new(StringViewArray::from(vec![text])) };
        let columns = [(names[0], text("evil"), true), (names[1], text("z"), true)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let places = matcher.places(batch.schema_ref());
        matcher.candidates(&batch, &places).len()
    };
    assert_eq!(found(&mut matcher, ["CMD", "other"]), 1);
    assert_eq!(found(&mut matcher, ["CMD", "cmd"]), 0);
    assert_eq!(found(&mut matcher, ["cmd", "CMD"]), 1);
}
