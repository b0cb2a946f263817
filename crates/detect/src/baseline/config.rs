//! The configuration of a baseline, as a rule has it.

use serde::Deserialize;

use super::level::Limits;
use super::state::Method;
use crate::kept;
use crate::rule::{HOUR, Rule};

/// µs of a day.
const DAY: i64 = 24 * HOUR;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    kind: Kind,
    #[serde(rename = "where")]
    condition: String,
    /// Columns that are computed of a row, as the stage of this name has them.
    alter: Option<String>,
    dataset: Option<String>,
    by: Vec<String>,
    #[serde(default)]
    value: Vec<String>,
    #[serde(default)]
    session: Vec<String>,
    #[serde(default)]
    show: Vec<String>,
    /// Observations (stretches, windows) before anything is said.
    learn: Option<u32>,
    learn_for: Option<String>,
    forget: Option<String>,
    most_unseen: Option<f64>,
    share: Option<f64>,
    length: Option<usize>,
    every: Option<String>,
    above: Option<f64>,
    cusum: Option<CusumForm>,
    least: Option<f64>,
    weight: Option<f64>,
    season: Option<Season>,
    freeze: Option<String>,
    window: Option<u32>,
    limit: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    FirstSeen,
    Rare,
    Rate,
    Volume,
    Order,
    Drift,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CusumForm {
    k: f64,
    h: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Season {
    None,
    Week,
}

/// A baseline.
#[derive(Debug)]
pub(super) struct Baseline {
    /// The rows that it wants.
    pub input: String,
    /// Columns that name an entity.
    pub by: Vec<String>,
    /// Columns of the value; of the amount for `volume`.
    pub value: Vec<String>,
    /// Columns of the session.
    pub session: Vec<String>,
    /// Columns that an alert shows.
    pub show: Vec<String>,
    /// Columns that an alert is about.
    pub entities: Vec<String>,
    /// What is looked at.
    pub method: Method,
}

impl Baseline {
    /// What a rule's configuration means, or what is wrong with it.
    pub(super) fn read(rule: &Rule, config: &serde_json::Value) -> Result<Self, String> {
        let form: Form =
            serde_json::from_value(config.clone()).map_err(|error| format!("`config`: {error}"))?;
        if form.by.is_empty() {
            return Err("`by` names no column, expected those that tell entities apart".to_owned());
        }
        let counts = form.kind == Kind::Rate;
        if form.value.is_empty() != counts {
            let wanted =
                if counts { "`rate` counts rows and takes no `value`" } else { "`value` names no column" };
            return Err(wanted.to_owned());
        }
        if form.session.is_empty() == (form.kind == Kind::Order) {
            return Err("`session` goes with `order`, which needs it".to_owned());
        }
        let method = method(&form)?;
        Ok(Self {
            input: input(rule, &form)?,
            entities: if rule.entities.is_empty() { form.by.clone() } else { rule.entities.clone() },
            by: form.by,
            value: form.value,
            session: form.session,
            show: form.show,
            method,
        })
    }
}

fn method(form: &Form) -> Result<Method, String> {
    let span = |name: &str, text: &Option<String>, default: i64| {
        text.as_deref().map_or(Ok(default), |text| kept::time(name, text))
    };
    let positive = |name: &str, value: Option<f64>, default: f64| match value.unwrap_or(default) {
        value if value.is_finite() && value > 0.0 => Ok(value),
        value => Err(format!("`{name}: {value}`, expected a number above 0")),
    };
    Ok(match form.kind {
        Kind::FirstSeen => Method::FirstSeen {
            learn: form.learn.unwrap_or(20),
            learn_for: span("learn_for", &form.learn_for, DAY)?,
            forget: span("forget", &form.forget, 30 * DAY)?,
            most_unseen: positive("most_unseen", form.most_unseen, 0.1)?,
        },
        Kind::Rare => Method::Rare {
            learn: form.learn.unwrap_or(100),
            learn_for: span("learn_for", &form.learn_for, 0)?,
            share: positive("share", form.share, 0.01)?,
            forget: span("forget", &form.forget, 30 * DAY)?,
        },
        Kind::Order => {
            let length = form.length.unwrap_or(2);
            if !(1..=3).contains(&length) {
                return Err(format!("`length: {length}`, from 1 to 3 are possible"));
            }
            Method::Order {
                length,
                learn: form.learn.unwrap_or(50),
                learn_for: span("learn_for", &form.learn_for, 0)?,
                most_unseen: positive("most_unseen", form.most_unseen, 0.1)?,
                forget: span("forget", &form.forget, 30 * DAY)?,
            }
        }
        Kind::Drift => Method::Drift {
            window: form.window.unwrap_or(500),
            learn: form.learn.unwrap_or(5),
            limit: positive("limit", form.limit, 0.25)?,
        },
        Kind::Rate | Kind::Volume => {
            let cusum = match &form.cusum {
                None => None,
                Some(one) => Some((positive("k", Some(one.k), 1.0)?, positive("h", Some(one.h), 6.0)?)),
            };
            let above = match (form.above, &cusum) {
                (None, Some(_)) => None,
                (above, _) => Some(positive("above", above, 6.0)?),
            };
            let limits = Limits {
                every: span("every", &form.every, HOUR)?,
                learn: form.learn.unwrap_or(24),
                above,
                cusum,
                least: form.least.unwrap_or(1.0),
                weight: positive("weight", form.weight, 0.02)?.min(1.0),
                season: form.season == Some(Season::Week),
                freeze: span("freeze", &form.freeze, DAY)?,
            };
            Method::Level { limits, counts: form.kind == Kind::Rate }
        }
    })
}
/// The rows that a baseline looks at, with the columns that it computes.
fn input(rule: &Rule, form: &Form) -> Result<String, String> {
    let condition = match &form.alter {
        None => form.condition.clone(),
        Some(columns) => format!("{} | alter {columns}", form.condition),
    };
    kept::input(rule, form.dataset.as_deref(), &condition)
}
