//! The rows that functions are measured over: values as they occur in events, one in twenty null.

use std::sync::Arc;

use anyhow::Result;
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Float64Builder, Int64Array, Int64Builder, ListBuilder, RecordBatch,
    StringViewArray, StringViewBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field};

/// Rows of a batch.
const BATCH: usize = 8192;

/// A small generator of numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    }
}

/// Batches of together at least `rows` rows. All are the same one, so that memory does not decide.
pub fn batches(rows: usize) -> Result<Vec<RecordBatch>> {
    let batch = batch()?;
    Ok(vec![batch; rows.div_ceil(BATCH).max(1)])
}

fn texts(numbers: &mut Numbers, make: impl Fn(&mut Numbers) -> String) -> ArrayRef {
    let row = |_| {
        let text = make(numbers);
        (numbers.next(20) > 0).then_some(text)
    };
    Arc::new((0..BATCH).map(row).collect::<StringViewArray>())
}

fn ints(numbers: &mut Numbers, make: impl Fn(&mut Numbers) -> i64) -> ArrayRef {
    let row = |_| {
        let number = make(numbers);
        (numbers.next(20) > 0).then_some(number)
    };
    Arc::new((0..BATCH).map(row).collect::<Int64Array>())
}

fn floats(numbers: &mut Numbers) -> ArrayRef {
    let row = |_| {
        let number = numbers.next(2_000_000) as f64 / 1_000_000.0 - 0.999;
        (numbers.next(20) > 0).then_some(number)
    };
    Arc::new((0..BATCH).map(row).collect::<Float64Array>())
}

fn times(numbers: &mut Numbers) -> ArrayRef {
    let row = |_| {
        let at =
            1_772_000_000_000_000 + numbers.next(2_000_000_000) as i64 * 1_000 + numbers.next(1_000) as i64;
        (numbers.next(20) > 0).then_some(at)
    };
    Arc::new((0..BATCH).map(row).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn pick<'a>(numbers: &mut Numbers, from: &[&'a str]) -> &'a str {
    from[numbers.next(from.len() as u64) as usize]
}

const TOOLS: [&str; 12] = [
    "read_file",
    "write_file",
    "run_shell",
    "web_fetch",
    "web_search",
    "send_mail",
    "list_dir",
    "grep",
    "sql_query",
    "browser_click",
    "create_ticket",
    "get_secret",
];
const WORDS: [&str; 10] = [
    "train.py",
    "--model",
    "checkpoint-2000",
    "/data/corpora/set",
    "llama",
    "--epochs=3",
    "eval",
    "id=",
    "C:\\runs\\a",
    "tokens",
];

fn command(numbers: &mut Numbers) -> String {
    let mut text = String::from("/usr/bin/python3 -m ");
    for _ in 0..5 + numbers.next(6) {
        text.push_str(pick(numbers, &WORDS));
        text.push_str(&numbers.next(1000).to_string());
        text.push(' ');
    }
    text
}

fn ipv4(numbers: &mut Numbers) -> String {
    let first = pick(numbers, &["10", "192", "172", "8", "203"]);
    format!("{first}.{}.{}.{}", numbers.next(256), numbers.next(256), numbers.next(256))
}

fn ipv6(numbers: &mut Numbers) -> String {
    format!(
        "{}:{:x}::{:x}",
        pick(numbers, &["fe80", "2001", "fd12"]),
        numbers.next(65_536),
        numbers.next(65_536)
    )
}

fn url(numbers: &mut Numbers) -> String {
    let host =
        pick(numbers, &["api.openai.com", "www.Example.co.uk", "models.internal:8443", "huggingface.co"]);
    format!("https://{host}/v1/chat/{}?key={}", numbers.next(100), numbers.next(10_000))
}

/// Forty members, some nested, as an event of a tracing collector has.
fn document(numbers: &mut Numbers) -> String {
    let mut members = Vec::new();
    for index in 0..36 {
        members.push(match index % 4 {
            0 => format!("\"k{index}\":{}", numbers.next(100_000)),
            1 => format!("\"k{index}\":\"{}\"", pick(numbers, &TOOLS)),
            2 => format!("\"k{index}\":\"a{}b\"", numbers.next(1_000_000)),
            _ => format!("\"k{index}\":{}", numbers.next(2) == 1),
        });
    }
    let nested = format!(
        "{{\"b\":[1,\"x\",{}],\"c\":\"{}\",\"d\":{{\"e\":1.5}}}}",
        numbers.next(100),
        pick(numbers, &TOOLS)
    );
    format!("{{{},\"a\":{nested},\"z\":null}}", members.join(","))
}

