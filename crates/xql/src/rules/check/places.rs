//! Which stages and functions may stand in which section.

use atalanta_diag::Diagnostic;

use super::super::codes;
use crate::syntax::ast::{Expr, ExprKind, Join, JoinKind, Query, Stage, StageKind};
use crate::syntax::rules::Section;

/// Functions that take logs apart before they are stored.
const PARSING_FUNCTIONS: [&str; 4] = ["parse_cef", "parse_cisco", "parse_json", "regexcapture"];

pub(super) fn check(section: &Section, statement: &Query, out: &mut Vec<Diagnostic>) {
    for (index, stage) in statement.stages.iter().enumerate() {
        if let Some(message) = misplaced(section, stage) {
            out.push(Diagnostic::error(codes::PLACE, stage.keyword, message));
        }
        let last = index + 1 == statement.stages.len();
        if matches!(stage.kind, StageKind::Drop(_)) && !last && section.kind != "RULE" {
            let message = "`drop` is the last stage of a statement";
            out.push(Diagnostic::error(codes::PLACE, stage.keyword, message));
        }
        if section.kind == "MODEL" {
            expressions(stage, &mut |expr| parsing_function(expr, out));
        }
    }
}

/// Why a stage must not stand in a section.
fn misplaced(section: &Section, stage: &Stage) -> Option<String> {
    let kind = section.kind.as_str();
    let model = kind == "MODEL";
    match &stage.kind {
        StageKind::Alter(_) | StageKind::Filter(_) | StageKind::Call(_) | StageKind::Error => None,
        _ if model => Some("only alter, filter and call can stand in `[MODEL]`".to_owned()),
        StageKind::Fields(_) | StageKind::Drop(_) | StageKind::Tag(_) => None,
        StageKind::Join(join) if kind != "COLLECT" => lookup_join(join),
        StageKind::IpLoc(_) | StageKind::ArrayExpand { .. } | StageKind::Config(_) if kind != "COLLECT" => {
            None
        }
        _ => Some(format!("this stage cannot stand in `[{kind}]`")),
    }
}

fn lookup_join(join: &Join) -> Option<String> {
    let inner = join.kind.is_none_or(|(kind, _)| kind == JoinKind::Inner);
    (!inner).then(|| "a join in a parsing rule is `type = inner`".to_owned())
}

fn parsing_function(expr: &Expr, out: &mut Vec<Diagnostic>) {
    let ExprKind::Call { function, .. } = &expr.kind else { return };
    if PARSING_FUNCTIONS.iter().any(|name| function.is(name)) {
        let message = format!("`{}` exists in parsing rules only", function.text);
        out.push(Diagnostic::error(codes::PLACE, function.span, message));
    }
}

/// Calls `visit` for every expression of a stage that a rule may hold.
pub(super) fn expressions<'a>(stage: &'a Stage, visit: &mut dyn FnMut(&'a Expr)) {
    match &stage.kind {
        StageKind::Alter(assigns) => assigns.iter().for_each(|assign| assign.value.walk(visit)),
        StageKind::Filter(condition) | StageKind::Drop(condition) => condition.walk(visit),
        _ => {}
    }
}
