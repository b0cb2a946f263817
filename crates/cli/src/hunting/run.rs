//! Runs hunts over a session.

use std::time::Instant;

use arrow::record_batch::RecordBatch;
use atalanta_engine::evidence;
use atalanta_engine::session::{Outcome, Session};
use atalanta_schema::Atlas;
use atalanta_xql::env::Env;
use atalanta_xql::ir::Plan;

use super::finding::{self, Behind, EVIDENCE, Evidence, Finding};
use super::focus::Focus;
use super::pack::{About, Hunt};
use super::report::HuntRun;
use crate::checking;
use crate::remote::{Ask, Remote};
use atalanta_schema::Level;

/// Which hunts are run.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// At least this severity.
    pub severity: Option<Level>,
    /// Id of a technique, which includes its sub-techniques, or of a tactic.
    pub atlas: Option<String>,
}

impl Filter {
    /// Reads `--atlas`: any id or name that stands for one technique or tactic today.
    pub fn new(severity: Option<Level>, atlas: Option<&str>) -> Result<Self, String> {
        let Some(text) = atlas else { return Ok(Self { severity, atlas: None }) };
        let known = Atlas::builtin();
        let resolution = known.resolve(text);
        let ids = resolution.current_ids();
        let usable = |id: &&&str| known.technique(id).is_some() || known.tactic(id).is_some();
        match ids.iter().find(usable) {
            Some(id) => Ok(Self { severity, atlas: Some((*id).to_owned()) }),
            None => Err(format!("--atlas {text}: {}", resolution.explain())),
        }
    }

    /// Whether a hunt is run.
    pub fn takes(&self, about: &About) -> bool {
        let severe = self.severity.is_none_or(|least| about.severity >= least);
        severe && self.atlas.as_deref().is_none_or(|wanted| about.atlas.iter().any(|id| is_under(id, wanted)))
    }
}

/// Whether a technique is the wanted one, a sub-technique of it, or serves the wanted tactic.
fn is_under(id: &str, wanted: &str) -> bool {
    let atlas = Atlas::builtin();
    atlas.resolve(id).current_ids().iter().any(|current| {
        let Some(technique) = atlas.technique(current) else { return false };
        technique.id == wanted
            || technique.parent.as_deref() == Some(wanted)
            || technique.tactics.iter().any(|tactic| tactic == wanted)
    })
}

/// A range of time that the hunts look at, RFC 3339; a `config timeframe` in a text wins.
pub type Range = (Option<String>, Option<String>);

/// Findings of one grouping hunt whose events are looked up; each look-up reads the data again.
const EXPLAINED: usize = 100;

/// Where the data of a hunt are.
#[derive(Clone, Copy)]
pub enum Ground<'a> {
    /// In a session of this process.
    Here(&'a Session),
    /// On a server.
    There(&'a Remote, &'a Ask),
}

impl Ground<'_> {
    fn run(self, text: &str, plan: &Plan) -> Result<Outcome, String> {
        match self {
            Self::Here(session) => {
                let prepared = session.prepare(plan).map_err(|error| error.to_string())?;
                prepared.run().map_err(|error| error.to_string())
            }
            Self::There(remote, ask) => remote.query(text, ask).map_err(|error| error.to_string()),
        }
    }

    fn evidence(
        self,
        text: &str,
        plan: &Plan,
        batch: &RecordBatch,
        row: usize,
    ) -> Option<evidence::Evidence> {
        match self {
            Self::Here(session) => session.evidence(plan, batch, row, EVIDENCE).ok(),
            Self::There(remote, ask) => remote.evidence(text, ask, batch, row, EVIDENCE).ok(),
        }
    }
}

/// What became of one hunt.
pub struct Ran {
    /// The run.
    pub about: HuntRun,
    /// What it found.
    pub findings: Vec<Finding>,
    /// Where excerpts look.
    pub focus: Focus,
    /// Text maps that could not be used.
    pub damaged_maps: u64,
}

