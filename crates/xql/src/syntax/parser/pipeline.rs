//! Pipelines: `config | dataset = x | stage | stage`.

use atalanta_diag::Diagnostic;

use super::super::ast::{Query, Stage, StageKind};
use super::super::codes;
use super::super::token::{Symbol, TokenKind};
use super::{End, MAX_STAGES, Parse, Parser, error_stage};
use crate::distance::distance;

/// Words that start a stage.
pub const STAGE_WORDS: &[&str] = &[
    "alter",
    "arrayexpand",
    "bin",
    "call",
    "cold_dataset",
    "comp",
    "config",
    "datamodel",
    "dataset",
    "dedup",
    "drop",
    "eval",
    "fields",
    "filter",
    "getrole",
    "iploc",
    "join",
    "limit",
    "pivot",
    "preset",
    "replacenull",
    "search",
    "sort",
    "tag",
    "target",
    "top",
    "transaction",
    "transpose",
    "union",
    "view",
    "windowcomp",
];

/// Stage words of other languages with what XQL calls them.
const FOREIGN: &[(&str, &str)] = &[
    ("where", "filter"),
    ("stats", "comp"),
    ("summarize", "comp"),
    ("eventstats", "windowcomp"),
    ("head", "limit"),
    ("take", "limit"),
    ("rename", "fields … as …"),
    ("project", "fields"),
    ("select", "fields"),
    ("table", "fields"),
    ("extend", "alter"),
    ("order", "sort"),
    ("lookup", "join"),
    ("mvexpand", "arrayexpand"),
    ("from", "dataset"),
    ("rex", "alter … = regextract(…)"),
];

impl Parser {
    pub(super) fn query(&mut self, end: End) -> Query {
        let start = self.span();
        let mut stages: Vec<Stage> = Vec::new();
        self.eat(Symbol::Pipe);
        while !self.pipeline_over(end) {
            if stages.len() >= MAX_STAGES {
                self.quiet = false;
                let span = self.span();
                let message = format!("a pipeline has at most {MAX_STAGES} stages");
                self.error(codes::DEPTH, span, message);
                self.skip_pipeline(end);
                break;
            }
            let stage = self.stage(end);
            let optional_pipe = matches!(stage.kind, StageKind::Config(_));
            stages.push(stage);
            if !self.next_stage(end, optional_pipe) {
                break;
            }
        }
        let span = start.to(self.last_span());
        Query { stages, span: if span.end < start.start { start } else { span } }
    }

    fn pipeline_over(&self, end: End) -> bool {
        self.at_end()
            || end == End::Paren && self.is(Symbol::RightParen)
            || end == End::Statement && self.is(Symbol::Semicolon)
            || self.at_section()
    }

    fn skip_pipeline(&mut self, end: End) {
        self.skip_stage(end);
        while self.eat(Symbol::Pipe) {
            self.skip_stage(end);
        }
    }

    /// Consumes the pipe before the next stage; false when the pipeline is over.
    fn next_stage(&mut self, end: End, optional_pipe: bool) -> bool {
        if self.eat(Symbol::Pipe) {
            if self.pipeline_over(end) || self.is(Symbol::Pipe) {
                self.quiet = false;
                self.expected("a stage after `|`");
                while self.eat(Symbol::Pipe) {}
            }
            return true;
        }
        !self.pipeline_over(end) && (optional_pipe || self.lacks_pipe()) && self.at_stage_word()
    }

    /// In a rules file, a stage word right after a stage: the pipe before it is missing, and the error is
    /// reported. A `filter` rather begins the next statement, whose predecessor lacks its `;`.
    fn lacks_pipe(&self) -> bool {
        self.rules && !self.is_word("filter")
    }

    fn at_stage_word(&self) -> bool {
        matches!(&self.token().kind, TokenKind::Word(word) if is_stage_word(word))
    }

    /// One stage; whatever goes wrong, the parser then stands at its end.
    fn stage(&mut self, end: End) -> Stage {
        self.quiet = false;
        let start = self.span();
        let before = self.at;
        let kind = self.stage_kind();
        let broken = kind.is_err();
        let kind = kind.unwrap_or(StageKind::Error);
        let config_follows = matches!(kind, StageKind::Config(_)) && self.at_stage_word();
        let over = self.stage_over() && !(end == End::Text && self.is(Symbol::RightParen));
        if !over && !config_follows {
            if !broken {
                self.trailing(&kind);
            }
            if broken || !self.rules || !self.at_stage_word() {
                self.skip_stage(end);
            }
        }
        if self.at == before {
            self.bump();
        }
        let span = start.to(self.last_span());
        if broken {
            return Stage { keyword: start, ..error_stage(span) };
        }
        Stage { kind, span, keyword: start }
    }

    fn trailing(&mut self, kind: &StageKind) {
        let found = self.token().kind.describe();
        let span = self.span();
        let mut diagnostic = Diagnostic::error(
            codes::TRAILING,
            span,
            format!("unexpected {found} after the end of the stage"),
        );
        if self.at_stage_word() {
            diagnostic = diagnostic.help("stages are separated by `|`");
        } else if matches!(kind, StageKind::Filter(_)) {
            diagnostic = diagnostic.help("join conditions with `and` or `or`");
        }
        self.report(diagnostic);
    }

    fn stage_kind(&mut self) -> Parse<StageKind> {
        let TokenKind::Word(word) = &self.token().kind else {
            return Err(self.expected("a stage"));
        };
        let word = word.to_lowercase();
        match word.as_str() {
            "config" => self.config(),
            "dataset" | "cold_dataset" | "preset" | "datamodel" => self.source(),
            "search" => self.search(),
            "call" => self.call(),
            "filter" => self.filter(),
            "drop" => self.drop_stage(),
            "alter" | "eval" => self.alter(),
            "fields" => self.fields(),
            "comp" => self.comp(),
            "windowcomp" => self.windowcomp(),
            "sort" => self.sort(),
            "limit" => self.limit(),
            "dedup" => self.dedup(),
            "bin" => self.bin(),
            "join" => self.join(),
            "union" => self.union(),
            "arrayexpand" => self.array_expand(),
            "replacenull" => self.replace_null(),
            "top" => self.top(),
            "iploc" => self.iploc(),
            "getrole" => self.getrole(),
            "transaction" => self.transaction(),
            "pivot" => self.pivot(),
            "transpose" => self.transpose(),
            "tag" => self.tag(),
            "target" => self.target(),
            "view" => self.view(),
            _ => Err(self.unknown_stage(&word)),
        }
    }

    fn unknown_stage(&mut self, word: &str) -> super::Broken {
        let span = self.span();
        let mut diagnostic = Diagnostic::error(codes::STAGE, span, format!("no stage is called `{word}`"));
        if let Some((_, ours)) = FOREIGN.iter().find(|(foreign, _)| *foreign == word) {
            diagnostic = diagnostic.help(format!("XQL writes `{ours}`"));
        } else if let Some(near) = nearest(word) {
            diagnostic = diagnostic.help(format!("did the author mean `{near}`?"));
        }
        self.report(diagnostic)
    }
}

pub(super) fn is_stage_word(word: &str) -> bool {
    STAGE_WORDS.iter().any(|stage| stage.eq_ignore_ascii_case(word))
}

fn nearest(word: &str) -> Option<&'static str> {
    let near = STAGE_WORDS.iter().filter_map(|stage| Some((distance(word, stage, 2)?, *stage)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, stage)| stage)
}
