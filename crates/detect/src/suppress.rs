//! Suppressions: written filters that hold alerts back until a date. What is held back is kept and can be queried.
//!
//! ```yaml
//! - id: nightly-training
//!   rule: "3.1-2"                 # id or class of a rule, or *
//!   where: actor_primary_user_sid = "svc-train" and severity != "critical"
//!   reason: training runs at night, ticket 4711
//!   author: ana@corp.example
//!   until: 2026-12-31
//! ```

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray};
use atalanta_diag::{Diagnostic, Severity, Span};
use atalanta_engine::program::row_plan::{RowPlan, row_wise};
use atalanta_engine::types::xql_type;
use atalanta_xql::env::{Env, Input, Mode};
use serde::Deserialize;
use serde_json::Value;

use crate::alert::Alert;
use crate::rule::{RuleProblem, codes};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    id: String,
    rule: String,
    #[serde(rename = "where")]
    condition: Option<String>,
    reason: String,
    #[serde(default)]
    author: String,
    until: String,
}

/// One filter.
#[derive(Clone, Debug)]
struct Suppression {
    id: String,
    rule: String,
    condition: Option<String>,
    /// µs.
    until: i64,
}

/// The filters of a file.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    all: Vec<Suppression>,
}

impl Suppressions {
    /// Reads a file. A filter that is wrong is left out and said; the alerts that it would hold back go out.
    pub fn read(path: &Path) -> (Self, Vec<RuleProblem>) {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::of(&text, &path.display().to_string()),
            Err(error) => {
                let diagnostic =
                    Diagnostic::error(codes::FILE, Span::at(0), format!("cannot be read: {error}"));
                (Self::default(), vec![RuleProblem::new(&path.display().to_string(), "", diagnostic)])
            }
        }
    }

    fn of(text: &str, place: &str) -> (Self, Vec<RuleProblem>) {
        let forms: Vec<Form> = match serde_saphyr::from_str(text) {
            Ok(forms) => forms,
            Err(error) => {
                let shown = error.to_string();
                let message = shown.lines().next().unwrap_or_default().to_owned();
                let diagnostic = Diagnostic::error(codes::FORM, Span::at(0), message);
                return (Self::default(), vec![RuleProblem::new(place, text, diagnostic)]);
            }
        };
        let mut problems = Vec::new();
        let mut all = Vec::new();
        for form in forms {
            match form.read() {
                Ok(one) => all.push(one),
                Err((value, message)) => {
                    let at = text.find(&value).unwrap_or(0);
                    let span = Span::new(at, (at + value.len()).min(text.len()));
                    let diagnostic = Diagnostic::error(codes::FORM, span, message)
                        .help("alerts that it should hold back go out until it is repaired");
                    problems.push(RuleProblem::new(place, text, diagnostic));
                }
            }
        }
        (Self { all }, problems)
    }

    /// The filter that holds an alert back at a moment, if one does.
    pub fn holds(&self, alert: &Alert, now: i64) -> Option<String> {
        let held = self.all.iter().find(|one| {
            let named = one.rule == "*" || one.rule == alert.rule || one.rule == alert.class;
            named && now < one.until && one.condition.as_ref().is_none_or(|text| is_true(text, alert))
        });
        held.map(|one| one.id.clone())
    }
}

impl Form {
    /// The filter, or the value that is wrong and why.
    fn read(self) -> Result<Suppression, (String, String)> {
        let end = self.until.parse::<jiff::civil::Date>().ok().and_then(|date| {
            date.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        });
        let until = end.or_else(|| self.until.parse::<jiff::Timestamp>().ok());
        let Some(until) = until else {
            let message = format!("`{}` is no date, expected one as in 2026-12-31", self.until);
            return Err((self.until, message));
        };
        if self.reason.trim().is_empty() {
            return Err((self.id, "a suppression without a reason".to_owned()));
        }
        if let Some(condition) = &self.condition {
            let checked = atalanta_xql::check(&query(condition), &Env::new(Mode::Compat));
            if let Some(error) = checked.diagnostics.iter().find(|one| one.severity == Severity::Error) {
                let message = format!("the condition cannot be read: {}", error.message);
                return Err((condition.clone(), message));
            }
        }
        tracing::debug!(id = self.id, author = self.author, "suppression read");
        Ok(Suppression {
            id: self.id,
            rule: self.rule,
            condition: self.condition,
            until: until.as_microsecond(),
        })
    }
}