/// Runs one hunt; a hunt that cannot run says why and finds nothing.
pub fn run(hunt: &Hunt, ground: Ground<'_>, env: &Env, range: &Range) -> Ran {
    let started = Instant::now();
    let about = HuntRun::new(&hunt.about, &hunt.place);
    let mut ran = Ran { about, findings: Vec::new(), focus: Focus::default(), damaged_maps: 0 };
    if let Err(reason) = execute(hunt, ground, env, range, &mut ran) {
        ran.about.error = Some(reason);
    }
    ran.about.findings = ran.findings.len() as u64;
    ran.about.elapsed = started.elapsed();
    ran
}

fn execute(hunt: &Hunt, ground: Ground<'_>, env: &Env, range: &Range, ran: &mut Ran) -> Result<(), String> {
    let (mut plan, diagnostics) = checking::plan(&hunt.query, env);
    if let Some(error) = checking::first_error(&hunt.place, &hunt.query, &diagnostics) {
        return Err(error);
    }
    let never = diagnostics.iter().find(|diagnostic| diagnostic.code == checking::NEVER);
    ran.about.never = never.map(|diagnostic| diagnostic.message.clone());
    if plan.target.is_some() {
        return Err(
            "a hunt writes nothing: remove the stage `target`, or run the text as `atalanta query --lookups \
                    DIR --file …`"
                .to_owned(),
        );
    }
    plan.within(range.0.as_deref(), range.1.as_deref());
    let outcome = ground.run(&hunt.query, &plan)?;
    ran.about.rows = outcome.rows as u64;
    ran.about.cut_at = outcome.cut_at.map(|at| at as u64);
    ran.damaged_maps = outcome.pages.damaged;
    ran.focus = Focus::of(&plan);
    let Some(keys) = plan.group_keys() else {
        ran.findings = finding::from_events(&hunt.about, &outcome.batches);
        return Ok(());
    };
    let mut explained = 0;
    let behind = |batch: &RecordBatch, row: usize| {
        explained += 1;
        if explained > EXPLAINED { Behind::default() } else { behind(ground, hunt, &plan, batch, row) }
    };
    ran.findings = finding::from_groups(&hunt.about, &keys, &outcome.batches, behind);
    ran.about.explained = (explained > EXPLAINED).then_some(EXPLAINED as u64);
    Ok(())
}

/// The events behind a row of a grouping; that they cannot be found does not take the finding away.
fn behind(ground: Ground<'_>, hunt: &Hunt, plan: &Plan, batch: &RecordBatch, row: usize) -> Behind {
    let Some(evidence) = ground.evidence(&hunt.query, plan, batch, row) else { return Behind::default() };
    let rows = evidence.rows.into_iter().map(|row| Evidence {
        path: Some(row.path).filter(|path| !path.is_empty()),
        line: Some(row.line).filter(|line| *line > 0),
        joined: finding::joined(&row.row, 0),
        time: row.time,
        columns: finding::shown(&row.row, 0),
    });
    Behind { total: evidence.total, first: evidence.first, last: evidence.last, rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunting::finding::tests::about;

    fn takes(severity: Option<Level>, atlas: Option<&str>) -> bool {
        Filter::new(severity, atlas).unwrap().takes(&about())
    }

    #[test]
    fn severity_is_a_floor() {
        assert!(takes(Some(Level::High), None) && takes(Some(Level::Low), None));
        assert!(!takes(Some(Level::Critical), None));
    }

    #[test]
    fn atlas_takes_techniques_with_their_parts_and_tactics() {
        for id in ["AML.T0051", "T0051.000", "AML.TA0005", "Execution", "AML.T0115", "ATLAS-LLM-01"] {
            assert!(takes(None, Some(id)), "{id}");
        }
        assert!(!takes(None, Some("AML.T0051.001")) && !takes(None, Some("AML.TA0000")));
        let error = Filter::new(None, Some("AML.T9999")).unwrap_err();
        assert!(error.starts_with("--atlas AML.T9999: "), "{error}");
    }
}
