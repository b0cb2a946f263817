//! Linux audit: lines of one event, grouped by their time stamp and serial number.
//!
//! An event is `SYSCALL` with `EXECVE`, `CWD`, `PATH`, `SOCKADDR`, `PROCTITLE` lines and perhaps `EOE`, or
//! one line alone (`USER_*`, `SERVICE_*`). Lines of concurrent events interleave. State is bounded:
//! [`MAX_OPEN`] events, each open for at most [`MAX_AGE_MS`] of event time and [`MAX_LINES`] lines.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::tree::{Map, Value};

use super::{Decode, DecodeProblem, Decoded, RawRecord, put};

mod fields;

const MAX_OPEN: usize = 1024;
const MAX_AGE_MS: i64 = 2_000;
const MAX_LINES: usize = 4096;

/// Events whose lines are still arriving, by time, serial and node.
#[derive(Default)]
pub(super) struct LinuxAudit {
    open: BTreeMap<(i64, u64, String), Vec<Line>>,
}

/// One parsed line.
struct Line {
    raw: RawRecord,
    kind: String,
    fields: Map,
}

impl Decode for LinuxAudit {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let record = RawRecord::new(raw, line);
        if record.text.trim().is_empty() {
            return;
        }
        let Some((key, parsed)) = parse(record.clone()) else {
            return problems
                .push(record.problem("expected an audit line: type=… msg=audit(seconds.millis:serial): …"));
        };
        self.close_before(key.0 - MAX_AGE_MS, out);
        let ends = parsed.kind == "EOE" || alone(&parsed.kind);
        let lines = self.open.entry(key.clone()).or_default();
        lines.push(parsed);
        if ends || lines.len() >= MAX_LINES {
            self.open.remove(&key).into_iter().for_each(|lines| out.push(event(&key, lines)));
        }
        if self.open.len() > MAX_OPEN
            && let Some((key, lines)) = self.open.pop_first()
        {
            out.push(event(&key, lines));
        }
    }

    fn finish(&mut self, out: &mut Vec<Decoded>, _problems: &mut Vec<DecodeProblem>) {
        for (key, lines) in std::mem::take(&mut self.open) {
            out.push(event(&key, lines));
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_millis(MAX_AGE_MS as u64))
    }

    fn waiting(&self) -> Vec<RawRecord> {
        self.open.values().flatten().map(|line| line.raw.clone()).collect()
    }
}

impl LinuxAudit {
    fn close_before(&mut self, time_ms: i64, out: &mut Vec<Decoded>) {
        while let Some(oldest) = self.open.first_entry() {
            if oldest.key().0 >= time_ms {
                break;
            }
            let (key, lines) = oldest.remove_entry();
            out.push(event(&key, lines));
        }
    }
}

/// Kinds that are an event by themselves: user-space messages.
fn alone(kind: &str) -> bool {
    ["USER", "CRED_", "SERVICE_", "DAEMON_", "LOGIN", "ADD_", "DEL_", "SYSTEM_"]
        .iter()
        .any(|start| kind.starts_with(start))
}

fn parse(raw: RawRecord) -> Option<((i64, u64, String), Line)> {
    let text = raw.text.clone();
    let (node, rest) = match text.trim_start().strip_prefix("node=") {
        Some(rest) => rest.split_once(' ')?,
        None => ("", text.trim_start()),
    };
    let (kind, rest) = rest.strip_prefix("type=")?.split_once(" msg=audit(")?;
    let (stamp, rest) = rest.split_once("):")?;
    let (time, serial) = stamp.split_once(':')?;
    let (seconds, millis) = time.split_once('.').unwrap_or((time, "0"));
    let time_ms = seconds
        .parse::<i64>()
        .ok()?
        .checked_mul(1000)?
        .checked_add(millis.get(..3).unwrap_or(millis).parse().ok()?)?;
    let fields = fields::pairs(rest);
    Some((
        (time_ms, serial.parse().ok()?, node.to_owned()),
        Line { kind: kind.trim().to_owned(), fields, raw },
    ))
}

