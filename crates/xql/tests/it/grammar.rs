//! The TextMate grammar of `editors/vscode` is made from the lists of stages and functions; `UPDATE_DOCS=1` writes it
//! anew.

use std::path::Path;

use atalanta_xql::signatures::FUNCTIONS;
use atalanta_xql::stage_docs::STAGES;

/// Words inside stages.
const WORDS: [&str; 14] = [
    "and", "or", "not", "in", "contains", "incidr", "incidr6", "as", "by", "asc", "desc", "between", "like",
    "regex",
];

fn rule(scope: &str, pattern: &str) -> String {
    let pattern = pattern.replace('\\', "\\\\").replace('"', "\\\"");
    format!("    {{ \"name\": \"{scope}\", \"match\": \"{pattern}\" }}")
}

fn grammar() -> String {
    let stages: Vec<&str> = STAGES.iter().map(|stage| stage.word).collect();
    let functions: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
    let block = |scope: &str, begin: &str, end: &str| {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "    {{ \"name\": \"{scope}\", \"begin\": \"{}\", \"end\": \"{}\" }}",
            quoted(begin),
            quoted(end)
        )
    };
    let rules = [
        rule("comment.line.double-slash.xql", r"//.*$"),
        rule("comment.line.number-sign.xql", r"#.*$"),
        block("comment.block.xql", r"/\*", r"\*/"),
        block("string.quoted.triple.xql", "\"\"\"", "\"\"\""),
        rule("string.quoted.double.xql", r#""(?:[^"\\]|\\.)*""#),
        rule("variable.other.quoted.xql", "`[^`\\n]*`"),
        rule("entity.name.section.xql", r"^\s*\[[A-Z]+\s*[:\]]"),
        rule("constant.language.xql", r"(?i)\b(?:true|false|null)\b"),
        rule("constant.other.enum.xql", r"\b(?:ENUM|XDM_CONST)\.\w+"),
        rule("constant.numeric.duration.xql", r"(?i)\b\d+(?:ms|mo|[smhdwy])\b"),
        rule("constant.numeric.xql", r"\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b"),
        rule("keyword.control.stage.xql", &format!(r"(?i)(?:(?<=\|)|(?<=^))\s*\b(?:{})\b", stages.join("|"))),
        rule("support.function.xql", &format!(r"(?i)\b(?:{})(?=\s*\()", functions.join("|"))),
        rule("keyword.operator.word.xql", &format!(r"(?i)\b(?:{})\b", WORDS.join("|"))),
        rule("keyword.operator.xql", r"!~=|~=|!=|<=|>=|->|[=<>+*/%|-]"),
    ];
    format!(
        "{{\n  \"name\": \"XQL\",\n  \"scopeName\": \"source.xql\",\n  \"fileTypes\": [\"xql\", \"xif\"],\n  \"patterns\": [\n{}\n  ]\n}}\n",
        rules.join(",\n")
    )
}

#[test]
fn the_grammar_is_made_from_the_lists() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../editors/vscode/syntaxes/xql.tmLanguage.json");
    let wanted = grammar();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{} is out of date: run `make docs`", path.display());
}
