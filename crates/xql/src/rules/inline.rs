//! `call name` replaced by the stages of the rule.

use atalanta_diag::Diagnostic;

use super::codes;
use crate::distance::distance;
use crate::syntax::ast::{Call, Query, Stage, StageKind};
use crate::syntax::rules::{RulesFile, Section};

/// Most stages that a statement may have once its calls are replaced: rules that call each other twice grow
/// exponentially.
const MAX_STAGES: usize = 5000;

/// A statement without calls. A call that cannot be followed is reported and left out.
pub fn inline(statement: &Query, file: &RulesFile) -> (Query, Vec<Diagnostic>) {
    let mut inliner = Inliner { file, stack: Vec::new(), stages: Vec::new(), diagnostics: Vec::new() };
    inliner.statement(statement);
    (Query { stages: inliner.stages, span: statement.span }, inliner.diagnostics)
}

struct Inliner<'a> {
    file: &'a RulesFile,
    /// The rules being replaced, outermost first.
    stack: Vec<String>,
    stages: Vec<Stage>,
    diagnostics: Vec<Diagnostic>,
}

impl Inliner<'_> {
    fn statement(&mut self, statement: &Query) {
        for stage in &statement.stages {
            match &stage.kind {
                StageKind::Call(call) => self.call(call),
                _ if self.stages.len() < MAX_STAGES => self.stages.push(stage.clone()),
                _ => {}
            }
        }
    }

    fn call(&mut self, Call { name, .. }: &Call) {
        let folded = name.folded();
        let Some(rule) = self.file.rule(&name.text) else {
            let message = format!("there is no rule `{}` in this file", name.text);
            let mut diagnostic = Diagnostic::error(codes::CALL, name.span, message);
            if let Some(near) = nearest(&folded, self.file) {
                diagnostic = diagnostic.help(format!("did the author mean `{near}`?"));
            }
            self.diagnostics.push(diagnostic);
            return;
        };
        if self.stack.contains(&folded) {
            let message = format!("the rule `{}` calls itself", name.text);
            self.diagnostics.push(Diagnostic::error(codes::CALL, name.span, message));
            return;
        }
        if self.stages.len() >= MAX_STAGES {
            let message = format!("with its calls the statement has more than {MAX_STAGES} stages");
            self.diagnostics.push(Diagnostic::error(codes::CALL, name.span, message));
            return;
        }
        self.stack.push(folded);
        for statement in &rule.statements {
            self.statement(statement);
        }
        self.stack.pop();
    }
}

fn nearest<'a>(name: &str, file: &'a RulesFile) -> Option<&'a str> {
    let names = file.sections.iter().filter(|section| section.kind == "RULE").filter_map(Section::name);
    let scored = names.filter_map(|known| Some((distance(name, &known.to_lowercase(), 2)?, known)));
    scored.min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::rules::parse_rules;

    fn inlined(text: &str) -> (Query, Vec<Diagnostic>) {
        let file = parse_rules(text);
        assert!(file.diagnostics.is_empty(), "{:?}", file.diagnostics);
        let model = file.sections.iter().find(|section| section.kind == "MODEL").unwrap();
        inline(&model.statements[0], &file)
    }

    #[test]
    fn calls_nest_and_ignore_case() {
        let (query, diagnostics) = inlined(
            "[RULE: one] call TWO | alter b = a; [RULE: two] alter a = 1; [MODEL: dataset = x] call One | alter c = b;",
        );
        assert!(diagnostics.is_empty());
        assert_eq!(query.stages.len(), 3);
    }

    #[test]
    fn circles_and_unknown_rules_are_reported_and_left_out() {
        let (query, diagnostics) = inlined(
            "[RULE: one] alter a = 1 | call two; [RULE: two] call one; [MODEL: dataset = x] call one | call tow;",
        );
        assert_eq!(query.stages.len(), 1);
        assert_eq!(diagnostics.len(), 2);
        assert!(diagnostics[0].message.contains("calls itself"));
    }

    #[test]
    fn growth_is_bounded() {
        let mut text = "[MODEL: dataset = x] call r0;".to_owned();
        for at in 0..40 {
            let next = at + 1;
            let rule = format!("[RULE: r{at}] alter a = 1 | call r{next} | call r{next};");
            text.push_str(&rule);
        }
        text.push_str("[RULE: r40] alter a = 1;");
        let (query, diagnostics) = inlined(&text);
        assert!(query.stages.len() <= MAX_STAGES);
        assert!(!diagnostics.is_empty());
    }
}
