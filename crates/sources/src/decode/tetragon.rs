//! Tetragon's export: the kind of event, the processes, and what a kernel probe's arguments say.

use crate::tree::{Map, Value};

use super::{Decode, DecodeProblem, Decoded, RawRecord, one_object, put};

/// One event per record.
pub(super) struct Tetragon;

impl Decode for Tetragon {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        one_object(RawRecord::new(raw, line), out, problems, event);
    }
}

fn event(mut fields: Map) -> Result<Map, String> {
    let Some(kind) = fields.keys().find(|name| name.starts_with("process_")).cloned() else {
        return Err("tetragon event without a process_* member".to_owned());
    };
    let Some(Value::Object(event)) = fields.remove(&kind) else {
        return Err(format!("expected an object in {kind}"));
    };
    fields.fill(event.into_members());
    fields.insert("kind", kind.into());
    let arguments = fields.get("args").and_then(Value::as_array).cloned().unwrap_or_default();
    for argument in &arguments {
        read_argument(&mut fields, argument);
    }
    if let Some(operation) = file_operation(&fields) {
        put(&mut fields, "file_operation", operation);
    }
    Ok(fields)
}

fn read_argument(fields: &mut Map, argument: &Value) {
    let file = ["file_arg", "path_arg", "linux_binprm_arg"].into_iter().find_map(|name| argument.get(name));
    if let Some(path) = file.and_then(|file| file.get("path")).and_then(Value::as_str) {
        // Old versions leave out the leading slash.
        let path =
            if path.starts_with('/') || path.is_empty() { path.to_owned() } else { format!("/{path}") };
        let name = if fields.contains_key("file_path") { "file_path_to" } else { "file_path" };
        put(fields, name, path);
    }
    if let Some(mask) = argument.get("int_arg").and_then(Value::as_i64) {
        fields.insert_new("access_mask", mask.into());
    }
    if let Some(socket) = argument.get("sock_arg").and_then(Value::as_object) {
        for (from, to) in [
            ("saddr", "source_ip"),
            ("sport", "source_port"),
            ("daddr", "destination_ip"),
            ("dport", "destination_port"),
            ("protocol", "protocol"),
        ] {
            if let Some(value) = socket.get(from) {
                fields.insert_new(to, value.clone());
            }
        }
    }
}

/// What a file hook saw. `security_file_permission` passes MAY_WRITE (2) or MAY_READ (4).
fn file_operation(fields: &Map) -> Option<&'static str> {
    fields.get("file_path")?;
    let mask = fields.get("access_mask").and_then(Value::as_i64);
    let function = fields.get("function_name").and_then(Value::as_str)?;
    let function =
        function.strip_prefix("__x64_").or_else(|| function.strip_prefix("__arm64_")).unwrap_or(function);
    Some(match function {
        "security_file_permission" if mask.is_some_and(|mask| mask & 2 != 0) => "FILE_WRITE",
        "security_file_permission" if mask.is_some_and(|mask| mask & 4 != 0) => "FILE_READ",
        "sys_read" | "sys_pread64" | "vfs_read" => "FILE_READ",
        "sys_write" | "sys_pwrite64" | "vfs_write" | "security_path_truncate" => "FILE_WRITE",
        "security_path_unlink" | "security_inode_unlink" | "sys_unlink" | "sys_unlinkat" => "FILE_REMOVE",
        "security_path_rename" | "sys_rename" | "sys_renameat2" => "FILE_RENAME",
        "security_path_chmod" | "sys_fchmodat" => "FILE_CHANGE_MODE",
        // A mapping that can write through to the file.
        "security_mmap_file" => "FILE_OPEN",
        "fd_install" | "sys_openat" | "sys_open" | "security_file_open" => "FILE_OPEN",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_tells_reads_from_writes() {
        for (mask, expected) in [(4, "FILE_READ"), (2, "FILE_WRITE"), (6, "FILE_WRITE")] {
            let record = json!({ "process_kprobe": { "process": { "pid": 1 }, "function_name": "security_file_permission",
                "args": [{ "file_arg": { "path": "/data/train.csv" } }, { "int_arg": mask }] } });
            let fields = event(record.as_object().unwrap().clone()).unwrap();
            assert_eq!(fields["file_operation"], expected);
            assert_eq!(fields["file_path"], "/data/train.csv");
        }
    }

    #[test]
    fn socket_arguments_become_the_members_of_a_connect() {
        let record = json!({ "process_kprobe": { "function_name": "tcp_connect", "args": [{ "sock_arg": {
            "protocol": "IPPROTO_TCP", "saddr": "10.0.0.1", "daddr": "1.2.3.4", "sport": 40000, "dport": 443 } }] } });
        let fields = event(record.as_object().unwrap().clone()).unwrap();
        assert_eq!(
            (&fields["destination_ip"], &fields["destination_port"]),
            (&json!("1.2.3.4"), &json!(443))
        );
    }
}
