//! Text maps and what is remembered of files: never another answer, and far fewer pages.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use atalanta_engine::grams::{self, Checked, Settings};
use atalanta_engine::scan::{FileMemory, PageCounts};
use atalanta_engine::session::{Outcome, Session, SessionOptions};
use atalanta_objects::Place;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use proptest::prelude::*;

use crate::scan::{prepared, rows};

/// 2026-11-20 00:00:00 UTC in seconds.
const DAY: i64 = 1_795_132_800;
const PAGE_ROWS: usize = 16;

type Row = (Option<String>, Option<String>, i64);

/// Rows a second apart, from `first` seconds after [`DAY`] on.
fn batch(first: i64, values: &[Row]) -> RecordBatch {
    let times = (0..).zip(values).map(|(second, _)| (DAY + first + second) * 1_000_000);
    let times = TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC");
    let text = |of: fn(&Row) -> &Option<String>| -> ArrayRef {
        Arc::new(values.iter().map(|row| of(row).as_deref()).collect::<StringViewArray>())
    };
    let numbers = Int64Array::from_iter_values(values.iter().map(|row| row.2));
    let columns: [(&str, ArrayRef); 4] = [
        ("_time", Arc::new(times)),
        ("command", text(|row| &row.0)),
        ("user_id", text(|row| &row.1)),
        ("n", Arc::new(numbers)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

/// A file with small pages and maps; `command` has maps, `user_id` a bloom filter unless it is to have maps too.
fn write(path: &Path, rows: &RecordBatch, group_rows: usize, looked_up: bool) {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group_rows))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_dictionary_enabled(false)
        .set_column_bloom_filter_enabled(ColumnPath::from("user_id"), looked_up)
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).unwrap();
    writer.write(rows).unwrap();
    let (mut writer, _) = writer.into_serialized_writer().unwrap();
    let columns = if looked_up { vec!["user_id".to_owned()] } else { Vec::new() };
    // The smallest maps are a good part of files as small as these.
    let settings = Settings { page_rows: PAGE_ROWS, share: 1.0, looked_up: &columns };
    grams::append(&mut writer, rows, &settings).unwrap();
    writer.close().unwrap();
}

fn session() -> Session {
    Session::new(SessionOptions { threads: 2, ..SessionOptions::default() }).unwrap()
}

fn check(path: &Path, deep: bool) -> Result<Option<Checked>, String> {
    grams::check(&Place::Disk(path.to_path_buf()), deep)
}

fn over(paths: &[PathBuf], memory: &Arc<FileMemory>) -> Session {
    let mut session = session();
    let places: Vec<Place> = paths.iter().cloned().map(Place::Disk).collect();
    session.add_immutable("events", &places, memory).unwrap();
    session
}

fn run(session: &Session, query: &str) -> Outcome {
    prepared(session, query).run().unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// A file of 20 row groups with 4 pages each; row 700 alone holds the needle.
fn haystack(path: &Path) {
    let values: Vec<Row> = (0..1280)
        .map(|n| {
            let command =
                if n == 700 { "curl -T x | Invoke-MimiKatz".to_owned() } else { format!("run {n}") };
            (Some(command), Some(format!("user{:04}", n / 2)), n)
        })
        .collect();
    write(path, &batch(0, &values), 64, true);
}

#[test]
fn a_needle_is_read_in_its_page_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    haystack(&path);
    assert!(check(&path, true).unwrap().unwrap().maps >= 80);
    let mut files = session();
    files.add_parquet("events", std::slice::from_ref(&path)).unwrap();
    for (condition, found, read) in [
        ("command contains \"mimikatz\"", 1, 1),
        ("command contains \"powershell\"", 0, 0),
        ("command ~= \"(?i)invoke-(mimi|rubeus).+z\"", 1, 1),
        ("command = \"*mimikatz\"", 1, 1),
        ("command in (\"nothing\", \"curl*mimikatz\")", 1, 1),
        ("command contains \"mimikatz\" and command contains \"curl -t\"", 1, 1),
        ("(command contains \"mimikatz\" or command contains \"powershell\")", 1, 1),
        ("(command contains \"mimikatz\" or n = 3)", 2, 80),
        ("command not contains \"mimikatz\"", 1279, 80),
        ("command contains \"mim\"", 1, 80),
    ] {
        let outcome = run(&files, &format!("dataset = events | filter {condition} | fields n"));
        assert_eq!((outcome.rows, outcome.pages.read), (found, read), "{condition}: {:?}", outcome.pages);
        assert_eq!(outcome.pages.read + outcome.pages.by_maps, 80, "{condition}");
    }
    let text: String = {
        let prepared = prepared(&files, "dataset = events | filter command contains \"mimikatz\" | fields n");
        prepared.run().unwrap();
        prepared.explain().sections.into_iter().map(|(_, text)| text).collect()
    };
    assert!(text.contains("pages_skipped_by_maps=79") && text.contains("pages_read=1"), "{text}");
}

