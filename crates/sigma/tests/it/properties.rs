//! No text makes the front end, the lints or the lowering fail other than by a diagnostic with a place.

use atalanta_diag::Diagnostic;
use atalanta_sigma::{Pipeline, check, lower_documents, parse};
use atalanta_xql::env::Env;
use proptest::prelude::*;

const RULES: [&str; 2] = [include_str!("../rules/modifiers.yml"), include_str!("../rules/correlations.yml")];

fn assert_placed(text: &str, diagnostics: &[Diagnostic]) {
    for one in diagnostics {
        let labels = one.labels.iter().map(|label| label.span);
        for span in labels.chain([one.span]) {
            assert!(text.get(span.range()).is_some(), "{span:?} is not in the text: {one:?}");
        }
    }
}

fn run(text: &str) {
    let (_, diagnostics) = Pipeline::parse(text);
    assert_placed(text, &diagnostics);
    for pipeline in ["atalanta", "none"] {
        let pipeline = Pipeline::builtin(pipeline).unwrap();
        assert_placed(text, &check(text, pipeline, &Env::default()));
        let (documents, _) = parse(text);
        for one in lower_documents(&documents, pipeline) {
            let parsed = atalanta_xql::syntax::parse(&one.lowered.xql);
            assert!(one.lowered.has_errors() || !parsed.has_errors(), "{text}\n{}", one.lowered.xql);
        }
    }
}

/// A value of a rule, of any kind.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "'[a-c*?\\\\\"%. -]{0,8}'",
        "[0-9]{1,3}",
        Just("null".to_owned()),
        Just("true".to_owned()),
        "\\['[ab*]{1,3}', [0-9]\\]",
        "10\\.0\\.0\\.0/[0-9]{1,2}",
    ]
}

fn modifiers() -> impl Strategy<Value = String> {
    let names: Vec<&str> = atalanta_sigma::modifiers::Modifier::ALL.iter().map(|(name, _)| *name).collect();
    prop::collection::vec(prop::sample::select(names), 0..4)
        .prop_map(|names| names.iter().flat_map(|name| ["|", name]).collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text(text in "\\PC{0,200}|[a-z:|\\[\\]{}&*!#\\n -]{0,120}") {
        run(&text);
    }

    #[test]
    fn rules_with_a_part_changed(which in 0..2usize, at in 0..3000usize, cut in 0..40usize, new in "[|:*?%\\[{'\"\\\\\n é-]{0,6}") {
        let text = RULES[which];
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let end = (at..=(at + cut).min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap();
        run(&format!("{}{new}{}", &text[..at], &text[end..]));
    }

    #[test]
    fn rules_of_all_modifiers(items in prop::collection::vec((modifiers(), value()), 1..4), condition in "(not )?(s|1 of s\\*|all of them)( and not s)?") {
        let mut text = String::from("title: t\nlogsource: {category: process_creation}\ndetection:\n  s:\n");
        for (number, (modifiers, value)) in items.iter().enumerate() {
            text.extend(["    F", &number.to_string(), modifiers, ": ", value, "\n"]);
        }
        text.extend(["  condition: ", &condition, "\n"]);
        run(&text);
    }
}
