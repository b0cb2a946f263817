//! Bytes of a file to records: JSON, CSV and text, plain and compressed.
#![no_main]

use std::ops::ControlFlow;
use std::path::Path;

use atalanta_fuzz::input::{Limits, NoProgress, Problems, for_each_record_in};

/// The name's ending helps to tell the format; the input's last byte chooses one.
const NAMES: [&str; 6] = ["a", "a.jsonl", "a.json", "a.csv", "a.tsv", "a.log.gz"];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let name = NAMES[usize::from(data.last().copied().unwrap_or(0)) % NAMES.len()];
    // Small limits, so that what is too large is met within a small input.
    let limits = Limits { max_record_bytes: 4096, lossy_utf8: data.len() % 2 == 0 };
    let mut problems = Problems::new();
    let mut records = Vec::new();
    for_each_record_in(data, Path::new(name), &limits, &NoProgress, &mut problems, &mut |record| {
        records.push(record);
        if records.len() < 5000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    for (at, record) in records.iter().enumerate() {
        assert_eq!(record.ordinal, at as u64, "positions are without gaps");
        assert!(std::str::from_utf8(&record.bytes).is_ok(), "a record is UTF-8");
    }
});
