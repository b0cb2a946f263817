//! Many JSON paths of one column against one.

use std::fmt::Write as _;

use anyhow::Result;

/// The most that 40 paths may cost, in times of one.
const BOUND: f64 = 3.0;

/// The table of extraction times; `time` gives the nanoseconds per row of a query.
pub fn table(time: impl Fn(&str) -> Result<f64>) -> Result<String> {
    let base = time("dataset = rows | alter r = doc | comp count(r) as n")?;
    let mut text = String::from(
        "\n## Many paths of one JSON column\n\nTexts of 38 members; paths to members from the first to the last. One path is the mean over all of them.\n\n| paths | ns/row | times one path | for each path |\n|---:|---:|---:|---:|\n",
    );
    let mut one = 0.0;
    for index in 0..38 {
        one += (time(&query(&[index]))? - base).max(0.0) / 38.0;
    }
    for count in [1, 2, 5, 10, 20, 40] {
        let spread: Vec<usize> = (0..count).map(|i| i * 38 / count.min(38) % 38 + i / 38 * 38).collect();
        let nanos = if count == 1 { one } else { (time(&query(&spread))? - base).max(0.0) };
        let mark = if count == 40 && nanos > BOUND * one { " **!**" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {count} | {nanos:.0} | {:.1}{mark} | {:.1} |",
            nanos / one,
            nanos / count as f64
        );
    }
    Ok(text)
}

/// Extracts the paths of these numbers and counts their values.
fn query(paths: &[usize]) -> String {
    let path = |index: &usize| match index {
        36 => "a.c".to_owned(),
        37 => "a.d.e".to_owned(),
        38 => "a.b[0]".to_owned(),
        39 => "a.b[2]".to_owned(),
        index => format!("k{index}"),
    };
    let named: Vec<String> =
        paths.iter().enumerate().map(|(i, index)| format!("p{i} = doc -> {}", path(index))).collect();
    let counts: Vec<String> = (0..paths.len()).map(|i| format!("count(p{i}) as c{i}")).collect();
    format!("dataset = rows | alter {} | comp {}", named.join(", "), counts.join(", "))
}
