//! The queries of whole files.

use atalanta_sigma::{Document, Pipeline, lower, lower_documents, parse};
use atalanta_xql::env::{Env, Mode};

/// The last filter of a rule with this detection, over fields as they are.
fn filter(detection: &str) -> String {
    let text = format!("title: t\nlogsource: {{category: x}}\ndetection:\n{detection}\n");
    let (documents, diagnostics) = parse(&text);
    assert!(diagnostics.is_empty(), "{text}\n{diagnostics:?}");
    let Document::Rule(rule) = &documents[0] else { panic!("{documents:?}") };
    let lowered = lower(rule, Pipeline::builtin("none").unwrap());
    assert!(!lowered.has_errors(), "{:?}", lowered.diagnostics);
    let at = lowered.xql.rfind("| filter ").unwrap();
    lowered.xql[at + 9..].split_whitespace().collect::<Vec<_>>().join(" ")
}

fn item(item: &str) -> (String, String) {
    let positive = filter(&format!("  s:\n    {item}\n  condition: s"));
    let negative = filter(&format!("  s:\n    {item}\n  condition: not s"));
    (positive, negative)
}

#[test]
fn tests_and_their_negations() {
    let cases = [
        ("f: a", r#"f = "a""#, r#"f != "a""#),
        ("f|contains: a", r#"f contains "a""#, r#"f != "*a*""#),
        ("f|contains: 'a\\*'", r#"f contains "a*""#, r#"(f = null or f not contains "a*")"#),
        ("f: [a, 'b*']", r#"f in ("a", "b*")"#, r#"f not in ("a", "b*")"#),
        ("f: 'a?'", r#"f ~= "(?is)^a.$""#, r#"(f = null or f !~= "(?is)^a.$")"#),
        ("f|cased: A", r#"f ~= "(?s)^A$""#, r#"(f = null or f !~= "(?s)^A$")"#),
        ("f|re: a+", r#"f ~= "a+""#, r#"(f = null or f !~= "a+")"#),
        ("f: null", "f = null", "f != null"),
        ("f|exists: false", "f = null", "f != null"),
        ("f|lt: 5", "f < 5", "if(f < 5, false, true)"),
        ("f: 'C:\\'", r#"f = """C:\\""""#, r#"f != """C:\\""""#),
        ("f|cidr: 10.0.0.0/8", r#"f incidr "10.0.0.0/8""#, r#"(f = null or f not incidr "10.0.0.0/8")"#),
        ("f|neq: a", r#"f != null and f != "a""#, r#"f = null or f = "a""#),
        (
            "f|fieldref: g",
            "lowercase(to_string(f)) = lowercase(to_string(g))",
            "if(lowercase(to_string(f)) = lowercase(to_string(g)), false, true)",
        ),
        (
            "_time|hour: 5",
            r#"extract_time(_time, "HOUR") = 5"#,
            r#"if(extract_time(_time, "HOUR") = 5, false, true)"#,
        ),
        ("in: 1", "in = 1", "in != 1"),
        ("a-b: 1", "`a-b` = 1", "`a-b` != 1"),
    ];
    for (text, positive, negative) in cases {
        assert_eq!(item(text), (positive.to_owned(), negative.to_owned()), "{text}");
    }
}

#[test]
fn conditions_keep_their_structure() {
    let detection = "  a: {f: 1}\n  b: {g: 2, h: 3}\n  c: {i: 4}\n";
    let cases = [
        ("a or b and not c", "f = 1 or (g = 2 and h = 3 and i != 4)"),
        ("not (a or b)", "f != 1 and (g != 2 or h != 3)"),
        ("1 of them", "f = 1 or (g = 2 and h = 3) or i = 4"),
        ("all of them", "f = 1 and g = 2 and h = 3 and i = 4"),
        ("[a, c]", "f = 1 or i = 4"),
    ];
    for (condition, expected) in cases {
        assert_eq!(filter(&format!("{detection}  condition: {condition}")), expected, "{condition}");
    }
}

#[test]
fn keywords_are_searched_in_the_record() {
    let found = filter("  k: ['a b', 'x\\y']\n  condition: k");
    assert_eq!(found, r#"_raw_log contains "a b" or (_raw_log contains "x\y" or _raw_log contains "x\\y")"#);
}

#[test]
fn the_files_beside_this_test_are_standard_xql() {
    for text in [include_str!("../rules/modifiers.yml"), include_str!("../rules/correlations.yml")] {
        let (documents, diagnostics) = parse(text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let lowered = lower_documents(&documents, Pipeline::builtin("atalanta").unwrap());
        assert!(!lowered.is_empty());
        for one in lowered {
            assert!(!one.lowered.has_errors(), "{:?}", one.lowered.diagnostics);
            let found = one.lowered.check(&Env::new(Mode::Strict));
            assert!(found.is_empty(), "{found:?}\n{}", one.lowered.xql);
        }
    }
}

#[test]
fn places_of_the_query_lead_into_the_file() {
    let text = "title: t\nlogsource: {category: x}\ndetection:\n  s:\n    f|contains: needle\n    g: [left, right]\n  condition: s\n";
    let (documents, _) = parse(text);
    let Document::Rule(rule) = &documents[0] else { panic!() };
    let lowered = lower(rule, Pipeline::builtin("none").unwrap());
    for word in ["needle", "left", "right"] {
        let at = lowered.xql.find(word).unwrap();
        let origin = lowered.origin(atalanta_diag::Span::new(at, at + word.len())).unwrap();
        assert_eq!(&text[origin.range()], word);
    }
}