#[test]
fn lines_of_rows_in_skipped_files_are_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    haystack(&path);
    let mut files = Session::new(SessionOptions { provenance: true, ..SessionOptions::default() }).unwrap();
    files.add_parquet("events", &[path]).unwrap();
    let found = rows(&files, "dataset = events | filter command contains \"mimikatz\" | fields n");
    let all = rows(&files, "dataset = events | filter n = 700 | fields n");
    assert_eq!(found, all);
    assert!(found[0].contains("700") && found[0].len() > 3, "{found:?}");
}

#[test]
fn bloom_filters_skip_row_groups_whatever_the_case() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    haystack(&path);
    let mut files = session();
    files.add_parquet("events", &[path]).unwrap();
    for (condition, found, most) in [
        ("user_id = \"USER0350\"", 2, 2),
        ("user_id in (\"User0350\", \"user0001\")", 4, 4),
        ("user_id = \"nobody\"", 0, 2),
        ("user_id contains \"user0350\"", 2, 20),
    ] {
        let query = format!("dataset = events | filter {condition} | fields n");
        let prepared = prepared(&files, &query);
        assert_eq!(prepared.run().unwrap().rows, found, "{condition}");
        let text: String = prepared.explain().sections.into_iter().map(|(_, text)| text).collect();
        let at = text.find("row_groups_pruned=").unwrap() + 18;
        let pruned: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
        let read = 20 - pruned.parse::<usize>().unwrap();
        assert!(read <= most && (most < 20 || read == 20), "{condition}: {read} row groups");
    }
}

/// `bytes` with one changed.
fn damaged(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 0x10;
    bytes
}

#[test]
fn damaged_maps_cost_time_and_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    haystack(&path);
    let whole = std::fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&whole).into_owned();
    let entry = text.rfind("1 16 ").unwrap();
    // Lossy text has other offsets; the entry is found again in the bytes.
    let entry_at = whole.windows(5).rposition(|five| five == &text.as_bytes()[entry..entry + 5]).unwrap();
    let numbers: Vec<usize> = String::from_utf8_lossy(&whole[entry_at..entry_at + 40])
        .split(' ')
        .map_while(|word| word.parse().ok())
        .collect();
    let (maps, directory) = (numbers[2], numbers[3]);
    let query = "dataset = events | filter command contains \"mimikatz\" | fields n";
    for (what, bytes) in [
        ("every map", (maps..directory).fold(whole.clone(), damaged)),
        ("a map", damaged(whole.clone(), maps + 3)),
        ("the directory", damaged(whole.clone(), directory + 9)),
        ("the entry", damaged(whole.clone(), entry_at + 5)),
        ("the version", damaged(whole.clone(), entry_at)),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let memory = Arc::new(FileMemory::default());
        let outcome = run(&over(std::slice::from_ref(&path), &memory), query);
        assert_eq!(outcome.rows, 1, "{what}");
        assert!(outcome.pages.damaged > 0 && memory.counts().damaged > 0, "{what}: {:?}", outcome.pages);
        assert!(check(&path, false).is_err(), "{what}");
    }
}

