//! The Parquet scan gives the same rows as the same events in memory, whatever the conditions and the layout.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use atalanta_engine::grams::{self, Settings};
use atalanta_engine::session::{Prepared, Session, SessionOptions};
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::resolve::resolve;
use atalanta_xql::syntax::parse;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

const ROWS: i64 = 700;

/// Texts with few values, texts with many, numbers, nulls, arrays; `only_late` is missing in the first file.
fn batch(file: i64) -> RecordBatch {
    let rows = file * ROWS..(file + 1) * ROWS;
    let sometimes = |n: i64, every: i64| n % every != 0;
    let kinds = ["PROCESS", "NETWORK", "FILE", "\u{212a}ELVIN"];
    let kind: StringArray =
        rows.clone().map(|n| sometimes(n, 13).then(|| kinds[(n * n % 7 % 4) as usize])).collect();
    let command: StringArray = rows
        .clone()
        .map(|n| {
            sometimes(n, 11).then(|| {
                format!("python3 run_{n}.py --export model_{}.pkl {}", n % 17, "x".repeat((n % 90) as usize))
            })
        })
        .collect();
    let bytes: Int64Array = rows.clone().map(|n| sometimes(n, 5).then_some(n * 37 % 1000)).collect();
    let score: Float64Array =
        rows.clone().map(|n| sometimes(n, 3).then_some((n % 40) as f64 / 4.0)).collect();
    let time = TimestampMicrosecondArray::from_iter_values(
        rows.clone().map(|n| 1_772_442_000_000_000 + n * 1_000_000),
    )
    .with_timezone("UTC");
    let mut tags = ListBuilder::new(StringBuilder::new());
    for n in rows.clone() {
        if sometimes(n, 4) {
            tags.values().append_value(if n % 2 == 0 { "even" } else { "odd" });
            tags.values().append_option((n % 3 == 0).then_some("third"));
        }
        tags.append(sometimes(n, 4));
    }
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("_time", Arc::new(time)),
        ("kind", Arc::new(kind)),
        ("command", Arc::new(command)),
        ("bytes", Arc::new(bytes)),
        ("score", Arc::new(score)),
        ("tags", Arc::new(tags.finish())),
    ];
    if file > 0 {
        let late: StringArray = rows.map(|n| (n % 2 == 0).then(|| format!("late{}", n % 3))).collect();
        columns.push(("only_late", Arc::new(late)));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn with_views(batch: &RecordBatch) -> RecordBatch {
    let view = |array: &ArrayRef| match array.data_type() {
        DataType::Utf8 => cast(array, &DataType::Utf8View).unwrap(),
        _ => Arc::clone(array),
    };
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, array)| (field.name().clone(), view(array), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

struct Both {
    memory: Session,
    files: Session,
    _folder: tempfile::TempDir,
}

fn both(group_rows: usize, dictionary: bool) -> Both {
    let options = SessionOptions { threads: 2, ..SessionOptions::default() };
    let (mut memory, mut files) = (Session::new(options.clone()).unwrap(), Session::new(options).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<PathBuf> = Vec::new();
    for file in 0..3 {
        let batch = batch(file);
        let path = folder.path().join(format!("{file}.parquet"));
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(group_rows))
            .set_data_page_row_count_limit(64)
            .set_write_batch_size(32)
            .set_dictionary_enabled(dictionary)
            .set_bloom_filter_enabled(true)
            .build();
        // The second file has text maps, whose texts are views.
        let written = if file == 1 { with_views(&batch) } else { batch.clone() };
        let mut writer =
            ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), written.schema(), Some(properties))
                .unwrap();
        writer.write(&written).unwrap();
        let (mut writer, _) = writer.into_serialized_writer().unwrap();
        let settings = Settings { page_rows: 50, share: 1.0, looked_up: &[] };
        grams::append(&mut writer, &written, &settings).unwrap();
        writer.close().unwrap();
        paths.push(path);
        memory.add_batches("events", batch.schema(), vec![batch]).unwrap();
    }
    files.add_parquet("events", &paths).unwrap();
    Both { memory, files, _folder: folder }
}

pub(crate) fn prepared<'a>(session: &'a Session, query: &str) -> Prepared<'a> {
    let plan = resolve(&parse(query).query, &session.env()).plan;
    session.prepare(&plan).unwrap_or_else(|error| panic!("{query}: {error}"))
}

pub(crate) fn rows(session: &Session, query: &str) -> Vec<String> {
    let outcome = prepared(session, query).run().unwrap_or_else(|error| panic!("{query}: {error}"));
    let mut rows = Vec::new();
    for batch in &outcome.batches {
        let options = arrow::util::display::FormatOptions::default();
        let formatters: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| arrow::util::display::ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            rows.push(formatters.iter().map(|f| f.value(row).to_string()).collect::<Vec<_>>().join("|"));
        }
    }
    rows
}

fn agree(both: &Both, query: &str) {
    let (mut expected, mut found) = (rows(&both.memory, query), rows(&both.files, query));
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{query}");
}

