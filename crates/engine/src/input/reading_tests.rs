//! The readers from bytes to records: every format, every kind of damage, and properties over arbitrary bytes.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::progress::{NoProgress, Progress};
use super::records::{Limits, RawRecord, for_each_record_in};
use super::{ProblemKind, Problems};

/// Reads a stream to its end.
fn read_from(stream: impl Read, name: &str, limits: &Limits) -> (Vec<RawRecord>, Problems) {
    let (mut records, mut problems) = (Vec::new(), Problems::new());
    for_each_record_in(stream, Path::new(name), limits, &NoProgress, &mut problems, &mut |record| {
        records.push(record);
        ControlFlow::Continue(())
    });
    (records, problems)
}

/// Reads bytes with the default limits and gives records as `line:text`.
fn read(bytes: &[u8], name: &str) -> (Vec<String>, Vec<String>) {
    let (records, problems) = read_from(bytes, name, &Limits::default());
    for (index, record) in records.iter().enumerate() {
        assert_eq!(record.ordinal, index as u64);
    }
    let show = |record: &RawRecord| format!("{}:{}", record.line, String::from_utf8_lossy(&record.bytes));
    (records.iter().map(show).collect(), problems.list.iter().map(ToString::to_string).collect())
}

/// The same as [`read`] over a stream that gives three bytes at a time.
fn read_in_small_steps(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let (records, problems) = read_from(Dribble(bytes, 3), "x", &Limits::default());
    let show = |record: &RawRecord| format!("{}:{}", record.line, String::from_utf8_lossy(&record.bytes));
    (records.iter().map(show).collect(), problems.list.iter().map(ToString::to_string).collect())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A reader that gives at most `step` bytes at a time.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(self.1).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

#[test]
fn json_lines_with_damage() {
    let text = b"\xef\xbb\xbf{\"a\":1}\r\n\r\n{\"a\":oops}\n{\"b\":\"\xff\"}\n7\n{\"c\":1}{\"d\":2}\n[{\"e\":1},{\"f\":2}]\n{\"g\":3}";
    let (records, problems) = read(text, "x");
    assert_eq!(
        records,
        ["1:{\"a\":1}", "6:{\"c\":1}", "6:{\"d\":2}", "7:{\"e\":1}", "7:{\"f\":2}", "8:{\"g\":3}"]
    );
    assert_eq!(
        problems,
        [
            "x:3:6: expected value",
            "x:4:7: record is not UTF-8: found byte 0xff",
            "x:5:1: found a number, expected an object"
        ]
    );
}

#[test]
fn lossy_text_is_passed_on_and_reported() {
    let limits = Limits { lossy_utf8: true, ..Limits::default() };
    let (records, problems) = read_from(&b"GET /\xff 200\n"[..], "x.log", &limits);
    assert_eq!(records[0].bytes, "GET /\u{fffd} 200".as_bytes());
    assert_eq!((problems.count(ProblemKind::Encoding), problems.skipped), (1, 0));
}

#[test]
fn arrays_and_spanning_objects() {
    let (records, problems) = read(b"[\n  {\"a\": [1, {\"x\": \"]}\"}]},\n  {\n  \"b\": 2}\n]\n", "x");
    assert_eq!(records, ["2:{\"a\": [1, {\"x\": \"]}\"}]}", "3:{\n  \"b\": 2}"]);
    assert_eq!(problems, [""; 0]);
    let (records, _) = read(b"{\n\"Records\": [{\"a\":1},\n{\"b\":2}]\n}", "x");
    assert_eq!(records, ["1:{\n\"Records\": [{\"a\":1},\n{\"b\":2}]\n}"]);
    let (records, _) = read(b"{\n\"a\":1\n}{\n\"b\":2}\n", "x");
    assert_eq!(records, ["1:{\n\"a\":1\n}", "3:{\n\"b\":2}"]);
}

#[test]
fn broken_elements_cost_only_themselves() {
    let (records, problems) = read(b"[{\"a\":1},{\"b\":oops},{\"c\":3},5]", "x");
    assert_eq!(records, ["1:{\"a\":1}", "1:{\"c\":3}"]);
    assert_eq!(problems, ["x:1:15: expected value", "x:1:29: found a number, expected an object"]);
    // A bracket of the wrong kind.
    let (records, problems) = read(b"[{\"a\":[1},{\"c\":3}]", "x");
    assert_eq!(records, ["1:{\"c\":3}"]);
    assert_eq!(problems.len(), 1);
    // A string that is not closed: the nested object below is no record.
    let pretty =
        b"[\n  {\n    \"a\": \"open,\n    \"b\": {\n      \"x\": 1 }\n  },\n  {\n    \"c\": 3\n  }\n]\n";
    let (records, problems) = read(pretty, "x");
    assert_eq!(records, ["7:{\n    \"c\": 3\n  }"]);
    assert_eq!(problems, ["x:3:16: a string is not closed at the end of its line"]);
    // The end is missing.
    let (records, problems) = read(b"[\n{\"a\":1},\n{\"b\":", "x");
    assert_eq!(records, ["2:{\"a\":1}"]);
    assert_eq!(problems.len(), 2);
    assert_eq!(problems[0], "x:3:1: the value that begins here is not closed before the end");
}

#[test]
fn hostile_values() {
    let deep = format!("{{\"a\":{}1{}}}\n{{\"b\":1}}\n", "[".repeat(500), "]".repeat(500));
    let (records, problems) = read(deep.as_bytes(), "x.json");
    assert_eq!(records, ["2:{\"b\":1}"]);
    assert!(problems[0].ends_with("recursion limit exceeded"), "{problems:?}");
    let brackets = "[".repeat(100_000);
    let (records, problems) = read(brackets.as_bytes(), "x.json");
    assert_eq!((records.len(), problems.is_empty()), (0, false));
    let huge = b"{\"a\":123456789012345678901234567890}\n{\"a\":1,\"a\":2}\n{\"a\":1e999}\n";
    let (records, problems) = read(huge, "x");
    assert_eq!(records.len(), 2);
    assert_eq!(problems, ["x:3:10: number out of range"]);
}

#[test]
fn csv_rows_become_objects() {
    let text = b"time,user,n\r\n1,\"a, \"\"b\"\"\nc\",007\r\n2,,1.5\n3,x\n4,y,1,2,z\n";
    let (records, problems) = read(text, "x.csv");
    assert_eq!(
        records,
        [
            "2:{\"time\":1,\"user\":\"a, \\\"b\\\"\\nc\",\"n\":\"007\"}",
            "4:{\"time\":2,\"user\":null,\"n\":1.5}",
            "5:{\"time\":3,\"user\":\"x\",\"n\":null}",
            "6:{\"time\":4,\"user\":\"y\",\"n\":1,\"_extra\":[2,\"z\"]}",
        ]
    );
    assert_eq!(problems.len(), 2);
    let (records, problems) = read(b"a,a,\n1,2,3\n4,\"open\n5,6,7\n", "x.csv");
    assert_eq!(records, ["2:{\"a\":1,\"a_2\":2,\"column_3\":3}"]);
    assert_eq!(problems[1], "x.csv:3: a quoted field of the row that begins here is never closed");
}

#[test]
fn empty_and_binary_are_reported() {
    for bytes in [&b""[..], b"\xef\xbb\xbf"] {
        let (records, problems) = read(bytes, "x.json");
        assert_eq!(records.len(), 0);
        assert_eq!(problems.is_empty(), !bytes.is_empty());
    }
    assert_eq!(read(b"", "x").1, ["x: empty file, no records"]);
    assert_eq!(read(b"PAR1\x15\x04", "x").1.len(), 1);
    assert!(read(b"\x7fELF\x02\x01\0\0", "x").1[0].contains("an ELF program"));
}

#[test]
fn compressed_once_twice_and_too_often() {
    let text = b"{\"a\":1}\n{\"b\":2}\n";
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    for packed in [gzip(text), zstd(text), gzip(&zstd(text)), zstd(&gzip(text))] {
        assert_eq!(read(&packed, "x.json.gz"), read(text, "x.json"));
    }
    let thrice = gzip(&gzip(&gzip(text)));
    let (records, problems) = read(&thrice, "x");
    assert_eq!(
        (records.len(), problems.as_slice()),
        (0, &["x: gzip inside 2 other compressions".into()][..])
    );
    // Two members one after the other are one stream.
    let members = [gzip(text), gzip(text)].concat();
    assert_eq!(read(&members, "x").0.len(), 4);
}

#[test]
fn truncated_streams_give_what_comes_before() {
    let mut state = 1_u64;
    let mut text = Vec::new();
    for index in 0..40_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        writeln!(text, "{{\"n\":{index},\"x\":\"{state:x}\"}}").unwrap();
    }
    for packed in [gzip(&text[..]), zstd::encode_all(&text[..], 1).unwrap()] {
        let (all, _) = read(&packed, "x");
        assert_eq!(all.len(), 40_000);
        let (records, problems) = read(&packed[..packed.len() / 2], "x");
        assert!(records.len() > 10_000, "{}", records.len());
        assert_eq!(records, all[..records.len()]);
        assert!(problems.last().unwrap().contains("stream ends early"), "{problems:?}");
    }
    let mut flipped = gzip(&text[..]);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let (records, problems) = read(&flipped, "x");
    assert!(records.len() > 10_000 && !problems.is_empty(), "{} {problems:?}", records.len());
}