#[test]
fn a_map_of_other_rows_is_found_by_a_deep_check() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
    let values =
        |word: &str| -> Vec<Row> { (0..64).map(|n| (Some(format!("{word} {n}")), None, n)).collect() };
    write(&one, &batch(0, &values("first")), 64, false);
    write(&two, &batch(0, &values("other")), 64, false);
    assert!(check(&one, true).unwrap().is_some());
    // Both files have the same layout: the maps of one in the place of the other's, checksums and all.
    let (first, second) = (std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
    assert_eq!(first.len(), second.len());
    let needle = b"1 16 ";
    let at = first.windows(5).rposition(|five| five == needle).unwrap();
    let text = String::from_utf8_lossy(&first[at..at + 60]).into_owned();
    let start: usize = text.split(' ').nth(2).unwrap().parse().unwrap();
    let mixed = [&first[..start], &second[start..]].concat();
    std::fs::write(&one, mixed).unwrap();
    assert!(check(&one, false).unwrap().is_some());
    let error = check(&one, true).unwrap_err();
    assert!(error.contains("is not in the map of its page"), "{error}");
}

#[test]
fn what_found_nothing_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    haystack(&path);
    let memory = Arc::new(FileMemory::default());
    let query = "dataset = events | filter n > 2000 and command contains \"run\" | fields n";
    let ask = |query: &str| {
        let outcome = run(&over(std::slice::from_ref(&path), &memory), query);
        (outcome.rows, outcome.pages.read, outcome.pages.by_memory)
    };
    // Statistics prune by `n`: the other way round they cannot.
    let query_of = |window: &str| {
        format!("dataset = events | filter {window} command contains \"N 70\" and n + 0 = 700 | fields n")
    };
    let (none, window) = (query_of(""), query_of("_time >= to_timestamp(1795132860) and"));
    let (first_rows, first, _) = ask(&none);
    let (again_rows, again, known) = ask(&none);
    assert_eq!((first_rows, again_rows), (0, 0));
    assert!(first > 0 && again == 0 && known == 80, "{first} pages, then {again}");
    // Another range of time, and conditions in another order.
    assert_eq!((ask(&window).0, ask(&window).1), (0, 0));
    let turned = "dataset = events | filter n + 0 = 700 and command contains \"N 70\" | fields n";
    assert_eq!(ask(turned).1, 0);
    assert_eq!(ask(query).0, 0);
    // Another needle is another question.
    let other = "dataset = events | filter command contains \"katz\" and n + 0 = 700 | fields n";
    assert_eq!(ask(other).0, 1);
    assert_eq!((ask(other).0, ask(other).1), (1, 1));
}

#[test]
fn pages_at_the_edge_of_a_time_range_are_read_when_it_moves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    haystack(&path);
    let memory = Arc::new(FileMemory::default());
    let ask = |from: i64, to: i64| {
        let query = format!(
            "dataset = events | filter _time >= to_timestamp({}) and _time < to_timestamp({}) and command contains \"katz\" | fields n",
            DAY + from,
            DAY + to
        );
        run(&over(std::slice::from_ref(&path), &memory), &query)
    };
    // The page of the needle is partly within the first range, and the needle is not.
    assert_eq!(ask(0, 698).rows, 0);
    assert_eq!(ask(0, 698).rows, 0);
    assert_eq!(ask(0, 710).rows, 1);
    assert_eq!(ask(701, 1280).rows, 0);
    assert_eq!(ask(690, 1280).rows, 1);
}

#[test]
fn new_and_changed_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
    let memory = Arc::new(FileMemory::default());
    let values =
        |word: &str| -> Vec<Row> { (0..64).map(|n| (Some(format!("{word} {n}")), None, n)).collect() };
    let query = "dataset = events | filter command contains \"ab\" | fields command | limit 1";
    write(&one, &batch(0, &values("nothing")), 64, false);
    assert_eq!(run(&over(std::slice::from_ref(&one), &memory), query).rows, 0);
    let again = run(&over(std::slice::from_ref(&one), &memory), query);
    assert_eq!((again.rows, again.pages.read, again.pages.by_memory), (0, 0, 4));
    write(&two, &batch(100, &values("ab")), 64, false);
    let both = run(&over(&[one.clone(), two], &memory), query);
    assert_eq!((both.rows, both.pages.by_memory), (1, 4));
    // The same place, another content.
    write(&one, &batch(0, &values("and now cd ab")), 64, false);
    assert_eq!(run(&over(&[one], &memory), query).rows, 1);
}

