//! Turns and-ed text tests on one column into alternatives.

use atalanta_diag::{Edit, Fix, Span};

use crate::lint::string_test::{self, StringTest};
use crate::lint::{Context, edit, walk};
use crate::syntax::ast::StageKind;

/// How a pattern is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Exact,
    Start,
    End,
    Part,
    /// `*/folder/*`
    Folder,
    Other,
}

fn shape(pattern: &str) -> Shape {
    let inner = pattern.trim_matches('*');
    if inner.is_empty() || (inner.contains('*') && !inner.contains('.')) {
        return Shape::Other;
    }
    match (pattern.starts_with('*'), pattern.ends_with('*')) {
        (false, false) => Shape::Exact,
        (false, true) => Shape::Start,
        (true, false) => Shape::End,
        (true, true) if inner.starts_with('/') && inner.ends_with('/') => Shape::Folder,
        (true, true) => Shape::Part,
    }
}

/// A test of a filter stage of the pipeline.
struct Member<'a> {
    stage: usize,
    test: StringTest<'a>,
}

/// Joins the tests under `core`, and their likes on the same column, into one list of alternatives.
///
/// None unless all tests of the core are plain text tests of one column and of one shape, each the whole
/// condition of its filter stage.
pub(crate) fn fix(context: &Context<'_>, core: &[Span]) -> Option<Fix> {
    let members: Vec<_> = members(context);
    let in_core = |member: &&Member<'_>| core.iter().any(|span| span.overlaps(member.test.span));
    let (field, wanted) = {
        let mut of_core = members.iter().filter(in_core);
        let first = of_core.next()?;
        let wanted = shapes(&first.test)?;
        let others: Vec<_> = of_core.collect();
        let alike = |member: &&Member<'_>| {
            member.test.field.eq_ignore_ascii_case(first.test.field) && shapes(&member.test).is_some()
        };
        let covered = core.iter().all(|span| members.iter().any(|member| member.test.span.overlaps(*span)));
        if others.is_empty() || !others.iter().all(alike) || !covered {
            return None;
        }
        let wanted: Vec<Shape> =
            std::iter::once(wanted).chain(others.iter().filter_map(|m| shapes(&m.test))).collect();
        (first.test.field, wanted)
    };
    let joined: Vec<_> = members
        .into_iter()
        .filter(|member| {
            let same = member.test.field.eq_ignore_ascii_case(field);
            same && shapes(&member.test).is_some_and(|shape| wanted.contains(&shape))
        })
        .collect();
    write(context, field, &joined)
}

/// The shape that all patterns of a test share; a mixed list of shapes is one of its first.
fn shapes(test: &StringTest<'_>) -> Option<Shape> {
    let shape = shape(test.patterns.first()?);
    (shape != Shape::Other && shape != Shape::Part).then_some(shape).or_else(|| {
        // `contains ".x."` on a host name is a label: a folder of names.
        let label = |pattern: &String| pattern.starts_with("*.") && pattern.ends_with(".*");
        test.patterns.iter().all(label).then_some(Shape::Folder)
    })
}

fn members<'a>(context: &Context<'a>) -> Vec<Member<'a>> {
    let mut out = Vec::new();
    for (stage, expr) in walk::conjuncts(context.query()) {
        let Some(test) = string_test::read(expr) else { continue };
        let plain = !test.negated && test.patterns.iter().all(|pattern| string_test::quotable(pattern));
        if plain {
            out.push(Member { stage, test });
        }
    }
    out
}

fn write(context: &Context<'_>, field: &str, joined: &[Member<'_>]) -> Option<Fix> {
    let mut patterns: Vec<String> = Vec::new();
    for pattern in joined.iter().flat_map(|member| &member.test.patterns) {
        if !patterns.contains(pattern) {
            patterns.push(pattern.clone());
        }
    }
    if patterns.len() < 2 || joined.len() < 2 {
        return None;
    }
    let mut edits = Vec::new();
    for (nth, member) in joined.iter().enumerate() {
        let stage = context.query().stages.get(member.stage)?;
        let StageKind::Filter(condition) = &stage.kind else { return None };
        if condition.span != member.test.span {
            return None;
        }
        edits.push(match nth {
            0 => Edit::new(member.test.span, string_test::write(field, &patterns)),
            _ => edit::delete(context, stage)?,
        });
    }
    Some(Fix::needs_review("make them alternatives with `in (…)`", edits))
}