/// Repeats patterns without holding what they add up to.
struct Generated {
    parts: Vec<(Vec<u8>, u64)>,
    within: usize,
}

impl Read for Generated {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some((pattern, times)) = self.parts.first_mut() {
            if *times == 0 {
                self.parts.remove(0);
                continue;
            }
            let left = &pattern[self.within..];
            let count = left.len().min(into.len());
            into[..count].copy_from_slice(&left[..count]);
            self.within += count;
            if self.within == pattern.len() {
                self.within = 0;
                *times -= 1;
            }
            return Ok(count);
        }
        Ok(0)
    }
}

/// Peak resident memory of this process in KiB.
#[cfg(target_os = "linux")]
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_of_100_megabytes_takes_no_memory() {
    let limits = Limits { max_record_bytes: 1 << 20, ..Limits::default() };
    // JSON lines, an array, text lines, CSV: the head decides the format, the middle is too large.
    for (head, tail, large_line) in [
        ("{\"a\":1}\n{\"b\":\"", "\"}\n{\"c\":1}\n", 2),
        ("[{\"a\":1},\n{\"b\":\"", "\"},{\"c\":1}]", 2),
        ("one line\n", "\nanother\n", 2),
        ("a,b\n1,2\n3,", "\n5,6\n", 3),
    ] {
        let parts = vec![(head.into(), 1), (vec![b'x'; 1000], 100_000), (tail.into(), 1)];
        let before = peak_kib();
        let (records, problems) = read_from(Generated { parts, within: 0 }, "x", &limits);
        // A third of the line: buffers in use come to about 10 MiB, and how the allocator and the kernel round
        // them up (arenas, huge pages) differs from machine to machine.
        assert!(peak_kib() - before < 32 * 1024, "{} KiB more", peak_kib() - before);
        assert_eq!(records.len(), 2, "{head}: {:?}", problems.list);
        assert_eq!((problems.total(), problems.skipped), (1, 1));
        assert_eq!(problems.list[0].line, Some(large_line));
        assert!(problems.list[0].message.starts_with("record of 1000000"), "{}", problems.list[0]);
    }
}

