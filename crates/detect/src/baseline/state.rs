//! What is known of one entity, and what an observation says against it.

use serde::{Deserialize, Serialize};

use crate::cells::Cells;

use super::drift::{self, Drift, Moved};
use super::level::{self, Levels, Limits, More};
use super::order::Order;
use super::table::Table;

/// What a baseline looks at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Method {
    /// A value that the entity did not have before.
    FirstSeen { learn: u32, learn_for: i64, forget: i64, most_unseen: f64 },
    /// A value with a small share.
    Rare { learn: u32, learn_for: i64, share: f64, forget: i64 },
    /// How much in a stretch of time: rows, or the sum of a column.
    Level { limits: Limits, counts: bool },
    /// Values that did not follow each other before.
    Order { length: usize, learn: u32, learn_for: i64, most_unseen: f64, forget: i64 },
    /// How values are distributed.
    Drift { window: u32, learn: u32, limit: f64 },
}

/// What is known of one entity: at most 4 KiB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    first: i64,
    #[serde(flatten)]
    own: Own,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Own {
    Table(Table),
    Levels(Box<Levels>),
    Order(Order),
    Drift(Drift),
}

/// A [`State`] with observations that it does not have yet.
#[derive(Debug)]
pub(super) enum Ahead {
    Whole(State),
    /// By what differs.
    Levels(level::Ahead),
}

/// One observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Observation {
    /// When, µs.
    pub time: i64,
    /// The value as text.
    pub value: String,
    /// Its digest.
    pub digest: u64,
    /// The value as a number.
    pub amount: Option<f64>,
    /// Digest of the session.
    pub session: u64,
    /// What an alert shows of the row.
    pub cells: Cells,
    /// Whether it is of the past: nothing is told of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
}

/// Something unusual, in words and figures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unusual {
    /// What was expected.
    pub expected: String,
    /// From how many observations.
    pub observations: u64,
    /// What was seen.
    pub seen: String,
    /// How far it is from what was expected; its unit is that of the method.
    pub score: f64,
}

impl State {
    /// What is known at the first observation: nothing.
    pub(super) fn new(method: &Method, time: i64) -> Self {
        let own = match method {
            Method::FirstSeen { .. } | Method::Rare { .. } => Own::Table(Table::default()),
            Method::Level { .. } => Own::Levels(Box::default()),
            Method::Order { .. } => Own::Order(Order::default()),
            Method::Drift { .. } => Own::Drift(Drift::default()),
        };
        Self { first: time, own }
    }

    /// An observation that came late was there all the same.
    pub(super) fn known_since(&mut self, time: i64) {
        self.first = self.first.min(time);
    }

    /// Takes an observation in, and says what is unusual about it.
    pub(super) fn add(&mut self, method: &Method, one: &Observation) -> Option<Unusual> {
        let known_for = one.time.saturating_sub(self.first);
        match (method, &mut self.own) {
            (Method::FirstSeen { learn, learn_for, forget, most_unseen }, Own::Table(table)) => {
                table.forget(one.time.saturating_sub(*forget));
                let warm = known_for >= *learn_for && table.total >= u64::from(*learn);
                first(table, one.digest, one.time, *most_unseen, warm, || one.value.clone())
            }
            (Method::Rare { learn, learn_for, share, forget }, Own::Table(table)) => {
                let told = rare(table, one, *learn, *share, *forget);
                told.filter(|_| known_for >= *learn_for)
            }
            (Method::Order { length, learn, learn_for, most_unseen, forget }, Own::Order(order)) => {
                let Order { table, sessions } = order;
                let gram = sessions.follow(one.session, (&one.value, one.digest), *length, one.time);
                if gram.names.len() < *length {
                    return None;
                }
                table.forget(one.time.saturating_sub(*forget));
                let warm = known_for >= *learn_for && table.total >= u64::from(*learn);
                first(table, gram.digest, one.time, *most_unseen, warm, || gram.names.join(" → "))
            }
            (Method::Level { limits, counts }, Own::Levels(levels)) => {
                levels.add(limits, one.time, one.counted(*counts)?).map(|more| risen(limits, &more))
            }
            (Method::Drift { window, learn, limit }, Own::Drift(own)) => {
                let moved = own.add(drift::bin(one.digest, one.amount), *window, *learn, *limit)?;
                Some(drifted(one, *limit, &moved))
            }
            // A state of another method: `restore` refuses it.
            _ => None,
        }
    }

