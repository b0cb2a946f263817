//! Turns what was proved into findings, each with a minimal set of reasons.
//!
//! **Soundness.** The caller proves; this module only drops reasons as long as the proof stands without
//! them, and finds the words.

use std::borrow::Cow;

use atalanta_diag::Span;
use atalanta_schema::Type;

use super::domain::Values;
use super::explain;
use super::formula::{Condition, Formula, Reach};
use super::glob::Shape;
use super::satisfy::{Place, State, Walker};
use super::term::TermId;
use super::text::{Test, TextSet};
use super::{Finding, FindingKind};
use crate::ir::{Expr, ExprKind};

/// Items of a list that are looked at one by one.
pub(super) const MAX_ALTERNATIVES: usize = 64;

/// A condition that asks for a delimited segment, such as `/tools/`.
pub(super) struct Segment {
    term: TermId,
    text: Vec<u8>,
    stage: usize,
    span: Span,
    reason: String,
    column: Option<String>,
}

impl Walker {
    /// Reports a contradiction, or adds to the one that the same earlier condition already caused.
    pub(super) fn never(&mut self, condition: &Expr, formula: Formula, state: &State, place: Place) {
        let core = self.logic.core(&state.conditions, &formula);
        let core: Vec<&Condition> = core.into_iter().map(|at| &state.conditions[at]).collect();
        let last = Condition { formula: formula.clone(), span: condition.span, given: false };
        if self.extend_never(&core, &last, state) {
            return;
        }
        let mut because = Vec::new();
        for part in core.iter().copied().chain([&last]) {
            because.push((part.span, explain::reason(&self.logic, part)));
        }
        if let Some(fact) = explain::main_fact(&self.logic, &formula) {
            because.splice(0..0, fact.causes.clone());
        }
        let formulas: Vec<Formula> = core.iter().map(|part| part.formula.clone()).chain([formula]).collect();
        let (explanation, column) = explain::contradiction(&self.logic, &formulas.iter().collect::<Vec<_>>());
        let spans = core.iter().filter(|part| !part.given).map(|part| part.span).chain([condition.span]);
        self.cores.push((self.findings.len(), formulas, spans.collect()));
        self.findings.push(Finding {
            kind: FindingKind::Never,
            stage: place.stage,
            span: condition.span,
            column,
            because,
            witness: None,
            explanation,
            empty_result: true,
        });
    }

    /// Several conditions that clash with the same one are one finding.
    fn extend_never(&mut self, core: &[&Condition], last: &Condition, state: &State) -> bool {
        let written: Vec<Span> = core.iter().filter(|part| !part.given).map(|part| part.span).collect();
        if written.is_empty() || !state.dead {
            return false;
        }
        let Some((at, formulas, spans)) =
            self.cores.iter_mut().find(|(_, _, spans)| written.iter().all(|span| spans.contains(span)))
        else {
            return false;
        };
        let mut all = formulas.clone();
        all.push(last.formula.clone());
        let (explanation, column) = explain::contradiction(&self.logic, &all.iter().collect::<Vec<_>>());
        if column.is_none() || self.findings[*at].column != column {
            return false;
        }
        self.findings[*at].explanation = explanation;
        self.findings[*at].because.push((last.span, explain::reason(&self.logic, last)));
        spans.push(last.span);
        *formulas = all;
        true
    }

    /// Reports a condition that drops no row.
    pub(super) fn implied(
        &mut self,
        condition: &Expr,
        formula: &Formula,
        dropped: &Formula,
        state: &State,
        place: Place,
    ) {
        let core = self.logic.core(&state.conditions, dropped);
        let core: Vec<&Condition> = core.into_iter().map(|at| &state.conditions[at]).collect();
        let because = core.iter().map(|part| (part.span, explain::reason(&self.logic, part))).collect();
        let subsumed = core.iter().any(|part| !part.given);
        let explanation = if subsumed {
            "every row that gets here satisfies this condition already"
        } else {
            "every row satisfies this condition"
        };
        let kind = if subsumed { FindingKind::Subsumed } else { FindingKind::AlwaysTrue };
        let column = explain::main_fact(&self.logic, formula).and_then(|fact| fact.column.clone());
        self.findings.push(Finding {
            kind,
            stage: place.stage,
            span: condition.span,
            column,
            because,
            witness: None,
            explanation: explanation.to_owned(),
            empty_result: false,
        });
    }

