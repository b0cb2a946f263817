//! # What it does
//! Says that what an interpreter runs rarely stands in its command line.
//! # Why it matters
//! `python train.py` shows none of the code: it comes from a file, a module or a notebook kernel.
//! # Example
//! ```xql
//! filter action_process_image_name = "python*" and action_process_command_line ~= "pandas"
//! ```
//! # Instead
//! Use records of the layer itself: tool calls, trainer callbacks, registry and scheduler audit.
//! # Limits
//! Scripts given by `-c` and names of modules do stand there, so that the condition is weak, not useless.

use atalanta_diag::{Code, Diagnostic, Severity};
use atalanta_schema::Content;

use crate::lint::{Context, Group, Rule, string_test};
use crate::syntax::ast::{ExprKind, Operator};

pub(crate) const RULE: Rule = Rule {
    code: Code("XP006"),
    name: "source-code-in-arguments",
    severity: Severity::Info,
    strict: Severity::Info,
    group: Group::Performance,
    summary: "code of an interpreter is looked for in its command line",
    source: include_str!("source_code_in_arguments.rs"),
    check,
};

const INTERPRETERS: [&str; 5] = ["python", "jupyter", "node", "java", "bash"];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let expressions: Vec<_> = context.expressions().collect();
    let interpreter = expressions.iter().filter_map(|expr| string_test::read(expr)).any(|test| {
        let image = context.content(test.field) == Some(Content::ImageName);
        image
            && test
                .patterns
                .iter()
                .any(|p| INTERPRETERS.iter().any(|name| p.to_lowercase().starts_with(name)))
    });
    let searched = expressions.iter().find(|expr| match &expr.kind {
        ExprKind::Binary {
            operator: Operator::Regex | Operator::Contains | Operator::Like, left, ..
        } => left.as_name().and_then(|name| context.content(name)) == Some(Content::CommandLine),
        _ => false,
    });
    let Some(found) = searched.filter(|_| interpreter) else { return Vec::new() };
    let message = "code that an interpreter runs from a file, module or notebook is not in its command line";
    vec![RULE.report(context, found.span, message)]
}