#[test]
fn the_memory_keeps_to_its_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    haystack(&path);
    let memory = Arc::new(FileMemory::with_limits(1000, 20_000));
    for needle in 0..30 {
        let query = format!("dataset = events | filter command contains \"zz{needle}\" | fields n");
        assert_eq!(run(&over(std::slice::from_ref(&path), &memory), &query).rows, 0);
        let (footers, misses) = memory.held();
        assert!(footers <= 1000 && misses <= 20_000, "{footers} and {misses} bytes");
    }
    // The newest question is still known.
    let query = "dataset = events | filter command contains \"zz29\" | fields n";
    assert_eq!(
        run(&over(&[path], &memory), query).pages,
        PageCounts { by_memory: 80, ..PageCounts::default() }
    );
}

/// Words with folding traps, short and long ones.
const WORDS: &[&str] = &[
    "mimikatz",
    "MimiKatz",
    "\u{212a}ube\u{17f}ecret",
    "kubesecret",
    "/etc/passwd",
    "чтение",
    "ЧТЕНИЕ",
    "模型权重",
    "ß\u{1e9e}\u{23a}",
    "\u{2c65}é",
    "É",
    "ab",
    "abc",
    "x",
    "",
    "run 1",
    "SELECT * FROM t",
    "aaaa",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
];

fn text() -> impl Strategy<Value = Option<String>> {
    let words = prop::collection::vec(prop::sample::select(WORDS), 0..4);
    prop::option::weighted(0.85, words.prop_map(|words| words.join(" ")))
}

/// A piece of some words in one case or the other, without what is special in patterns.
fn needle() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(prop::sample::select(WORDS), 1..3);
    (words, 0_usize..6, 0_usize..9, 0_u8..3).prop_map(|(words, from, length, case)| {
        let plain = |c: &char| !"*.()".contains(*c);
        let piece: String = words.join(" ").chars().filter(plain).skip(from).take(length).collect();
        match case {
            0 => piece.to_lowercase(),
            1 => piece.to_uppercase(),
            _ => piece,
        }
    })
}

fn condition() -> impl Strategy<Value = String> {
    let column = prop::sample::select(&["command", "user_id"][..]);
    let one =
        (column, needle(), needle(), 0_u8..12, 0_i64..40).prop_map(
            |(column, one, two, kind, n)| match kind {
                0 | 1 => format!("{column} contains \"{one}\""),
                2 => format!("{column} not contains \"{one}\""),
                3 => format!("{column} ~= \"(?i){one}.*{two}\""),
                4 => format!("{column} ~= \"({one}|x{two}+)a?\""),
                5 => format!("{column} in (\"*{one}*\", \"{two}\")"),
                6 => format!("{column} = \"{one}*{two}\""),
                7 => format!("{column} = \"{one}\""),
                8 => format!("{column} != \"*{one}\""),
                9 => format!("{column} not in (\"{one}\", \"{two}*\")"),
                10 => format!("n > {n}"),
                _ => format!("({column} = null or {column} contains \"{one}\")"),
            },
        );
    one.prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), inner, any::<bool>())
            .prop_map(|(one, two, and)| format!("({one} {} {two})", if and { "and" } else { "or" }))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn maps_and_memory_change_no_answer(
        values in prop::collection::vec((text(), text(), 0_i64..40), 1..200),
        conditions in prop::collection::vec(condition(), 1..5),
        group_rows in prop::sample::select(vec![24_usize, 64, 1000]),
        looked_up: bool, sensitive: bool, from in 0_i64..200,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let all = batch(0, &values);
        write(&path, &all, group_rows, looked_up);
        check(&path, true).unwrap();
        let mut plain = session();
        plain.add_batches("events", all.schema(), vec![all]).unwrap();
        let memory = Arc::new(FileMemory::default());
        let files = over(std::slice::from_ref(&path), &memory);
        for condition in &conditions {
            for window in [0, from, from / 2] {
                let query = format!(
                    "config case_sensitive = {sensitive} | dataset = events \
                     | filter _time >= to_timestamp({}) | filter {condition} | fields _time, command, n",
                    DAY + window
                );
                let mut expected = rows(&plain, &query);
                let mut found = rows(&files, &query);
                expected.sort();
                found.sort();
                prop_assert_eq!(found, expected, "{}", query);
            }
        }
    }
}
