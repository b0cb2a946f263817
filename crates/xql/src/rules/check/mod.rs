//! Everything that is wrong with a rules file: sections and their arguments, stages and functions at places where
//! they must not stand, names, types, paths and constants of the data model, fields that nothing reads.
//!
//! Names and types inside statements are judged by the lints of queries; only what rules files have of their own
//! is worded here.

mod places;
mod sections;
mod xdm;

use std::collections::HashSet;

use atalanta_diag::{Diagnostic, Severity, Span};
use atalanta_schema::{Catalog, Type};

use super::inline::inline;
use super::statement::{model_statement, rule_statement};
use crate::env::{Env, Mode};
use crate::ir::{Column, Row};
use crate::lint;
use crate::logic;
use crate::resolve::Resolved;
use crate::syntax::Parsed;
use crate::syntax::ast::{Literal, Query};
use crate::syntax::rules::{RulesFile, Section, parse_rules};
use crate::syntax::token::TokenKind;

/// Lints of queries that hold for statements of rules too; the others are about datasets, time and ATLAS.
const LINTS: &[&str] = &[
    "XN001", "XN002", "XN004", "XN006", "XT002", "XT003", "XT005", "XT006", "XL001", "XL003", "XL004",
    "XL005", "XC006", "XC007",
];

/// All diagnostics of a rules file. The inputs of `env` are the datasets whose columns are known, by a schema
/// file for example; columns of other datasets are taken as written.
pub fn check(text: &str, env: &Env) -> Vec<Diagnostic> {
    let file = parse_rules(text);
    let mut checker = Checker { text, file: &file, env: with_constants(env, &file), out: Vec::new() };
    checker.out.clone_from(&file.diagnostics);
    sections::check(&file, &mut checker.out);
    for section in &file.sections {
        checker.section(section);
    }
    let mut seen = HashSet::new();
    let mut out = checker.out;
    // A rule that several statements call is seen several times.
    out.retain(|one| seen.insert((one.span, one.code, one.message.clone())));
    out.sort_by_key(|one| (one.span, one.code));
    out
}

/// The environment of a file's statements: its constants stand for `$NAME`.
pub fn with_constants(env: &Env, file: &RulesFile) -> Env {
    let mut constants = env.constants.clone();
    for (name, value) in file.sections.iter().flat_map(|section| &section.constants) {
        let value = match value {
            TokenKind::String { value, triple } => Literal::String { value: value.clone(), triple: *triple },
            TokenKind::Int(value) => Literal::Int(*value),
            TokenKind::Float(value) => Literal::Float(*value),
            _ => continue,
        };
        constants.push((name.text.clone(), value));
    }
    Env { constants, rules: true, ..env.clone() }
}

/// The row that statements of a dataset see: its columns if they are known, and the system's.
pub fn dataset_row(dataset: &str, env: &Env) -> Row {
    let mut columns: Vec<Column> = Vec::new();
    let mut add = |name: &str, ty: &Type, system: bool| {
        if !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
            columns.push(Column { name: name.to_owned(), ty: ty.clone(), field: None, system, empty: false });
        }
    };
    let input = env.input(dataset);
    for (name, ty) in input.map(|input| input.columns.as_slice()).unwrap_or_default() {
        add(name, ty, Catalog::builtin().is_system_field(name));
    }
    for (name, ty) in SYSTEM_COLUMNS {
        add(name, ty, true);
    }
    Row::new(columns, input.is_none())
}

/// Columns that every event has.
pub const SYSTEM_COLUMNS: &[(&str, Type)] = &[
    ("_time", Type::Timestamp),
    ("_insert_time", Type::Timestamp),
    ("_vendor", Type::String),
    ("_product", Type::String),
    ("_raw_log", Type::String),
    ("_tag", Type::String),
    ("_id", Type::String),
];

struct Checker<'a> {
    text: &'a str,
    file: &'a RulesFile,
    env: Env,
    out: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn section(&mut self, section: &Section) {
        for statement in &section.statements {
            places::check(section, statement, &mut self.out);
            match section.kind.as_str() {
                "MODEL" => self.model(section, statement),
                "INGEST" | "COLLECT" | "EXTEND" => self.ingest(statement),
                _ => {}
            }
        }
    }

    fn model(&mut self, section: &Section, statement: &Query) {
        let (query, mut problems) = inline(statement, self.file);
        self.out.append(&mut problems);
        let row = dataset_row(section.argument("dataset").unwrap_or_default(), &self.env);
        let resolved = model_statement(&query, row, &self.env);
        self.lints(&query, &resolved);
        xdm::check(&query, &resolved, statement.span, self.env.mode, &mut self.out);
    }

    fn ingest(&mut self, statement: &Query) {
        let (query, mut problems) = inline(statement, self.file);
        self.out.append(&mut problems);
        let row = Row { open: true, ..dataset_row("", &self.env) };
        let resolved = rule_statement(&query, row, &self.env);
        self.lints(&query, &resolved);
        xdm::constants(&resolved, &mut self.out);
    }

    fn lints(&mut self, query: &Query, resolved: &Resolved) {
        let parsed = Parsed {
            query: query.clone(),
            tokens: Vec::new(),
            comments: Vec::new(),
            curly_quotes: Vec::new(),
            diagnostics: Vec::new(),
        };
        let findings = logic::analyze(&resolved.plan);
        let strict = self.env.mode == Mode::Strict;
        let options = lint::Options { strict, with_data: false };
        let found = lint::check(self.text, &parsed, resolved, &findings, options);
        self.out.extend(found.into_iter().filter(|one| LINTS.contains(&one.code.0)));
    }
}