    /// The same, to which observations are added that this state does not have yet.
    pub(super) fn ahead(&self) -> Ahead {
        match &self.own {
            Own::Levels(levels) => Ahead::Levels(levels.ahead()),
            Own::Table(_) | Own::Order(_) | Own::Drift(_) => Ahead::Whole(self.clone()),
        }
    }

    /// Whether it is a state of a method.
    pub(super) fn is_of(&self, method: &Method) -> bool {
        matches!(
            (method, &self.own),
            (Method::FirstSeen { .. } | Method::Rare { .. }, Own::Table(_))
                | (Method::Level { .. }, Own::Levels(_))
                | (Method::Order { .. }, Own::Order(_))
                | (Method::Drift { .. }, Own::Drift(_))
        )
    }
}

impl Ahead {
    /// [`State::add`]. `of` may have taken in since, in the same order, some of what this has; nothing else.
    pub(super) fn add(&mut self, of: &State, method: &Method, one: &Observation) -> Option<Unusual> {
        match (self, method, &of.own) {
            (Self::Whole(state), _, _) => state.add(method, one),
            (Self::Levels(ahead), Method::Level { limits, counts }, Own::Levels(levels)) => {
                let more = ahead.add(levels, limits, one.time, one.counted(*counts)?)?;
                Some(risen(limits, &more))
            }
            // A state of another method: `restore` refuses it.
            _ => None,
        }
    }
}

impl Observation {
    /// How much it adds to a level: one for a row, or the value.
    fn counted(&self, counts: bool) -> Option<f64> {
        if counts { Some(1.0) } else { self.amount }
    }
}

/// Counts a value; says that it is new, if enough is known and not too many values are.
fn first(
    table: &mut Table,
    digest: u64,
    time: i64,
    most_unseen: f64,
    warm: bool,
    shown: impl Fn() -> String,
) -> Option<Unusual> {
    let new = table.count(digest).is_none();
    let said = (new && warm && table.unseen() <= most_unseen).then(|| unseen(table, &shown()));
    table.add(digest, time);
    said
}

/// Counts a value; says that its share is small.
fn rare(table: &mut Table, one: &Observation, learn: u32, share: f64, forget: i64) -> Option<Unusual> {
    table.forget(one.time.saturating_sub(forget));
    let count = table.count(one.digest).unwrap_or(0);
    let own = f64::from(count) / table.total.max(1) as f64;
    let said = (table.total >= u64::from(learn) && own < share).then(|| Unusual {
        expected: format!("values with a share of at least {share}"),
        observations: table.total,
        seen: format!("`{}`, {count} times before", one.value),
        score: -own.max(1.0 / (table.total + 1) as f64).log2(),
    });
    table.add(one.digest, one.time);
    said
}

fn risen(limits: &Limits, more: &More) -> Unusual {
    let spread = format!("{:.0} ± {:.0}", more.mean, more.scale);
    let lasting = if more.slow { ", after a rise that lasts" } else { "" };
    Unusual {
        expected: format!("{spread} in {}", stretch(limits.every)),
        observations: u64::from(more.known),
        seen: format!("{:.0} so far{lasting}", more.seen),
        score: more.score,
    }
}

fn drifted(one: &Observation, limit: f64, moved: &Moved) -> Unusual {
    let (_, before, now) = moved.gained;
    Unusual {
        expected: format!("a stability index of at most {limit}"),
        observations: moved.known as u64,
        seen: format!(
            "{:.2}; the share of values like `{}` or others of one bin went from {:.1} % to {:.1} %",
            moved.index,
            one.value,
            before * 100.0,
            now * 100.0
        ),
        score: moved.index,
    }
}

fn unseen(table: &Table, value: &str) -> Unusual {
    Unusual {
        expected: format!(
            "one of {} known values; {:.1} % would be new",
            table.len(),
            table.unseen() * 100.0
        ),
        observations: table.total,
        seen: format!("`{value}`, for the first time"),
        score: -(table.unseen().max(1.0 / (table.total + 1) as f64)).log2(),
    }
}

fn stretch(micros: i64) -> String {
    match micros {
        m if m % 3_600_000_000 == 0 => format!("{} h", m / 3_600_000_000),
        m if m % 60_000_000 == 0 => format!("{} min", m / 60_000_000),
        m => format!("{} s", m / 1_000_000),
    }
}
