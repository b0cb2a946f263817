//! The formatter on layouts, on all content, and on generated texts.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn query(text: &str) -> String {
    format(text, Kind::Query).text
}

/// Formats twice; the second time must change nothing, and the safety net must not have been needed.
fn stable(text: &str, kind: Kind) -> Result<String, String> {
    let read = Read::new(text, kind);
    let Some(raw) = lay_out(text, kind, &read) else { return Ok(text.to_owned()) };
    let after = Read::new(&raw, kind);
    if after.content(&raw) != read.content(text) {
        return Err(format!("content changed:\n{text}\n--- became\n{raw}"));
    }
    if after.errors.len() != read.errors.len() {
        return Err(format!("errors changed:\n{text}\n--- became\n{raw}"));
    }
    let once = format(text, kind).text;
    let twice = format(&once, kind).text;
    if once == twice {
        Ok(once)
    } else {
        Err(format!("not stable:\n{text}\n--- once\n{once}\n--- twice\n{twice}"))
    }
}

#[test]
fn stages_get_lines_and_operators_blanks() {
    assert_eq!(
        query("dataset=xdr_data|filter a=1 and b in(\"x\",\"y\")|comp count ( ) as n by c,d|sort desc n"),
        "dataset = xdr_data\n| filter a = 1 and b in (\"x\", \"y\")\n| comp count() as n by c, d\n| sort desc n\n"
    );
    assert_eq!(query(""), "");
    assert_eq!(
        query("config case_sensitive=true dataset = x | fields *ip*, xdm.*, a -> b.c[0]"),
        "config case_sensitive = true\ndataset = x\n| fields *ip*, xdm.*, a -> b.c[0]\n"
    );
}

#[test]
fn long_stages_are_broken_at_their_outermost_parts() {
    let long = "dataset = x | filter action_process_command_line contains \"aaaaaaaaaaaaaaaaaaaaaaa\" and \
                (action_file_path contains \"bbbbbbbbbbbbbbbbbbbbb\" or action_file_path = \"c\")";
    assert_eq!(
        query(long),
        "dataset = x\n\
         | filter action_process_command_line contains \"aaaaaaaaaaaaaaaaaaaaaaa\"\n    \
             and (action_file_path contains \"bbbbbbbbbbbbbbbbbbbbb\" or action_file_path = \"c\")\n"
    );
    let alter = "dataset = x | alter first_value = lowercase(action_process_command_line), \
                 second_value = uppercase(action_process_command_line)";
    assert_eq!(
        query(alter),
        "dataset = x\n| alter\n    first_value = lowercase(action_process_command_line),\n    \
         second_value = uppercase(action_process_command_line)\n"
    );
}

#[test]
fn sub_queries_are_indented() {
    assert_eq!(
        query(
            "dataset = x | join type=left (dataset = y | filter a = 1 | fields a, b) as r r.a = a | limit 3"
        ),
        "dataset = x\n| join type = left (\n    dataset = y\n    | filter a = 1\n    | fields a, b\n\
         ) as r r.a = a\n| limit 3\n"
    );
}

#[test]
fn comments_stay_where_they_belong() {
    let text = "# head\n\n\n// why\ndataset = x // tail\n// before\n| filter a = 1 /* in */ and b = 2\n\n| // odd\n limit 3 // end\n// last\n";
    assert_eq!(
        query(text),
        "# head\n\n// why\ndataset = x // tail\n// before\n| filter a = 1 /* in */ and b = 2\n\n// odd\n| limit 3 // end\n// last\n"
    );
    let inside = "dataset = x | alter a = 1, // one\n b = 2, // two\n c = 3";
    assert_eq!(query(inside), "dataset = x\n| alter\n    a = 1, // one\n    b = 2, // two\n    c = 3\n");
}

#[test]
fn a_broken_stage_stays_as_written() {
    let formatted = format("dataset=x|filter   a = = 1   |limit   3", Kind::Query);
    assert_eq!(formatted.text, "dataset = x\n|filter   a = = 1\n| limit 3\n");
    assert_eq!(formatted.errors.len(), 1);
}

#[test]
fn rules_files_keep_sections_apart() {
    let text = "[CONST] A=\"x\";\n[RULE:base] alter a=1|alter b=2;[INGEST:vendor=acme-corp,product=\"p\"]\n// why\nfilter a=1;\n\nfilter b=2;";
    assert_eq!(
        format(text, Kind::Rules).text,
        "[CONST]\nA = \"x\";\n\n[RULE: base]\nalter a = 1\n| alter b = 2;\n\n\
         [INGEST: vendor = acme-corp, product = \"p\"]\n// why\nfilter a = 1;\n\nfilter b = 2;\n"
    );
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "xql" || ext == "xif") {
            out.push(path);
        }
    }
}

#[test]
fn all_content_is_formatted_without_loss() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content"), &mut all);
    assert!(all.len() > 70, "{} files", all.len());
    let mut wrong = Vec::new();
    for path in all {
        let text = std::fs::read_to_string(&path).expect("content is readable");
        let kind = if path.extension().is_some_and(|ext| ext == "xif") { Kind::Rules } else { Kind::Query };
        match stable(&text, kind) {
            Ok(new) if new.lines().any(|line| line.ends_with(' ')) => {
                wrong.push(format!("{}: blanks at a line's end", path.display()));
            }
            Ok(_) => {}
            Err(why) => wrong.push(format!("{}: {why}", path.display())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Parts of queries with odd blanks and comments between them.
fn part() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("dataset = x"),
        Just("| filter"),
        Just("| alter a ="),
        Just("| comp count ( ) as n by b,c"),
        Just("| fields a,b as c, *ip*"),
        Just("and"),
        Just("or"),
        Just("not"),
        Just("a = 1"),
        Just("b in (1, 2)"),
        Just("c contains \"text with  blanks\""),
        Just("lowercase(d)"),
        Just("if(a = 1, \"x\", a -> b[0].c)"),
        Just("("),
        Just(")"),
        Just(","),
        Just("| join type = left (dataset = y | fields a) as r r.a = a"),
        Just("action_process_command_line contains \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""),
        Just("| sort desc a, asc b"),
        Just("| limit 10"),
        Just("-1"),
        Just("* 2"),
        Just("7d"),
        Just("\"open"),
        Just("config case_sensitive = true"),
        Just("[RULE: a]"),
        Just(";"),
        Just("| union (dataset = z)"),
        Just("\"\"\"raw\n text\"\"\""),
        Just("`odd name`"),
        Just("#x"),
        Just("'"),
        Just("é"),
        Just("a.b"),
    ];
    let blank = prop_oneof![
        4 => Just(" "), 2 => Just("\n"), 1 => Just("\n\n\n"), 1 => Just("\t"), 1 => Just(" // why\n"),
        1 => Just("\n// own line\n"), 1 => Just(" /* in */ "), 1 => Just("\r\n"), 1 => Just("# hash\n"),
        1 => Just(" /* two\n lines */ "),
    ];
    (word, blank).prop_map(|(word, blank)| format!("{word}{blank}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn generated_texts_keep_their_content(parts in proptest::collection::vec(part(), 0..24), rules in any::<bool>()) {
        let text = parts.concat();
        let kind = if rules { Kind::Rules } else { Kind::Query };
        if let Err(why) = stable(&text, kind) {
            prop_assert!(false, "{}", why);
        }
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,60}", rules in any::<bool>()) {
        let kind = if rules { Kind::Rules } else { Kind::Query };
        let once = format(&text, kind).text;
        prop_assert_eq!(&format(&once, kind).text, &once);
    }
}
