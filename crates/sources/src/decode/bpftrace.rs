//! Output of the project's bpftrace script: `EXEC`, `OPEN` and `CONN` lines with `key=value` columns.
//!
//! The clock of these lines counts from the start of the machine, so rows take their time of arrival
//! unless a `START <unix ns> <boot ns>` line set the offset.

use crate::tree::Map;

use super::{Decode, DecodeProblem, Decoded, RawRecord, put};

/// Line reader; remembers the offset of the clock.
#[derive(Default)]
pub(super) struct Bpftrace {
    offset_ns: Option<i64>,
}

impl Decode for Bpftrace {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let record = RawRecord::new(raw, line);
        let text = record.text.clone();
        let mut words = text.splitn(3, ' ');
        let (kind, clock, rest) =
            (words.next().unwrap_or(""), words.next().unwrap_or(""), words.next().unwrap_or(""));
        match kind {
            "" | "Attaching" => {}
            "START" => match (clock.parse::<i64>(), rest.trim().parse::<i64>()) {
                (Ok(unix), Ok(boot)) => self.offset_ns = unix.checked_sub(boot),
                _ => problems
                    .push(record.problem("expected START, a time in nanoseconds and a clock in nanoseconds")),
            },
            "EXEC" | "OPEN" | "CONN" => match clock.parse::<i64>() {
                Ok(clock) => {
                    let fields = self.columns(kind, clock, rest);
                    out.push(record.decoded(fields));
                }
                Err(_) => {
                    problems.push(record.problem(format!("expected a clock in nanoseconds after {kind}")));
                }
            },
            _ => problems.push(record.problem("expected a line that starts with EXEC, OPEN or CONN")),
        }
    }
}

impl Bpftrace {
    fn columns(&self, kind: &str, clock: i64, rest: &str) -> Map {
        let names: &[&str] = match kind {
            "EXEC" => &["pid", "uid", "comm", "file", "argv"],
            "OPEN" => &["pid", "uid", "comm", "flags", "path"],
            _ => &["pid", "uid", "comm", "fd", "addr", "port"],
        };
        let mut fields = Map::new();
        put(&mut fields, "kind", kind.to_ascii_lowercase());
        put(&mut fields, "boot_ns", clock);
        put(&mut fields, "time_ns", self.offset_ns.and_then(|offset| offset.checked_add(clock)));
        // A value runs to the next known name: command names and arguments hold blanks.
        let found: Vec<(usize, &str)> =
            names.iter().filter_map(|name| Some((position(rest, name)?, *name))).collect();
        for (index, (at, name)) in found.iter().enumerate() {
            let start = at + name.len() + 1;
            let end = found.get(index + 1).map_or(rest.len(), |(next, _)| *next);
            let value = rest.get(start..end).unwrap_or("").trim();
            match value.parse::<i64>() {
                Ok(number) if matches!(*name, "pid" | "uid" | "flags" | "fd" | "port") => {
                    put(&mut fields, name, number);
                }
                _ => put(&mut fields, name, value),
            }
        }
        fields
    }
}

/// Start of `name=` at a word's begin.
fn position(text: &str, name: &str) -> Option<usize> {
    let pattern = format!("{name}=");
    if text.starts_with(&pattern) {
        return Some(0);
    }
    text.find(&format!(" {pattern}")).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_blanks() {
        let mut decoder = Bpftrace::default();
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        for line in [
            "Attaching 3 probes...",
            "START 1795300000000000000 4683676000000",
            "EXEC 4683676816948 pid=5338 comm=su file=/bin/bash argv=bash -c bash /tmp/act.sh",
            "OPEN 4683677387517 pid=5338 comm=my tool flags=577 path=/data/a b.csv",
            "OPEN x pid=1",
        ] {
            decoder.push(line.as_bytes(), 1, &mut out, &mut problems);
        }
        assert_eq!(out[0].fields["argv"], "bash -c bash /tmp/act.sh");
        assert_eq!(out[0].fields["time_ns"], 1_795_300_000_000_816_948_i64);
        assert_eq!((&out[1].fields["comm"], &out[1].fields["flags"]), (&"my tool".into(), &577.into()));
        assert_eq!(out[1].fields["path"], "/data/a b.csv");
        assert_eq!(problems.len(), 1);
    }
}