fn query(condition: &str) -> String {
    format!("dataset = alert | filter {condition}")
}

/// The condition over the alert's values, as a query would answer it.
fn is_true(condition: &str, alert: &Alert) -> bool {
    let Some(batch) = one_row(alert) else { return false };
    let columns = batch.schema_ref().fields().iter();
    let columns = columns.map(|field| (field.name().clone(), xql_type(field.data_type()))).collect();
    let inputs = vec![Input { name: "alert".to_owned(), columns, ..Input::default() }];
    let env = Env { inputs, with_data: true, ..Env::new(Mode::Compat) };
    let checked = atalanta_xql::check(&query(condition), &env);
    let (operations, whole) = row_wise(&checked.resolved.plan);
    // What cannot be computed for this alert holds nothing back.
    let passed = RowPlan::compile(operations, batch.schema_ref()).and_then(|plan| plan.run(&batch));
    whole && passed.is_ok_and(|(_, rows)| !rows.is_empty())
}

fn one_row(alert: &Alert) -> Option<RecordBatch> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    let mut add = |name: &str, value: ArrayRef| {
        if !columns.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            columns.push((name.to_owned(), value));
        }
    };
    let text = |text: Option<&str>| -> ArrayRef { Arc::new(StringViewArray::from_iter([text])) };
    add("rule", text(Some(&alert.rule)));
    add("class", text(Some(&alert.class)));
    add("severity", text(Some(alert.severity.name())));
    add("events", Arc::new(Int64Array::from(vec![alert.events as i64])));
    for (name, value) in &alert.entities {
        add(name, text(value.as_deref()));
    }
    for (name, value) in
        alert.values.iter().chain(alert.evidence.first().into_iter().flat_map(|(_, row)| row))
    {
        match value {
            Value::Number(number) if number.is_i64() => {
                add(name, Arc::new(Int64Array::from(vec![number.as_i64()])));
            }
            Value::Number(number) => add(name, Arc::new(Float64Array::from(vec![number.as_f64()]))),
            other => add(name, text(crate::row_json::text(other).as_deref())),
        }
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Hit;
    use crate::compile::compile;
    use crate::testing::{DAY, rule};

    fn alert(user: &str, events: u64) -> Alert {
        let hit = Hit {
            rule: 0,
            time: DAY,
            span: (DAY, DAY),
            events,
            adds: true,
            entities: vec![("user".to_owned(), Some(user.to_owned()))],
            values: serde_json::Map::new(),
            evidence: Vec::new(),
        };
        Alert::new(&compile(&rule("r", "dataset = xdr_data")).0.unwrap(), &hit, DAY)
    }

    #[test]
    fn a_filter_holds_back_what_it_names_until_its_end() {
        let text = "- { id: a, rule: r, where: 'user = \"svc-*\" and events < 5', reason: known, until: 2026-11-30 }";
        let (all, problems) = Suppressions::of(text, "s.yaml");
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(all.holds(&alert("SVC-build", 1), DAY), Some("a".to_owned()));
        assert_eq!(all.holds(&alert("svc-build", 9), DAY), None);
        assert_eq!(all.holds(&alert("ann", 1), DAY), None);
        assert_eq!(all.holds(&alert("svc-build", 1), DAY + 12 * 86_400_000_000), None);
    }

    #[test]
    fn a_filter_without_reason_or_end_is_refused() {
        let text = "- { id: a, rule: r, reason: '', until: 2026-11-30 }\n- { id: b, rule: r, reason: x, until: soon }\n\
                    - { id: c, rule: r, reason: x, until: 2026-11-30, where: 'user = (' }\n- { id: d, rule: '*', reason: x, until: 2026-11-30 }";
        let (all, problems) = Suppressions::of(text, "s.yaml");
        assert_eq!((all.all.len(), problems.len()), (1, 3), "{problems:?}");
    }
}