fn event(key: &(i64, u64, String), lines: Vec<Line>) -> Decoded {
    let mut fields = Map::new();
    put(&mut fields, "time_ms", key.0);
    put(&mut fields, "serial", key.1);
    if !key.2.is_empty() {
        put(&mut fields, "node", key.2.as_str());
    }
    let types: Vec<Value> = lines.iter().map(|line| line.kind.as_str().into()).collect();
    put(&mut fields, "types", types);
    let mut paths = Vec::new();
    let mut raws = Vec::new();
    for line in lines {
        raws.push(line.raw);
        match line.kind.as_str() {
            "PATH" => paths.push(Value::Object(line.fields)),
            "EXECVE" => put(&mut fields, "argv", fields::arguments(&line.fields)),
            "SOCKADDR" => fields::socket(&mut fields, &line.fields),
            "EOE" => {}
            "PROCTITLE" => put(&mut fields, "proctitle", fields::text(line.fields.get("proctitle"))),
            "CWD" => put(&mut fields, "cwd", fields::text(line.fields.get("cwd"))),
            _ => fields.fill(line.fields.into_members()),
        }
    }
    fields::interpret(&mut fields, paths);
    Decoded { fields, raws, ordinal: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Vec<Decoded> {
        let mut decoder = LinuxAudit::default();
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        for (number, line) in text.lines().enumerate() {
            decoder.push(line.as_bytes(), number as u64 + 1, &mut out, &mut problems);
        }
        decoder.finish(&mut out, &mut problems);
        assert_eq!(problems, []);
        out
    }

    #[test]
    fn interleaved_events_are_grouped_by_serial() {
        let out = decode(
            "type=SYSCALL msg=audit(1795300000.123:42): arch=c000003e syscall=59 success=yes exit=0 ppid=9 pid=10 auid=1000 uid=0 comm=\"python3\" exe=\"/usr/bin/python3.11\" key=\"exec\"\n\
             type=SYSCALL msg=audit(1795300000.124:43): arch=c000003e syscall=257 success=yes exit=3 a1=7f a2=241 pid=10 auid=1000 uid=1000 comm=\"python3\" exe=\"/usr/bin/python3.11\"\n\
             type=EXECVE msg=audit(1795300000.123:42): argc=3 a0=\"python3\" a1=\"-c\" a2=696D706F7274206F73\n\
             type=CWD msg=audit(1795300000.124:43): cwd=\"/srv/data\"\n\
             type=PATH msg=audit(1795300000.124:43): item=0 name=\"/srv/data\" nametype=PARENT\n\
             type=PATH msg=audit(1795300000.124:43): item=1 name=\"train.csv\" nametype=NORMAL\n\
             type=EOE msg=audit(1795300000.123:42): \n",
        );
        assert_eq!(out[0].fields["command_line"], "python3 -c import os");
        assert_eq!(out[0].fields["kind"], "exec");
        assert_eq!(out[0].raws.iter().map(|raw| raw.line).collect::<Vec<_>>(), [1, 3, 7]);
        assert_eq!(out[1].fields["kind"], "file");
        assert_eq!(out[1].fields["file_path"], "/srv/data/train.csv");
        assert_eq!(out[1].fields["file_operation"], "FILE_WRITE");
    }

    #[test]
    fn addresses_are_decoded() {
        let out = decode(
            "type=SYSCALL msg=audit(1.5:1): arch=c000003e syscall=42 success=no exit=-115 pid=3 uid=33 comm=\"curl\" exe=\"/usr/bin/curl\"\n\
             type=SOCKADDR msg=audit(1.5:1): saddr=020001BB0A0000010000000000000000",
        );
        assert_eq!(out[0].fields["kind"], "connect");
        assert_eq!(
            (&out[0].fields["remote_ip"], &out[0].fields["remote_port"]),
            (&json!("10.0.0.1"), &json!(443))
        );
    }

    #[test]
    fn user_messages_are_events_alone() {
        let out = decode(
            "type=USER_LOGIN msg=audit(1795300000.5:44): pid=1 uid=0 auid=1000 ses=3 msg='op=login acct=\"ana\" exe=\"/usr/sbin/sshd\" addr=10.0.0.9 res=success'",
        );
        assert_eq!(out[0].fields["kind"], "user");
        assert_eq!(out[0].fields["acct"], "ana");
        assert_eq!(out[0].fields["res"], "success");
    }

    #[test]
    fn old_open_events_are_given_out() {
        let mut decoder = LinuxAudit::default();
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        decoder.push(b"type=SYSCALL msg=audit(10.000:1): syscall=59", 1, &mut out, &mut problems);
        decoder.push(b"type=SYSCALL msg=audit(12.001:2): syscall=59", 2, &mut out, &mut problems);
        assert_eq!((out.len(), decoder.open.len()), (1, 1));
    }
}
