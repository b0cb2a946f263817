//! Values of audit lines: quoted, hexadecimal, and what a system call with its paths means.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::tree::{Map, Text, Value};

use crate::decode::put;

/// `name=value` pairs of a line, also those inside `msg='…'` and after the separator of the enriched format.
pub(super) fn pairs(text: &str) -> Map {
    let mut found = Vec::new();
    collect(text, &mut found);
    found.into_iter().collect()
}

fn collect(text: &str, found: &mut Vec<(Text, Value)>) {
    let mut rest = text.trim_matches([' ', '\u{1d}']);
    while !rest.is_empty() {
        let Some((name, tail)) = rest.split_once('=') else { break };
        let name = name.rsplit([' ', '\u{1d}', ',']).next().unwrap_or(name);
        let (value, tail) = value(tail);
        if name == "msg" && !value.starts_with("audit(") {
            collect(value, found);
        } else if !name.is_empty() {
            // Only known texts are hexadecimal; the numbers a0…a3 of a system call look the same.
            found.push((member(name), value.into()));
        }
        rest = tail.trim_start_matches([' ', '\u{1d}']);
    }
}

/// The enriched format repeats members in capitals with names for numbers: `UID` becomes `uid_name`.
fn member(name: &str) -> Text {
    let mut member = Text::from(name);
    if name.bytes().all(|byte| byte.is_ascii_uppercase()) {
        member.make_ascii_lowercase();
        member.push_str("_name");
    }
    member
}

/// A value and what follows; quotes stay so that text can be told from hexadecimal.
fn value(text: &str) -> (&str, &str) {
    match text.chars().next() {
        Some('\'') => text[1..].split_once('\'').unwrap_or((&text[1..], "")),
        Some('"') => match text[1..].find('"') {
            Some(end) => (&text[..end + 2], &text[end + 2..]),
            None => (text, ""),
        },
        _ => {
            let end = text.find([' ', '\u{1d}']).unwrap_or(text.len());
            (&text[..end], &text[end..])
        }
    }
}

