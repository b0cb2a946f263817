//! Conditions over search identifiers become conditions over fields.

use atalanta_diag::{Diagnostic, Severity};

use crate::codes;
use crate::condition::{Condition, is_selected};
use crate::detection::Body;
use crate::filter::Filter;
use crate::matcher::Matcher;
use crate::modifiers;
use crate::pipeline::{Applied, Pipeline};
use crate::rule::Rule;

/// More tests than this in one rule are refused: each becomes a part of the query.
const MOST_TESTS: usize = 50_000;

/// A rule behind its pipeline.
pub(super) struct Compiled {
    pub applied: Applied,
    /// What the pipeline adds: the log source.
    pub scope: Option<Matcher>,
    /// The conditions of the rule and of its filters.
    pub detection: Matcher,
}

impl Compiled {
    /// Log source and detection in one.
    pub fn whole(&self) -> Matcher {
        match &self.scope {
            Some(scope) => Matcher::All(vec![scope.clone(), self.detection.clone()]),
            None => self.detection.clone(),
        }
    }
}

pub(super) fn rule(
    rule: &Rule,
    filters: &[&Filter],
    pipeline: &Pipeline,
    fields: &[&str],
) -> Result<Compiled, Vec<Diagnostic>> {
    let (applied, mut out) = pipeline.apply(rule, fields);
    let mut parts: Vec<Matcher> = detection(&applied, &mut out).into_iter().collect();
    for filter in filters.iter().filter(|filter| filter.is_for(rule)) {
        // The filter's fields are those of the rule's log source.
        let meta = filter.meta.clone();
        let like = Rule { meta, logsource: rule.logsource.clone(), detection: filter.detection.clone() };
        let (filtered, found) = pipeline.apply(&like, &[]);
        out.extend(found);
        parts.extend(detection(&filtered, &mut out));
    }
    let scope: Vec<Matcher> =
        applied.added.iter().filter_map(|(body, negated)| added(body, *negated)).collect();
    if parts.is_empty() && !out.iter().any(|one| one.severity == Severity::Error) {
        let message = "the pipeline leaves nothing of the detection";
        out.push(Diagnostic::error(codes::REFUSED, rule.meta.title.span, message));
    }
    let detection = Matcher::all(parts);
    if detection.tests().len() > MOST_TESTS {
        let message = format!("the rule has more than {MOST_TESTS} tests");
        out.push(Diagnostic::error(codes::UNSUPPORTED, rule.meta.title.span, message));
    }
    if out.iter().any(|one| one.severity == Severity::Error) {
        return Err(out);
    }
    let scope = (!scope.is_empty()).then_some(Matcher::All(scope));
    Ok(Compiled { applied, scope, detection })
}

fn added(body: &Body, negated: bool) -> Option<Matcher> {
    let mut out = Vec::new();
    let matcher = self::body(body, &mut out)?;
    Some(if negated { matcher.negated() } else { matcher })
}

/// One of the conditions must hold.
fn detection(applied: &Applied, out: &mut Vec<Diagnostic>) -> Option<Matcher> {
    let searches: Vec<(String, Option<Matcher>)> = applied
        .detection
        .searches
        .iter()
        .map(|search| (search.name.text.clone(), body(&search.body, out)))
        .collect();
    let conditions: Vec<Matcher> =
        applied.detection.conditions.iter().filter_map(|one| condition(one, &searches)).collect();
    (!conditions.is_empty()).then(|| Matcher::any(conditions))
}

fn body(body: &Body, out: &mut Vec<Diagnostic>) -> Option<Matcher> {
    let many = |bodies: &[Body], out: &mut Vec<Diagnostic>| {
        let parts: Vec<Option<Matcher>> = bodies.iter().map(|one| self::body(one, out)).collect();
        parts.into_iter().collect::<Option<Vec<Matcher>>>()
    };
    match body {
        Body::Item(item) => modifiers::compile(item, out),
        Body::All(bodies) => many(bodies, out).map(Matcher::all),
        Body::Any(bodies) => many(bodies, out).map(Matcher::any),
    }
}

/// A condition; none when a pipeline dropped all that it names.
fn condition(condition: &Condition, searches: &[(String, Option<Matcher>)]) -> Option<Matcher> {
    let parts = |parts: &[Condition]| {
        let parts: Vec<Matcher> = parts.iter().filter_map(|one| self::condition(one, searches)).collect();
        (!parts.is_empty()).then_some(parts)
    };
    match condition {
        Condition::Name(name, _) => {
            searches.iter().find(|(own, _)| own == name).and_then(|(_, matcher)| matcher.clone())
        }
        Condition::Of { all, pattern, .. } => {
            let selected = searches.iter().filter(|(name, _)| is_selected(pattern, name));
            let found: Vec<Matcher> = selected.filter_map(|(_, matcher)| matcher.clone()).collect();
            if found.is_empty() {
                return None;
            }
            Some(if *all { Matcher::all(found) } else { Matcher::any(found) })
        }
        Condition::Not(inner) => self::condition(inner, searches).map(Matcher::negated),
        Condition::And(inner) => parts(inner).map(Matcher::all),
        Condition::Or(inner) => parts(inner).map(Matcher::any),
    }
}
