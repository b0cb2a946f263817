//! The parser: what it reads, how it recovers, what it survives.

use atalanta_xql::syntax::ast::StageKind;
use atalanta_xql::syntax::{MAX_STAGES, parse};
use proptest::prelude::*;

fn clean(text: &str) {
    let parsed = parse(text);
    assert!(parsed.diagnostics.is_empty(), "{text}\n{:#?}", parsed.diagnostics);
}

fn first_error(text: &str) -> String {
    let parsed = parse(text);
    let diagnostic = parsed.diagnostics.first().unwrap_or_else(|| panic!("no error: {text}"));
    format!("{}..{} {}", diagnostic.span.start, diagnostic.span.end, diagnostic.message)
}

#[test]
fn standard_stages() {
    for text in [
        "dataset = x | filter a = 1 and not b contains \"x\" | fields a, b as c, xdm.*, *ip* | sort desc a, asc b | limit 5",
        "config timeframe = 7d case_sensitive = true | dataset in (a, b*) | comp count() as n, sum(x) as s by k, l",
        "config timeframe between \"7d\" and \"now\" | preset = network_story | dedup a, b by desc _time",
        "dataset=x | alter a = if(b = 1, \"x\", c -> d.e[0]), f = json_extract(g, \"$.h\") | bin _time span = 1h timezone = \"+02:00\"",
        "dataset = x | join type = left conflict_strategy = both (dataset = y | fields a) as r r.a = a and r.b != null | union z",
        "dataset = x | windowcomp avg(n) by k sort asc _time between -1 and 1 as m, rank() sort desc n as r",
        "dataset = x | filter a in (dataset = y | fields b) or c not in (1, null, \"*x\") | top 3 tool by user top_count as n",
        "filter ip incidr \"10.0.0.0/8\" and not ip incidr6 \"::1/128\" | arrayexpand tags limit 3 | replacenull a = 0",
        "dataset = x | transaction a, b span = 1h maxevents = 10 | view graph type = column xaxis = a, b yaxis = c",
        "search \"text\" mode = raw dataset in (a, b) | fields _time",
        "datamodel dataset = x* | filter XDM_ALIAS.ipv4 = \"1.1.1.1\" and a = ENUM.FILE | target type = lookup append = true y",
        "dataset = x | pivot sum(a) for b in (\"c\", \"d\") by e | transpose 5 header_field = b",
        "dataset = x | comp sum(*) as * by k addrawdata = true as raw | tag add \"t\" | getrole user as r",
        "dataset = x | iploc ip loc_country as c, loc_city suffix = _src | call \"saved\" p = 1",
        "dataset = x | alter f = arrayfilter(tags, \"@element\" -> name != \"a\"), g = -3, h = 1.5e3 // end",
    ] {
        clean(text);
    }
}

#[test]
fn dialect_forms() {
    for text in [
        "# head\ndataset = xdr_data\n| filter a like \"%x\" # tail\n| filter b not like \"%y%\" | filter c regex \"z\"",
        "dataset = x | comp count() by a, b as n | eval d = n - m * 2 | sort d desc, e",
        "dataset = x | join type=left xdr_data on a = a and b = b | filter hour(t) < 6",
    ] {
        clean(text);
    }
}

#[test]
fn words_are_not_reserved() {
    clean("dataset = x | filter type = 1 and count = 2 and left = 3 | fields values, hour, tool | sort asc desc");
}

#[test]
fn errors_say_what_was_expected() {
    assert_eq!(first_error("dataset = x | filter"), "20..20 expected a value, found the end of the query");
    assert_eq!(first_error("dataset = x | where a = 1"), "14..19 no stage is called `where`");
    assert_eq!(first_error("dataset = x filter a = 1"), "12..18 unexpected `filter` after the end of the stage");
    assert_eq!(first_error("dataset = x | limit 10 | filter (a = 1"), "38..38 expected `)`, found the end of the query");
    assert_eq!(first_error("dataset = x | filter a = \"b"), "25..26 string is never closed");
}

#[test]
fn later_stages_are_read_after_an_error() {
    let parsed = parse("dataset = x | filtr a = 1 | sort desc a | comp | limit 3");
    assert_eq!(parsed.diagnostics.len(), 2, "{:#?}", parsed.diagnostics);
    assert_eq!(parsed.query.stages.len(), 5);
    assert!(matches!(parsed.query.stages[2].kind, StageKind::Sort(_)));
    assert!(matches!(parsed.query.stages[4].kind, StageKind::Limit(Some((3, _)))));
}

#[test]
fn hostile_sizes_end_in_an_error() {
    let deep = format!("filter {}a = 1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(first_error(&deep).contains("nested deeper"));
    let long = format!("dataset = x {}", "| limit 1 ".repeat(10_000));
    let parsed = parse(&long);
    assert!(parsed.diagnostics[0].message.contains("at most"));
    assert_eq!(parsed.query.stages.len(), MAX_STAGES);
    assert!(first_error(&format!("filter {} a", "not ".repeat(10_000))).contains("`not` in a row"));
    assert!(first_error(&format!("alter a = b{}", " + b".repeat(10_000))).contains("in a row"));
    let wide = format!("filter a = 1{}", " or a = 1".repeat(10_000));
    clean(&wide);
}

proptest! {
    #[test]
    fn any_text_parses_without_panic(text in ".{0,200}") {
        let parsed = parse(&text);
        for diagnostic in &parsed.diagnostics {
            prop_assert!(diagnostic.span.end as usize <= text.len());
        }
    }

    #[test]
    fn shuffled_tokens_parse_without_panic(words in proptest::collection::vec(
        prop_oneof![
            Just("|"), Just("("), Just(")"), Just(","), Just("="), Just("filter"), Just("dataset"), Just("comp"),
            Just("by"), Just("as"), Just("count"), Just("a"), Just("\"x\""), Just("1"), Just("in"), Just("not"),
            Just("and"), Just("->"), Just("join"), Just("sort"), Just("desc"), Just("*"), Just("-"), Just(";"),
            Just("config"), Just("union"), Just("between"), Just("[")
        ], 0..40)) {
        parse(&words.join(" "));
        atalanta_xql::syntax::rules::parse_rules(&words.join(" "));
    }
}
