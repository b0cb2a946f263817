//! The language server over its real protocol: a process, framed JSON-RPC on its standard streams.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const URI: &str = "file:///hunts/q.xql";

/// A running server.
struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: i64,
}

impl Editor {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atalanta"));
        command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut editor = Self { child, input, output, next: 0 };
        let answer = editor.ask("initialize", json!({"capabilities": {}}));
        assert_eq!(answer["serverInfo"]["name"], "atalanta");
        editor.tell("initialized", json!({}));
        editor
    }

    fn write(&mut self, message: &Value) {
        let body = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        input.flush().unwrap();
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server went away");
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("Content-Length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// The whole response to a request.
    fn response(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let response = self.response(method, params);
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].clone()
    }

    /// Opens the text; the diagnostics that follow.
    fn open(&mut self, text: &str) -> Vec<Value> {
        let document = json!({"uri": URI, "languageId": "xql", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
        self.published()
    }

    fn published(&mut self) -> Vec<Value> {
        let message = self.read();
        assert_eq!(message["method"], "textDocument/publishDiagnostics");
        assert_eq!(message["params"]["uri"], URI);
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// Asks about the place marked by `|?` in the text, which is opened without the mark.
    fn at(&mut self, method: &str, marked: &str) -> Value {
        let (text, position) = unmark(marked);
        self.open(&text);
        self.ask(method, json!({"textDocument": {"uri": URI}, "position": position}))
    }

    fn labels(&mut self, marked: &str) -> Vec<String> {
        let items = self.at("textDocument/completion", marked);
        items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text without `¦`, and its position in lines and UTF-16 units.
fn unmark(marked: &str) -> (String, Value) {
    let (before, after) = marked.split_once('¦').unwrap();
    let line = before.matches('\n').count();
    let character = before.rsplit('\n').next().unwrap().encode_utf16().count();
    (format!("{before}{after}"), json!({"line": line, "character": character}))
}

/// Applies the edits of one text.
fn apply(text: &str, edits: &[Value]) -> String {
    let offset = |position: &Value| {
        let line = position["line"].as_u64().unwrap() as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = position["character"].as_u64().unwrap() as usize;
        let mut at = start;
        for c in text[start..].chars() {
            if units == 0 {
                break;
            }
            units -= c.len_utf16();
            at += c.len_utf8();
        }
        at
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (offset(&range["start"]), offset(&range["end"]), edit["newText"].as_str().unwrap())
        })
        .collect();
    edits.sort_unstable();
    let mut out = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        out.replace_range(start..end, new);
    }
    out
}

#[test]
fn a_session_from_hello_to_goodbye() {
    let mut editor = Editor::start();
    assert!(editor.open("dataset = xdr_data | limit 3").iter().all(|one| one["severity"] != 1));
    assert_eq!(editor.ask("shutdown", Value::Null), Value::Null);
    editor.tell("exit", Value::Null);
    editor.input = None;
    assert_eq!(editor.child.wait().unwrap().code(), Some(0));
}

#[test]
fn diagnostics_follow_every_change_and_count_utf16_units() {
    let mut editor = Editor::start();
    let found = editor.open("// 𝄞\ndataset = xdr_data | filter action_file_path = \"𝄞\" and = 1");
    let error = found.iter().find(|one| one["severity"] == 1).unwrap();
    assert_eq!(error["range"]["start"], json!({"line": 1, "character": 56}));
    assert_eq!(error["source"], "atalanta");
    let range = json!({"start": {"line": 1, "character": 51}, "end": {"line": 1, "character": 59}});
    let change = json!({"range": range, "text": ""});
    let document = json!({"uri": URI, "version": 2});
    editor.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
    let left = editor.published();
    assert!(left.iter().all(|one| one["severity"] != 1), "{left:?}");
}

#[test]
fn completion_knows_stages_datasets_columns_values_and_functions() {
    let mut editor = Editor::start();
    let labels = editor.labels("dataset = xdr_data\n| ¦");
    assert!(labels.contains(&"filter".to_owned()) && labels.contains(&"windowcomp".to_owned()));
    assert!(editor.labels("dataset = ¦").contains(&"xdr_data".to_owned()));
    assert!(editor.labels("preset = ¦").contains(&"network_story".to_owned()));
    let labels = editor.labels("dataset = xdr_data | comp count() as n by event_type | filter ¦");
    assert!(labels.contains(&"n".to_owned()) && labels.contains(&"event_type".to_owned()));
    assert!(!labels.contains(&"action_file_path".to_owned()), "the aggregation removed it");
    assert!(labels.contains(&"lowercase".to_owned()) && !labels.contains(&"count".to_owned()));
    let labels = editor.labels("dataset = xdr_data | filter event_type = ¦");
    assert_eq!(labels.first().map(|label| &label[..5]), Some("ENUM."));
    assert!(labels.contains(&"ENUM.NETWORK".to_owned()));
    let labels = editor.labels("dataset = xdr_data | filter event_type in (ENUM.FILE, ¦");
    assert!(labels.contains(&"ENUM.PROCESS".to_owned()));
    let labels =
        editor.labels("dataset = xdr_data | join (dataset = xdr_data | alter inner_one = 1 | fields ¦");
    assert!(labels.contains(&"inner_one".to_owned()));
    assert!(editor.labels("dataset = xdr_data // fil¦").is_empty());
}

#[test]
fn hover_tells_what_a_word_means() {
    let mut editor = Editor::start();
    let mut text = |marked: &str| {
        let hover = editor.at("textDocument/hover", marked);
        hover["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    assert!(text("dataset = xdr_data | fil¦ter event_type = ENUM.FILE").contains("Keeps the rows"));
    assert!(text("dataset = xdr_data | alter a = lower¦case(event_type)").contains("lowercase(text: string"));
    assert!(text("dataset = xdr_data | filter event_ty¦pe = ENUM.FILE").contains("Values:"));
    assert!(text("dataset = xdr_data | alter a = 1 | filter ¦a = 1").contains("Computed by this query"));
    assert!(text("dataset = xdr¦_data").contains("fields"));
    assert!(text("dataset = xdr_data | filter event_type = ENUM.NET¦WORK").contains("ENUM.NETWORK"));
    assert_eq!(text("dataset = xdr_data | filter no_such_th¦ing = 1"), "");
}

#[test]
fn signature_help_counts_arguments() {
    let mut editor = Editor::start();
    let help = editor.at(
        "textDocument/signatureHelp",
        "dataset = xdr_data | alter a = replace(lowercase(event_type), \"a,b\", ¦",
    );
    assert_eq!(help["activeParameter"], 2);
    assert!(help["signatures"][0]["label"].as_str().unwrap().starts_with("replace("));
    let none = editor.at("textDocument/signatureHelp", "dataset = xdr_data | filter (¦");
    assert_eq!(none, Value::Null);
}

#[test]
fn definitions_are_found() {
    let mut editor = Editor::start();
    let at = editor.at(
        "textDocument/definition",
        "dataset = xdr_data | alter size = 1 | alter size = 2 | filter ¦size = 2 | alter size = 3",
    );
    assert_eq!(at["range"]["start"], json!({"line": 0, "character": 44}));
    let alias = editor.at(
        "textDocument/definition",
        "dataset = xdr_data\n| join (dataset = xdr_data | fields event_id) as other ot¦her.event_id = event_id",
    );
    assert_eq!(alias["range"]["start"], json!({"line": 1, "character": 49}));
    let none = editor.at("textDocument/definition", "dataset = xdr_data | filter event_t¦ype = ENUM.FILE");
    assert_eq!(none, Value::Null);
}

#[test]
fn an_alias_is_renamed_where_it_holds_and_nowhere_else() {
    let mut editor = Editor::start();
    let cases = [
        (
            "dataset = xdr_data | comp count() as n¦ by event_type | filter n > 3 and \"n\" != event_type | sort desc n",
            "dataset = xdr_data | comp count() as total by event_type | filter total > 3 and \"n\" != event_type | sort desc total",
        ),
        (
            "dataset = xdr_data | alter x = 1 | alter x = add(x¦, 1) | filter x = 2",
            "dataset = xdr_data | alter total = 1 | alter x = add(total, 1) | filter x = 2",
        ),
        (
            "dataset = xdr_data | join (dataset = xdr_data | fields event_id as r) as r¦ r.r = event_id | fields event_id",
            "dataset = xdr_data | join (dataset = xdr_data | fields event_id as r) as total total.r = event_id | fields event_id",
        ),
    ];
    for (marked, renamed) in cases {
        let (text, position) = unmark(marked);
        editor.open(&text);
        let params = json!({"textDocument": {"uri": URI}, "position": position, "newName": "total"});
        let edit = editor.ask("textDocument/rename", params);
        assert_eq!(apply(&text, edit["changes"][URI].as_array().unwrap()), renamed);
    }
    let (text, position) = unmark("dataset = xdr_data | filter event_t¦ype = ENUM.FILE");
    editor.open(&text);
    let params = json!({"textDocument": {"uri": URI}, "position": position, "newName": "x"});
    let refused = editor.response("textDocument/rename", params);
    assert!(refused["error"]["message"].as_str().unwrap().contains("itself makes"), "{refused}");
}

#[test]
fn quick_fixes_and_formatting_edit_the_text() {
    let mut editor = Editor::start();
    let text = "dataset=xdr_data // 𝄞\n|filter action_process_command_line like \"%x%\"";
    editor.open(text);
    let range = json!({"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 60}});
    let params = json!({"textDocument": {"uri": URI}, "range": range, "context": {"diagnostics": []}});
    let actions = editor.ask("textDocument/codeAction", params);
    let actions = actions.as_array().unwrap();
    let fix = actions.iter().find(|one| one["diagnostics"][0]["code"] == "XC002").unwrap();
    let fixed = apply(text, fix["edit"]["changes"][URI].as_array().unwrap());
    assert!(!fixed.contains("like") && fixed.contains("// 𝄞"), "{fixed}");
    assert!(actions.iter().any(|one| one["kind"] == "source.fixAll"));
    let options = json!({"tabSize": 4, "insertSpaces": true});
    let edits =
        editor.ask("textDocument/formatting", json!({"textDocument": {"uri": URI}, "options": options}));
    let formatted = apply(text, edits.as_array().unwrap());
    assert!(formatted.starts_with("dataset = xdr_data // 𝄞\n| filter"), "{formatted}");
}

#[test]
fn wrong_requests_get_an_error_and_the_server_goes_on() {
    let mut editor = Editor::start();
    let unknown = editor.response("textDocument/noSuchThing", json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    let position = json!({"line": 0, "character": 0});
    let closed = json!({"textDocument": {"uri": "file:///x.xql"}, "position": position});
    assert_eq!(editor.response("textDocument/hover", closed)["error"]["code"], -32602);
    let broken = editor.response("textDocument/hover", json!({"textDocument": 3}));
    assert_eq!(broken["error"]["code"], -32602);
    editor.tell("textDocument/didChange", json!({"nonsense": true}));
    let far = json!({"line": 4_000_000_000_u32, "character": 4_000_000_000_u32});
    editor.open("dataset = xdr_data");
    editor.ask("textDocument/hover", json!({"textDocument": {"uri": URI}, "position": far}));
    assert!(editor.open("dataset = xdr_data | where a = 1").iter().any(|one| one["severity"] == 1));
}