/// A diagnostic that is an error in strict mode and a warning else.
fn graded(mode: Mode, code: atalanta_diag::Code, span: Span, message: String) -> Diagnostic {
    let severity = if mode == Mode::Strict { Severity::Error } else { Severity::Warning };
    Diagnostic::new(code, severity, span, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Input;
    use crate::rules::codes;

    fn found(text: &str) -> Vec<(&'static str, String)> {
        check(text, &Env::default()).into_iter().map(|one| (one.code.0, one.message)).collect()
    }

    fn codes_of(text: &str) -> Vec<&'static str> {
        found(text).into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn a_sound_file_is_clean() {
        let text = r#"
            [CONST] OK = "ok";
            [RULE: host] alter h = if(host != "", host);
            [MODEL: dataset = "acme_gateway_raw"]
            filter kind = $OK
            | call host
            | alter
                xdm.source.host.hostname = h, // a comment
                xdm.event.outcome = if(code < 400, XDM_CONST.OUTCOME_SUCCESS, XDM_CONST.OUTCOME_FAILED),
                xdm.source.port = to_integer(port),
                xdm.source.host.ipv4_addresses = arraycreate(ip);
            [INGEST: vendor = "acme", product = "gateway", target_dataset = "acme_gateway_raw", no_hit = keep]
            alter _time = parse_timestamp("%Y", t) | drop x = $OK;
        "#;
        assert_eq!(found(text), []);
    }

    #[test]
    fn paths_types_and_constants_of_the_data_model() {
        assert_eq!(codes_of("[MODEL: dataset = x] alter xdm.source.ipv44 = a;"), ["XR002"]);
        assert_eq!(codes_of("[MODEL: dataset = x] alter xdm.source.host = a;"), ["XR002"]);
        assert_eq!(codes_of("[MODEL: dataset = x] alter xdm.source.cloud.source_type = a;"), ["XR002"]);
        assert_eq!(codes_of("[MODEL: dataset = x] alter xdm.source.port = \"x\";"), ["XR003"]);
        assert_eq!(
            codes_of("[MODEL: dataset = x] alter xdm.event.outcome = XDM_CONST.OUTCOME_GOOD;"),
            ["XR005"]
        );
        assert_eq!(codes_of("[MODEL: dataset = x] alter _time = a, xdm.event.id = b;"), ["XR008"]);
        let nearest = check("[MODEL: dataset = x] alter xdm.source.ipv44 = a;", &Env::default());
        assert!(format!("{:?}", nearest[0]).contains("xdm.source.ipv4"), "{nearest:?}");
    }

    #[test]
    fn fields_that_nothing_reads() {
        assert_eq!(codes_of("[MODEL: dataset = x] alter tmp = a | alter xdm.event.id = b;"), ["XR004"]);
        assert_eq!(codes_of("[MODEL: dataset = x] alter tmp = a | alter xdm.event.id = tmp;"), [""; 0]);
        assert_eq!(codes_of("[MODEL: dataset = x] filter a = 1;"), [codes::EMPTY.0]);
    }

    #[test]
    fn places_and_sections() {
        assert!(
            codes_of("[MODEL: dataset = x] alter xdm.event.id = a | comp count() as n;").contains(&"XR006")
        );
        assert!(
            codes_of("[MODEL: dataset = x] alter xdm.event.id = to_string(parse_cef(a));").contains(&"XR006")
        );
        assert_eq!(codes_of("[MODEL: model = x] alter xdm.event.id = a;"), ["XR007"]);
        assert_eq!(codes_of("[INGEST: vendor = a, product = b] alter x = y;"), ["XR007"]);
        assert_eq!(
            codes_of("[INGEST: vendor = a, product = b, target_dataset = c, no_hit = maybe] alter x = y;"),
            ["XR007"]
        );
        assert_eq!(codes_of("[NONSENSE: a] alter x = y;"), ["XR007"]);
        assert_eq!(codes_of("[RULE: a] alter x = y; [RULE: A] alter x = z;"), ["XR007"]);
        assert!(
            codes_of("[COLLECT: vendor = a, product = b, target_brokers = *] iploc ip;").contains(&"XR006")
        );
        let drop = "[INGEST: vendor = a, product = b, target_dataset = c] drop x = 1 | alter y = z;";
        assert!(codes_of(drop).contains(&"XR006"));
    }

    #[test]
    fn columns_are_known_from_a_schema() {
        let columns = vec![("src".to_owned(), Type::String), ("port".to_owned(), Type::Int)];
        let input = Input { name: "acme_raw".to_owned(), columns, ..Input::default() };
        let env = Env { inputs: vec![input], ..Env::default() };
        let text = "[MODEL: dataset = acme_raw] alter xdm.source.ipv4 = scr, xdm.source.port = port;";
        let codes: Vec<_> = check(text, &env).iter().map(|one| one.code.0).collect();
        assert_eq!(codes, ["XN001"]);
    }

    #[test]
    fn a_rule_called_twice_is_reported_once() {
        let text = "[RULE: r] alter xdm.source.ipv44 = a; [MODEL: dataset = x] call r; call r;";
        assert_eq!(codes_of(text), ["XR002"]);
    }
}