/// A text value: quoted, or hexadecimal because it holds blanks or other odd bytes.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let value = value?.as_str()?;
    if let Some(quoted) = value.strip_prefix('"') {
        return Some(quoted.trim_end_matches('"').to_owned());
    }
    let bytes = unhex(value);
    Some(match bytes {
        Some(bytes) => String::from_utf8_lossy(&bytes).trim_end_matches('\0').replace('\0', " "),
        None if value == "(null)" => return None,
        None => value.to_owned(),
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// Arguments of EXECVE: `a0`, `a1` …, long ones in pieces `a1[0]`, `a1[1]` ….
pub(super) fn arguments(fields: &Map) -> Vec<Value> {
    let count =
        fields.get("argc").and_then(Value::as_str).and_then(|count| count.parse::<usize>().ok()).unwrap_or(0);
    let mut arguments = Vec::new();
    for index in 0..count.min(fields.len()) {
        let name = format!("a{index}");
        let argument = text(fields.get(&name)).or_else(|| {
            let pieces: String =
                (0..fields.len()).map_while(|piece| text(fields.get(&format!("{name}[{piece}]")))).collect();
            (!pieces.is_empty()).then_some(pieces)
        });
        arguments.extend(argument.map(Value::from));
    }
    arguments
}

/// Address of SOCKADDR: hexadecimal `struct sockaddr` of the reporting machine (little endian family).
pub(super) fn socket(fields: &mut Map, line: &Map) {
    let Some(bytes) = line.get("saddr").and_then(Value::as_str).and_then(unhex) else { return };
    let port = |bytes: &[u8]| u16::from_be_bytes([bytes[2], bytes[3]]);
    match bytes.as_slice() {
        [2, 0, _, _, a, b, c, d, ..] => {
            put(fields, "remote_ip", Ipv4Addr::new(*a, *b, *c, *d).to_string());
            put(fields, "remote_port", port(&bytes));
        }
        [10, 0, ..] if bytes.len() >= 24 => {
            let mut octets = [0u8; 16];
            octets.copy_from_slice(&bytes[8..24]);
            put(fields, "remote_ip", Ipv6Addr::from(octets).to_string());
            put(fields, "remote_port", port(&bytes));
        }
        [1, 0, path @ ..] => {
            let end = path.iter().skip(1).position(|byte| *byte == 0).map_or(path.len(), |at| at + 1);
            put(fields, "remote_path", String::from_utf8_lossy(&path[..end]).trim_matches('\0').to_owned());
        }
        _ => put(fields, "saddr", line.get("saddr").cloned().unwrap_or_default()),
    }
}

/// Fields whose values are quoted, or hexadecimal where quotes would not do.
const WRITTEN: [&str; 13] = [
    "comm",
    "exe",
    "key",
    "acct",
    "hostname",
    "cmd",
    "subj",
    "auid_name",
    "uid_name",
    "euid_name",
    "syscall_name",
    "data",
    "vm",
];

/// Adds `kind`, `command_line`, `file_path`, `file_operation` from the system call and its paths.
pub(super) fn interpret(fields: &mut Map, paths: Vec<Value>) {
    for name in WRITTEN {
        if let Some(value) = text(fields.get(name).filter(|value| quoted_or_hex(name, value))) {
            put(fields, name, value);
        } else if fields.get(name).is_some_and(|value| value == "(null)") {
            fields.remove(name);
        }
    }
    let call = system_call(fields);
    let argv: Vec<&str> = fields
        .get("argv")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let line = if argv.is_empty() { None } else { Some(argv.join(" ")) };
    let line = line.or_else(|| fields.get("proctitle").and_then(Value::as_str).map(str::to_owned));
    put(fields, "command_line", line);
    if let Some(call) = call {
        put(fields, "syscall_name", call);
    }
    let kind = match call {
        Some("execve" | "execveat") => "exec",
        Some("connect") if fields.contains_key("remote_ip") => "connect",
        Some(call) => match file_operation(call, fields, &paths) {
            Some(operation) => {
                file(fields, &paths, operation);
                "file"
            }
            None => "other",
        },
        None if is_of_user_space(fields) => "user",
        None => "other",
    };
    put(fields, "kind", kind);
    let paths: Vec<Value> = paths.into_iter().map(unquoted).collect();
    if !paths.is_empty() {
        put(fields, "paths", paths);
    }
    for (_, value) in fields.iter_mut() {
        if let Value::String(text) = value
            && let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
        {
            *text = inner.into();
        }
    }
}

/// Whether the first line of an event is another than that of a system call.
fn is_of_user_space(fields: &Map) -> bool {
    let first = fields.get("types").and_then(|types| types.get(0)).and_then(Value::as_str);
    first.is_some_and(|kind| kind != "SYSCALL")
}

/// A PATH line with its name as text.
fn unquoted(mut path: Value) -> Value {
    let name = text(path.get("name"));
    if let (Some(members), Some(name)) = (path.as_object_mut(), name) {
        put(members, "name", name);
    }
    path
}

/// `comm` and the like are hexadecimal when unquoted; user messages write plain words.
fn quoted_or_hex(name: &str, value: &Value) -> bool {
    let Some(value) = value.as_str() else { return false };
    value.starts_with('"')
        || (matches!(name, "comm" | "exe" | "key" | "cmd" | "data" | "acct") && unhex(value).is_some())
}

/// Name of the call, from the enriched form or the number of x86-64 and AArch64.
fn system_call(fields: &Map) -> Option<&'static str> {
    const NAMES: &[(&str, &str, &str)] = &[
        ("execve", "59", "221"),
        ("execveat", "322", "281"),
        ("connect", "42", "203"),
        ("open", "2", ""),
        ("creat", "85", ""),
        ("openat", "257", "56"),
        ("openat2", "437", "437"),
        ("truncate", "76", "45"),
        ("ftruncate", "77", "46"),
        ("unlink", "87", ""),
        ("rmdir", "84", ""),
        ("unlinkat", "263", "35"),
        ("rename", "82", ""),
        ("renameat", "264", "38"),
        ("renameat2", "316", "276"),
        ("chmod", "90", ""),
        ("fchmod", "91", "52"),
        ("fchmodat", "268", "53"),
    ];
    let enriched = fields.get("syscall_name").and_then(Value::as_str);
    let number = fields.get("syscall").and_then(Value::as_str)?;
    let arm = fields.get("arch").and_then(Value::as_str) == Some("c00000b7");
    let found = NAMES.iter().find(|(name, x86, aarch)| {
        enriched.map_or_else(
            || number == *name || number == if arm { *aarch } else { *x86 },
            |enriched| enriched == *name,
        )
    });
    found.map(|(name, ..)| *name)
}

fn file_operation(call: &str, fields: &Map, paths: &[Value]) -> Option<&'static str> {
    let created = paths.iter().any(|path| path.get("nametype").and_then(Value::as_str) == Some("CREATE"));
    Some(match call {
        "unlink" | "unlinkat" | "rmdir" => "FILE_REMOVE",
        "rename" | "renameat" | "renameat2" => "FILE_RENAME",
        "chmod" | "fchmod" | "fchmodat" => "FILE_CHANGE_MODE",
        "truncate" | "ftruncate" => "FILE_WRITE",
        "creat" if created => "FILE_CREATE_NEW",
        "creat" => "FILE_WRITE",
        "open" | "openat" | "openat2" if created => "FILE_CREATE_NEW",
        // openat2 passes its flags in memory, which audit reports in a line of its own.
        "openat2" => "FILE_OPEN",
        "open" | "openat" => {
            let argument = if call == "open" { "a1" } else { "a2" };
            let flags = fields.get(argument).and_then(Value::as_str);
            let flags = flags.and_then(|flags| u64::from_str_radix(flags, 16).ok()).unwrap_or(0);
            if flags.trailing_zeros() >= 2 { "FILE_READ" } else { "FILE_WRITE" }
        }
        _ => return None,
    })
}

fn file(fields: &mut Map, paths: &[Value], operation: &str) {
    let of = |kind: &str| {
        paths.iter().rev().find(|path| path.get("nametype").and_then(Value::as_str) == Some(kind))
    };
    let last = paths.iter().rev().find(|path| path.get("nametype").and_then(Value::as_str) != Some("PARENT"));
    let target = if operation == "FILE_RENAME" { of("CREATE").or(last) } else { last };
    let name = |path: Option<&Value>| {
        text(path.and_then(|path| path.get("name"))).map(|name| absolute(fields, &name))
    };
    let (path, previous) = (name(target), (operation == "FILE_RENAME").then(|| name(of("DELETE"))).flatten());
    put(fields, "file_path", path);
    put(fields, "previous_path", previous);
    put(fields, "file_operation", operation);
}

fn absolute(fields: &Map, name: &str) -> String {
    match fields.get("cwd").and_then(Value::as_str) {
        Some(cwd) if !name.starts_with('/') => {
            format!("{}/{}", cwd.trim_end_matches('/'), name.trim_start_matches("./"))
        }
        _ => name.to_owned(),
    }
}
