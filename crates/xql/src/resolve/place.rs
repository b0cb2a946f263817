//! Where stages may stand: sources and `config` first, `target` and `transpose` last, and what `search` excludes.

use atalanta_diag::{Code, Severity, Span};

use super::Resolver;
use crate::facts::FactKind;
use crate::syntax::ast::{Query, Stage, StageKind};
use crate::syntax::codes;

impl Resolver<'_> {
    /// Records a defect of a stage.
    pub(super) fn defect(&mut self, code: Code, span: Span, message: impl Into<String>, help: Option<&str>) {
        self.stage_fact(code, Severity::Error, span, message.into(), help);
    }

    /// A defect in strict mode, a warning otherwise.
    pub(super) fn departure(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        let severity = if self.strict() { Severity::Error } else { Severity::Warning };
        self.stage_fact(code, severity, span, message.into(), Some(help));
    }

    pub(super) fn warn(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        self.stage_fact(code, Severity::Warning, span, message.into(), Some(help));
    }

    pub(super) fn remark(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        self.stage_fact(code, Severity::Info, span, message.into(), Some(help));
    }

    fn stage_fact(
        &mut self,
        code: Code,
        severity: Severity,
        span: Span,
        message: String,
        help: Option<&str>,
    ) {
        let help = help.map(ToOwned::to_owned);
        self.fact(FactKind::Stage { code, severity, message, help }, span);
    }

    /// Records every stage that stands where it must not; returns whether each may be resolved.
    pub(super) fn places(&mut self, query: &Query, outermost: bool) -> Vec<bool> {
        // A first stage that could not be read is most likely one of `config`.
        let leads = |stage: &&Stage| matches!(stage.kind, StageKind::Config(_) | StageKind::Error);
        let leading = query.stages.iter().take_while(leads);
        let first = leading.count();
        let last = query.stages.len().saturating_sub(1);
        let search = matches!(query.stages.get(first), Some(Stage { kind: StageKind::Search(_), .. }));
        let mut allowed = vec![true; query.stages.len()];
        for (index, stage) in query.stages.iter().enumerate() {
            let (word, at) = (stage.keyword, index);
            allowed[index] = match &stage.kind {
                StageKind::Config(_) if at >= first => {
                    self.misplaced(word, "`config` stands behind another stage", "move it to the start");
                    true
                }
                StageKind::Source(_) | StageKind::Search(_) | StageKind::Call(_) if at != first => {
                    let help =
                        "a pipeline has one source, at its start; more rows come with `union` or `join`";
                    self.misplaced(word, "a source stands behind another stage", help);
                    false
                }
                StageKind::Target(_) | StageKind::Transpose(_) if at != last || !outermost => {
                    let help = "it must be the last stage of the query, outside of any sub-query";
                    self.misplaced(word, "the stage is not the last one", help);
                    false
                }
                StageKind::Bin(_) | StageKind::Comp(_) | StageKind::Top(_) | StageKind::Dedup(_)
                    if search =>
                {
                    let help =
                        "`bin`, `comp`, `top` and `dedup` cannot follow `search`; filter a dataset instead";
                    self.misplaced(word, "the stage cannot follow `search`", help);
                    true
                }
                _ => true,
            };
        }
        allowed
    }

    fn misplaced(&mut self, span: Span, message: &str, help: &str) {
        self.defect(codes::PLACE, span, message, Some(help));
    }
}