    /// Reports alternatives of an `or`, or items of an `in`, that never hold although others may.
    pub(super) fn dead_branches(
        &mut self,
        alternatives: Vec<(Span, Formula)>,
        state: &mut State,
        place: Place,
    ) {
        for (span, formula) in alternatives {
            if !self.is_impossible(state, &formula) {
                continue;
            }
            let core = self.logic.core(&state.conditions, &formula);
            let core: Vec<&Condition> = core.into_iter().map(|at| &state.conditions[at]).collect();
            let formulas: Vec<&Formula> = core.iter().map(|part| &part.formula).chain([&formula]).collect();
            let (explanation, column) = explain::contradiction(&self.logic, &formulas);
            let because = core.iter().map(|part| (part.span, explain::reason(&self.logic, part))).collect();
            self.findings.push(Finding {
                kind: FindingKind::DeadBranch,
                stage: place.stage,
                span,
                column,
                because,
                witness: None,
                explanation,
                empty_result: false,
            });
        }
    }

    /// Reports a branch of an `if` that is never taken.
    pub(super) fn dead_choice(&mut self, span: Span, formula: &Formula, state: &State, place: Place) {
        let core = self.logic.core(&state.conditions, formula);
        let core: Vec<&Condition> = core.into_iter().map(|at| &state.conditions[at]).collect();
        let because = core.iter().map(|part| {
            // What an earlier branch left over has no words of its own.
            let wordless =
                explain::main_fact(&self.logic, &part.formula).is_some_and(|f| f.phrase.is_empty());
            let reason = explain::reason(&self.logic, part);
            (part.span, if wordless { "the branch before takes these rows".to_owned() } else { reason })
        });
        self.findings.push(Finding {
            kind: FindingKind::DeadChoice,
            stage: place.stage,
            span,
            column: explain::main_fact(&self.logic, formula).and_then(|fact| fact.column.clone()),
            because: because.collect(),
            witness: None,
            explanation: "this branch is never taken: its condition holds for no row that gets here"
                .to_owned(),
            empty_result: false,
        });
    }

    /// Remembers a condition on a text, especially one that asks for a segment between two delimiters.
    pub(super) fn note_text(&mut self, condition: &Expr, formula: &Formula, place: Place) {
        let Some(fact) = explain::main_fact(&self.logic, formula) else { return };
        let (Values::Text(set), Reach::Whole) = (&fact.values, fact.reach) else { return };
        self.texts.push((fact.term, set.clone()));
        let [Test::Glob { glob, .. }] = set.tests.as_slice() else { return };
        let Shape::Contains(text) = glob.shape() else { return };
        let delimited = |at: Option<&u8>| at.is_some_and(|byte| b"/\\.".contains(byte));
        if set.negated || text.len() < 3 || !delimited(text.first()) || text.first() != text.last() {
            return;
        }
        self.segments.push(Segment {
            term: fact.term,
            text: text.to_vec(),
            stage: place.stage,
            span: condition.span,
            reason: explain::sentence(fact),
            column: fact.column.clone(),
        });
    }

    /// Reports values that must hold several segments at once: possible, but most likely alternatives.
    pub(super) fn segments_on_one_value(&mut self) {
        let segments = std::mem::take(&mut self.segments);
        let mut terms: Vec<TermId> = segments.iter().map(|segment| segment.term).collect();
        terms.dedup();
        terms.sort_unstable();
        terms.dedup();
        for term in terms {
            let group: Vec<&Segment> = segments.iter().filter(|segment| segment.term == term).collect();
            let apart =
                |a: &Segment, b: &Segment| !holds_part(&a.text, &b.text) && !holds_part(&b.text, &a.text);
            let several = group.iter().any(|a| group.iter().any(|b| apart(a, b)));
            let Some(last) = group.last().filter(|_| several) else { continue };
            let sets: Vec<&TextSet> =
                self.texts.iter().filter(|(of, _)| *of == term).map(|(_, set)| set).collect();
            let witness = self.logic.workshop.witness(&sets);
            let texts: Vec<String> = group
                .iter()
                .map(|segment| explain::quoted(&String::from_utf8_lossy(&segment.text)))
                .collect();
            let noun = self.logic.terms.noun(term).unwrap_or("value");
            self.findings.push(Finding {
                kind: FindingKind::AllOnOneValue,
                stage: last.stage,
                span: last.span,
                column: last.column.clone(),
                because: group.iter().map(|segment| (segment.span, segment.reason.clone())).collect(),
                witness,
                explanation: format!("one {noun} must contain all of {}", texts.join(", ")),
                empty_result: false,
            });
        }
    }
}

/// The alternatives of an `or`, or the items of an `in`, as conditions; none for other conditions.
pub(super) fn alternatives(condition: &Expr) -> Vec<Cow<'_, Expr>> {
    match &condition.kind {
        ExprKind::Or(parts) => parts.iter().map(Cow::Borrowed).collect(),
        ExprKind::In { value, list, negated: false, fold } if list.len() > 1 => list
            .iter()
            .take(MAX_ALTERNATIVES)
            .map(|item| {
                let list = vec![item.clone()];
                let kind = ExprKind::In { value: value.clone(), list, negated: false, fold: *fold };
                Cow::Owned(Expr { kind, ty: Type::Bool, span: item.span })
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn holds_part(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