#[test]
fn the_sink_can_stop_and_progress_adds_up() {
    struct Count(AtomicU64, AtomicU64);
    impl Progress for Count {
        fn expect(&self, _bytes: u64) {}
        fn advance(&self, bytes: u64, records: u64) {
            self.0.fetch_add(bytes, Ordering::Relaxed);
            self.1.fetch_add(records, Ordering::Relaxed);
        }
    }
    let text = "{\"a\":1}\n".repeat(300_000);
    let (count, mut problems) = (Count(AtomicU64::new(0), AtomicU64::new(0)), Problems::new());
    let limits = Limits::default();
    let go = |_| ControlFlow::Continue(());
    for_each_record_in(text.as_bytes(), Path::new("x"), &limits, &count, &mut problems, &mut { go });
    assert_eq!(count.0.load(Ordering::Relaxed), text.len() as u64);
    assert_eq!(count.1.load(Ordering::Relaxed), 300_000);
    let mut seen = 0;
    for_each_record_in(text.as_bytes(), Path::new("x"), &limits, &count, &mut problems, &mut |_| {
        seen += 1;
        if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(seen, 3);
}

/// Objects with nested values and strings of all characters.
fn objects() -> impl Strategy<Value = Vec<(String, serde_json::Value)>> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::vec((any::<String>(), value), 1..8)
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), name in 0..5) {
        let name = ["x", "x.json", "x.csv", "x.log", "x.gz"][name as usize];
        read(&bytes, name);
        for prefix in [&b"[{"[..], b"{\"a\":", b"a,b\n1,2\n", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"{\n"] {
            read(&[prefix, &bytes].concat(), name);
        }
    }

    #[test]
    fn json_like_bytes_never_panic(text in "[\\[\\]{}\",:\\\\ \n1a]{0,80}") {
        let text = format!("{{\n{text}");
        let whole = read(text.as_bytes(), "x");
        prop_assert_eq!(&whole, &read_in_small_steps(text.as_bytes()));
        let limits = Limits { max_record_bytes: 8, ..Limits::default() };
        read_from(text.as_bytes(), "x", &limits);
    }

    #[test]
    fn every_record_comes_once_with_its_line(objects in prop::collection::vec(objects(), 1..20), blanks in 0..3_usize) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (index, pairs) in objects.iter().enumerate() {
            let object = serde_json::Value::Object(pairs.iter().cloned().collect()).to_string();
            expected.push(format!("{}:{object}", index * (blanks + 1) + 1));
            text.push_str(&object);
            text.push_str(&"\n".repeat(blanks + 1));
        }
        for bytes in [text.clone().into_bytes(), gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 1).unwrap()] {
            let (records, problems) = read(&bytes, "x");
            prop_assert_eq!(&records, &expected);
            prop_assert!(problems.is_empty());
        }
    }

    #[test]
    fn split_points_do_not_matter(objects in prop::collection::vec(objects(), 1..10), step in 1..9_usize) {
        let values: Vec<_> = objects.into_iter().map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())).collect();
        let text = serde_json::to_string_pretty(&serde_json::Value::from(values.clone())).unwrap();
        let (mut pieces, mut problems) = (Vec::new(), Problems::new());
        let mut sink = |record: RawRecord| {
            pieces.push(serde_json::from_slice::<serde_json::Value>(&record.bytes).unwrap());
            ControlFlow::Continue(())
        };
        super::records::read_json_for_tests(io::BufReader::with_capacity(step, Dribble(text.as_bytes(), step)), &mut problems, &mut sink);
        prop_assert_eq!(pieces, values);
        prop_assert!(problems.is_empty());
    }
}