/// Conditions of every kind of cost: dictionaries, long texts, numbers, nulls, arrays, several columns.
const CONDITIONS: &[&str] = &[
    "kind = PROCESS",
    "kind = \"process\"",
    "kind != \"FILE\"",
    "kind = null",
    "kind != null",
    "kind contains \"kelvin\"",
    "kind in (\"net*\", \"file\")",
    "command contains \"MODEL_3.\"",
    "command ~= \"(?i)(export|save)\"",
    "command ~= \"run_1[0-9]*5[.]py\"",
    "command = \"*xxxx\"",
    "command = null",
    "bytes > 500",
    "bytes >= 100 and bytes < 120",
    "score = 2.5",
    "tags = \"third\"",
    "only_late = \"late1\"",
    "only_late = null",
    "(kind = \"FILE\" or command contains \"run_7\")",
    "(bytes > 900 or score < 1 or only_late contains \"2\")",
    "lowercase(kind) = \"process\"",
    "command contains \"no such text\"",
    "_time < to_timestamp(1772442300)",
];

const ENDS: &[&str] = &[
    "fields *",
    "fields command, bytes",
    "comp count() as n",
    "comp count() as n, sum(bytes) as b by kind",
    "sort desc _time | limit 7 | fields _time, kind, command",
    "alter upper = uppercase(command) | fields upper, kind",
    "fields only_late, tags",
];

#[test]
fn each_condition_gives_the_same_rows() {
    for (group_rows, dictionary) in [(100, true), (700, true), (256, false)] {
        let both = both(group_rows, dictionary);
        for condition in CONDITIONS {
            agree(&both, &format!("dataset = events | filter {condition} | fields _time, kind, command"));
        }
        for end in ENDS {
            agree(&both, &format!("dataset = events | {end}"));
        }
    }
}

#[test]
fn row_groups_without_a_possible_row_are_skipped() {
    let both = both(100, true);
    let pruned = |query: &str| {
        let prepared = prepared(&both.files, query);
        prepared.run().unwrap();
        let text: String = prepared.explain().sections.into_iter().map(|(_, text)| text).collect();
        let at = text.find("row_groups_pruned=").unwrap_or_else(|| panic!("{text}"));
        text[at + 18..].chars().take_while(char::is_ascii_digit).collect::<String>().parse::<usize>().unwrap()
    };
    assert_eq!(
        pruned("dataset = events | filter _time < to_timestamp(1772442100) | fields command"),
        20,
        "by statistics"
    );
    let exact = "config case_sensitive = true | dataset = events | filter command = \"no such command\" | fields bytes";
    assert_eq!(pruned(exact), 21, "by bloom filters");
    assert!(
        pruned("dataset = events | sort desc _time | limit 5 | fields _time, command") >= 17,
        "by what sort has found"
    );
}

#[test]
fn what_fails_on_a_row_that_another_condition_drops_is_no_error() {
    let both = both(100, true);
    for (guard, test) in [
        ("score != 0 and score != null", "divide(1000, score) > 2"),
        ("kind = \"PROCESS\" and score != 0 and score != null", "divide(len(command), score) > 2"),
    ] {
        // The one order and the other: a query does not say which comes first.
        for filters in [format!("{guard} and {test}"), format!("{test} and {guard}")] {
            let query = format!("dataset = events | filter {filters} | comp count() as n");
            let env = Env { mode: Mode::Strict, ..both.files.env() };
            let plan = resolve(&parse(&query).query, &env).plan;
            let found =
                both.files.prepare(&plan).unwrap().run().unwrap_or_else(|error| panic!("{query}: {error}"));
            let counted = found.batches[0].column(0).as_primitive::<Int64Type>().value(0);
            assert!(counted > 10, "{query}: {counted}");
        }
        let unguarded = format!("dataset = events | filter {test} | comp count() as n");
        let env = Env { mode: Mode::Strict, ..both.files.env() };
        let plan = resolve(&parse(&unguarded).query, &env).plan;
        let error = both.files.prepare(&plan).unwrap().run().unwrap_err();
        assert!(error.to_string().contains("zero"), "{error}");
    }
}

#[test]
fn a_prepared_query_runs_again() {
    let both = both(100, true);
    let prepared = prepared(&both.files, "dataset = events | filter bytes > 10 | comp count() as n");
    let first = prepared.run().unwrap();
    assert_eq!(first.batches, prepared.run().unwrap().batches);
    assert_eq!(first.rows, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn conditions_together_give_the_same_rows(
        picked in prop::collection::vec(prop::sample::select(CONDITIONS), 1..4),
        end in prop::sample::select(ENDS),
        group_rows in prop::sample::select(vec![64_usize, 333, 5000]),
        dictionary: bool,
    ) {
        let both = both(group_rows, dictionary);
        let filters: Vec<String> = picked.iter().map(|condition| format!("| filter {condition}")).collect();
        agree(&both, &format!("dataset = events {} | {end}", filters.join(" ")));
    }
}