fn text_lists(numbers: &mut Numbers) -> ArrayRef {
    let mut lists = ListBuilder::new(StringViewBuilder::new())
        .with_field(Field::new_list_field(DataType::Utf8View, true));
    for _ in 0..BATCH {
        for _ in 0..numbers.next(6) {
            lists.values().append_value(pick(numbers, &TOOLS));
        }
        lists.append(numbers.next(20) > 0);
    }
    Arc::new(lists.finish())
}

fn int_lists(numbers: &mut Numbers) -> ArrayRef {
    let mut lists =
        ListBuilder::new(Int64Builder::new()).with_field(Field::new_list_field(DataType::Int64, true));
    for _ in 0..BATCH {
        for _ in 0..numbers.next(6) {
            lists.values().append_value(numbers.next(50) as i64);
        }
        lists.append(numbers.next(20) > 0);
    }
    Arc::new(lists.finish())
}

fn vectors(numbers: &mut Numbers) -> ArrayRef {
    let mut lists =
        ListBuilder::new(Float64Builder::new()).with_field(Field::new_list_field(DataType::Float64, true));
    for _ in 0..BATCH {
        for _ in 0..8 {
            lists.values().append_value(numbers.next(1000) as f64 / 1000.0);
        }
        lists.append(numbers.next(20) > 0);
    }
    Arc::new(lists.finish())
}

fn batch() -> Result<RecordBatch> {
    let n = &mut Numbers(0x9e37_79b9_7f4a_7c15);
    let cisco = |n: &mut Numbers| {
        format!(
            "<166>fw1: %ASA-6-302013: Built outbound TCP connection {} for outside:{}/443 to inside:{}/50123",
            n.next(9999),
            ipv4(n),
            ipv4(n)
        )
    };
    let cef = |n: &mut Numbers| {
        format!(
            "<134>h CEF:0|acme|gw|1.0|{}|tool call|5|src={} dst={} msg={} proto=TCP",
            n.next(200),
            ipv4(n),
            ipv4(n),
            command(n)
        )
    };
    Ok(RecordBatch::try_from_iter([
        ("_time", times(n)),
        ("u", times(n)),
        ("cmd", texts(n, command)),
        ("tool", texts(n, |n| pick(n, &TOOLS).to_owned())),
        ("word", texts(n, |n| pick(n, &WORDS).to_owned())),
        ("wild", texts(n, |n| format!("*{}*", pick(n, &WORDS)))),
        ("ip", texts(n, ipv4)),
        ("ip6", texts(n, ipv6)),
        ("ips", texts(n, |n| format!("{}, {}", ipv4(n), ipv4(n)))),
        ("url", texts(n, url)),
        ("doc", texts(n, document)),
        (
            "b64",
            texts(n, |n| {
                pick(n, &["SGVsbG8gd29ybGQ=", "cHl0aG9uMyB0cmFpbi5weSAtLW1vZGVsIGxsYW1h"]).to_owned()
            }),
        ),
        ("digits", texts(n, |n| n.next(1_000_000).to_string())),
        ("flags", texts(n, |n| pick(n, &["true", "false"]).to_owned())),
        (
            "when",
            texts(n, |n| format!("2026-03-{:02} {:02}:{:02}:07", 1 + n.next(28), n.next(24), n.next(60))),
        ),
        ("cef", texts(n, cef)),
        ("cisco", texts(n, cisco)),
        ("n", ints(n, |n| n.next(1_000_000) as i64)),
        ("m", ints(n, |n| 1 + n.next(40) as i64)),
        ("epoch", ints(n, |n| 1_772_000_000 + n.next(2_000_000) as i64)),
        ("f", floats(n)),
        ("g", floats(n)),
        ("flag", Arc::new((0..BATCH).map(|_| Some(n.next(2) == 1)).collect::<BooleanArray>())),
        ("tags", text_lists(n)),
        ("nums", int_lists(n)),
        ("v", vectors(n)),
        ("w", vectors(n)),
        ("xdm.asset.hierarchy.path", texts(n, |n| format!("Org/{}/eu", pick(n, &["Prod", "Test"])))),
        ("xdm.asset.hierarchy.id_path", texts(n, |n| format!("1/{}", n.next(50)))),
    ])?)
}
