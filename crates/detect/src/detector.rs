//! Rules over arriving rows and over windows of time.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use atalanta_engine::error::EngineError;
use atalanta_engine::evidence::{Evidence, EvidenceRow};
use atalanta_engine::program::row_plan::RowPlan;
use atalanta_engine::session::Session;
use atalanta_xql::env::Env;
use atalanta_xql::ir::{Expr, Plan};
use atalanta_xql::syntax::ast::TimeFrame;

use crate::alert::{EVIDENCE, Hit};
use crate::cells::Cells;
use crate::compile::{Compiled, Run, Trigger, compile, window_plan};
use crate::machine::{Finding, Machine};
use crate::matcher::{Candidates, Matcher, Places};
use crate::row_json;
use crate::rule::{Rule, RuleProblem, Schedule};

/// Rows of one window whose events are looked up.
const EXPLAINED: usize = 20;

/// Row plans that are kept compiled.
const PLANS: usize = 20_000;

/// Schemas that are known at a time.
const SCHEMAS: usize = 2_048;

/// Entries of the kept work on schemas, which are far smaller than plans.
const PREPARED: usize = 50 * PLANS;

/// A set of rules that runs.
#[derive(Debug)]
pub struct Detector {
    rules: Vec<Compiled>,
    /// Matchers by dataset; that without a name is for datasets that no rule names.
    matchers: HashMap<String, Entries>,
    others: Entries,
    known: Known,
    /// What failed, by rule, to be said once.
    failed: BTreeMap<usize, String>,
}

/// Work that depends on the schema of rows alone.
#[derive(Debug, Default)]
struct Known {
    schemas: Vec<SchemaRef>,
    /// By dataset and schema; that without a name is for datasets that no rule names.
    places: HashMap<(Option<String>, usize), Places>,
    /// By rule, trigger and the schema of the rows as they come.
    prepared: HashMap<(usize, usize, usize), Prepared>,
    /// By rule, trigger and the schema of the columns that are of use: rows of many sources differ only in others.
    plans: HashMap<(usize, usize, usize), Arc<RowPlan>>,
}

/// What a trigger does with rows of a schema.
#[derive(Clone, Debug)]
struct Prepared {
    /// Columns that are of use; all if none.
    columns: Option<Arc<[usize]>>,
    plan: Arc<RowPlan>,
}

/// The triggers of one dataset.
#[derive(Debug)]
struct Entries {
    matcher: Matcher,
    /// By the matcher's numbers.
    targets: Vec<Target>,
}

/// Whom rows are for.
#[derive(Clone, Copy, Debug)]
struct Target {
    rule: usize,
    trigger: usize,
    /// Whether the matcher's verdict, where it is certain, leaves nothing for the engine to do.
    settled: bool,
}

impl Target {
    fn new(rules: &[Compiled], rule: usize, trigger: usize) -> Self {
        let about = &rules[rule].triggers[trigger];
        let settled = match rules[rule].run {
            Run::Rows => about.only_filters(),
            Run::Windows(_) => about.is_its_conditions(),
            Run::Machine(_) => false,
        };
        Self { rule, trigger, settled }
    }
}

/// What rows led to.
#[derive(Debug, Default)]
pub struct Fed {
    /// Hits of single rows and of machines.
    pub hits: Vec<Hit>,
    /// Windows to look at: (rule, end of the window in µs).
    pub due: BTreeSet<(usize, i64)>,
    /// Newest time among the rows, µs.
    pub newest: Option<i64>,
}

/// µs of a minute.
const MINUTE: i64 = 60_000_000;

impl Fed {
    /// Windows that rows lie in become due.
    fn due_at(&mut self, rule: usize, schedule: &Schedule, batch: &RecordBatch, rows: &[u32]) {
        let whole = schedule.every % MINUTE == 0 && schedule.window % MINUTE == 0;
        let mut before = None;
        for row in rows {
            let time = row_json::time_of(batch, *row as usize).unwrap_or(0);
            // Windows that begin and end at whole minutes have all of a minute or nothing of it.
            if !whole || before.replace(time.div_euclid(MINUTE)) != Some(time.div_euclid(MINUTE)) {
                self.due.extend(schedule.ends(time).map(|end| (rule, end)));
            }
        }
    }
}

impl Detector {
    /// Compiles rules; those that cannot run are left out and said.
    pub fn new<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> (Self, Vec<RuleProblem>) {
        let mut problems = Vec::new();
        let mut compiled = Vec::new();
        for rule in rules {
            let (one, said) = compile(rule);
            problems.extend(said);
            compiled.extend(one);
        }
        (Self::of(compiled), problems)
    }

    pub(crate) fn of(rules: Vec<Compiled>) -> Self {
        let names: BTreeSet<String> = rules
            .iter()
            .flat_map(|rule| rule.triggers.iter().filter_map(|trigger| trigger.dataset.clone()))
            .collect();
        let matchers = names.into_iter().map(|name| {
            let entries = Entries::new(&rules, Some(&name));
            (name, entries)
        });
        Self {
            matchers: matchers.collect(),
            others: Entries::new(&rules, None),
            rules,
            known: Known::default(),
            failed: BTreeMap::new(),
        }
    }

    /// The rules that run.
    pub fn rules(&self) -> &[Compiled] {
        &self.rules
    }

    /// Why rules failed since the last call, by id.
    pub fn take_failures(&mut self) -> Vec<(String, String)> {
        let failed = std::mem::take(&mut self.failed);
        failed.into_iter().map(|(rule, why)| (self.rules[rule].rule.id.clone(), why)).collect()
    }

    /// Looks at rows of a dataset.
    pub fn feed(&mut self, dataset: &str, batch: &RecordBatch) -> Fed {
        self.feed_but(dataset, batch, &BTreeSet::new())
    }

    /// Looks at rows of a dataset, with all rules but some.
    pub(crate) fn feed_but(&mut self, dataset: &str, batch: &RecordBatch, without: &BTreeSet<usize>) -> Fed {
        let mut fed = Fed::default();
        if batch.num_rows() == 0 {
            return fed;
        }
        fed.newest = row_json::newest(batch);
        self.known.bound();
        let schema = self.known.schema(batch.schema_ref());
        let dataset = Some(dataset.to_lowercase()).filter(|name| self.matchers.contains_key(name));
        let entries = match dataset.as_ref().and_then(|name| self.matchers.get_mut(name)) {
            Some(entries) => entries,
            None => &mut self.others,
        };
        let places = self.known.places.entry((dataset, schema));
        let places = places.or_insert_with(|| entries.matcher.places(batch.schema_ref()));
        let found = entries.matcher.candidates(batch, places);
        let found: Vec<(Target, Candidates)> =
            found.into_iter().map(|one| (entries.targets[one.rule], one)).collect();
        // Made when there is a hit.
        let shared = LazyCell::new(|| Arc::new(batch.clone()));
        for (target, found) in found {
            if without.contains(&target.rule) {
                continue;
            }
            if target.settled && found.certain {
                self.hit(target.rule, &shared, &found.rows, &mut fed);
            } else if let Err(error) = self.each_candidate((target, schema), batch, found.rows, &mut fed) {
                self.failed.entry(target.rule).or_insert_with(|| error.to_string());
            }
        }
        fed
    }

    /// Rows of which the matcher's verdict is all that was asked for.
    fn hit(&self, rule: usize, batch: &Arc<RecordBatch>, rows: &[u32], fed: &mut Fed) {
        let compiled = &self.rules[rule];
        if let Run::Windows(_) = compiled.run {
            fed.due_at(rule, &compiled.rule.schedule, batch, rows);
            return;
        }
        let hit = |row: &u32| {
            let row = *row as usize;
            row_hit(rule, compiled, (batch, row), (batch, row), Cells::Row(Arc::clone(batch), row))
        };
        fed.hits.extend(rows.iter().map(hit));
    }

    /// Looks at candidates together, and, where a value makes the rule fail, one by one: the others still count.
    fn each_candidate(
        &mut self,
        target: (Target, usize),
        batch: &RecordBatch,
        rows: Vec<u32>,
        fed: &mut Fed,
    ) -> Result<(), EngineError> {
        let Err(error) = self.candidates(target, batch, &rows, fed) else { return Ok(()) };
        if rows.len() > 1 {
            for row in rows {
                // That it fails is known.
                drop(self.candidates(target, batch, &[row], fed));
            }
        }
        Err(error)
    }

    fn candidates(
        &mut self,
        (target, schema): (Target, usize),
        batch: &RecordBatch,
        rows: &[u32],
        fed: &mut Fed,
    ) -> Result<(), EngineError> {
        let Target { rule, trigger, .. } = target;
        let prepared =
            self.known.prepare((rule, trigger, schema), &self.rules[rule].triggers[trigger], batch)?;
        let rows = UInt32Array::from(rows.to_vec());
        let chosen = match &prepared.columns {
            None => take_record_batch(batch, &rows)?,
            Some(columns) => take_record_batch(&batch.project(columns)?, &rows)?,
        };
        let (output, places) = prepared.plan.run(&chosen)?;
        if places.is_empty() {
            return Ok(());
        }
        match &mut self.rules[rule].run {
            Run::Rows => {
                let compiled = &self.rules[rule];
                let hits = places.iter().enumerate().map(|(at, place)| {
                    let place = *place as usize;
                    let shown = shown(&output, at, &chosen, place);
                    row_hit(rule, compiled, (&output, at), (&chosen, place), shown)
                });
                fed.hits.extend(hits);
            }
            Run::Windows(_) => {
                fed.due_at(rule, &self.rules[rule].rule.schedule, &chosen, &places);
            }
            Run::Machine(machine) => {
                let mut found = Vec::new();
                machine.feed(trigger, &output, &mut found);
                fed.hits.extend(found.into_iter().map(|finding| machine_hit(rule, finding)));
            }
        }
        Ok(())
    }

    /// Tells the machines that every row before `watermark` has been fed.
    pub fn advance(&mut self, watermark: i64) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (number, rule) in self.rules.iter_mut().enumerate() {
            if let Run::Machine(machine) = &mut rule.run {
                let mut found = Vec::new();
                machine.advance(watermark, &mut found);
                hits.extend(found.into_iter().map(|finding| machine_hit(number, finding)));
            }
        }
        hits
    }

    /// The machines with their rules' ids and versions.
    pub fn machines(&mut self) -> impl Iterator<Item = (String, &mut Box<dyn Machine>)> {
        self.rules.iter_mut().filter_map(|rule| {
            let key = key(rule);
            match &mut rule.run {
                Run::Machine(machine) => Some((key, machine)),
                _ => None,
            }
        })
    }

    /// Takes machines without any state in place of those that there are.
    pub fn forget(&mut self) {
        (0..self.rules.len()).for_each(|number| self.forget_rule(number));
    }

    /// The same for one rule.
    pub(crate) fn forget_rule(&mut self, number: usize) {
        let Some(rule) = self.rules.get_mut(number) else { return };
        if matches!(rule.run, Run::Machine(_))
            && let (Some(fresh), _) = compile(&rule.rule)
        {
            rule.run = fresh.run;
        }
    }

    /// Rules whose machines learn from the past: (number, id and version).
    pub(crate) fn learners(&self) -> Vec<(usize, String)> {
        let learns = |run: &Run| matches!(run, Run::Machine(machine) if machine.learns());
        let all = self.rules.iter().enumerate().filter(|(_, rule)| learns(&rule.run));
        all.map(|(number, rule)| (number, key(rule))).collect()
    }

    /// The rule with its machine, if it has one.
    pub(crate) fn machine(&mut self, number: usize) -> Option<(&Rule, &mut Box<dyn Machine>)> {
        let Compiled { rule, run: Run::Machine(machine), .. } = self.rules.get_mut(number)? else {
            return None;
        };
        Some((rule, machine))
    }

    /// The place of a rule.
    pub fn number(&self, id: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.rule.id == id)
    }
}

impl Known {
    /// Records of ever new shapes: begins anew rather than grow.
    fn bound(&mut self) {
        let full = self.plans.len() >= PLANS || self.prepared.len() >= PREPARED;
        if full || self.schemas.len() >= SCHEMAS || self.places.len() >= SCHEMAS {
            *self = Self::default();
        }
    }

    /// The number of a schema.
    fn schema(&mut self, schema: &SchemaRef) -> usize {
        // Batches of one source share their schema, which makes most comparisons one of addresses.
        let same = |known: &SchemaRef| Arc::ptr_eq(known, schema) || known == schema;
        self.schemas.iter().position(same).unwrap_or_else(|| {
            self.schemas.push(Arc::clone(schema));
            self.schemas.len() - 1
        })
    }

    /// Columns and compiled operations of a trigger for rows of a schema.
    fn prepare(
        &mut self,
        key: (usize, usize, usize),
        trigger: &Trigger,
        batch: &RecordBatch,
    ) -> Result<Prepared, EngineError> {
        if let Some(prepared) = self.prepared.get(&key) {
            return Ok(prepared.clone());
        }
        let columns: Option<Arc<[usize]>> = trigger.columns.as_ref().map(|names| {
            let fields = batch.schema_ref().fields().iter().enumerate();
            let of_use = fields.filter(|(_, field)| names.contains(&field.name().to_lowercase()));
            of_use.map(|(place, _)| place).collect()
        });
        let schema = match &columns {
            None => batch.schema(),
            Some(columns) => Arc::new(batch.schema_ref().project(columns)?),
        };
        let own = (key.0, key.1, self.schema(&schema));
        let plan = match self.plans.get(&own) {
            Some(plan) => Arc::clone(plan),
            None => {
                let plan = Arc::new(RowPlan::compile(&trigger.operations, &schema)?);
                self.plans.insert(own, Arc::clone(&plan));
                plan
            }
        };
        let prepared = Prepared { columns, plan };
        self.prepared.insert(key, prepared.clone());
        Ok(prepared)
    }
}

impl Entries {
    fn new(rules: &[Compiled], dataset: Option<&str>) -> Self {
        let mut targets = Vec::new();
        let mut conditions: Vec<Vec<&Expr>> = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            for (place, trigger) in rule.triggers.iter().enumerate() {
                if trigger.dataset.as_deref().is_none_or(|own| Some(own) == dataset) {
                    targets.push(Target::new(rules, number, place));
                    conditions.push(trigger.conditions());
                }
            }
        }
        Self { matcher: Matcher::new(&conditions), targets }
    }
}

/// What a machine's state is kept under.
fn key(rule: &Compiled) -> String {
    format!("{}@{}", rule.rule.id, rule.version)
}

/// A hit on a row: what the rule gives of it, and the row itself.
fn row_hit(
    number: usize,
    rule: &Compiled,
    (output, at): (&RecordBatch, usize),
    (input, place): (&RecordBatch, usize),
    shown: Cells,
) -> Hit {
    let time = row_json::time_of(input, place).unwrap_or(0);
    let entity = |name: &String| {
        let shown = row_json::column(output, name).map(|column| row_json::cell(output.column(column), at));
        let value = shown.or_else(|| {
            row_json::column(input, name).map(|column| row_json::cell(input.column(column), place))
        });
        (name.clone(), value.as_ref().and_then(row_json::text))
    };
    Hit {
        rule: number,
        time,
        span: (time, time),
        events: 1,
        adds: true,
        entities: rule.rule.entities.iter().map(entity).collect(),
        values: serde_json::Map::new(),
        evidence: vec![(time, shown)],
    }
}

/// What a rule gives of a row, with where the row lies.
fn shown(output: &RecordBatch, at: usize, input: &RecordBatch, place: usize) -> Cells {
    let mut row = row_json::row(output, at);
    for name in ["_path", "_line", "event_id"] {
        if let Some(column) = row_json::column(input, name)
            && !row.contains_key(name)
        {
            let value = row_json::cell(input.column(column), place);
            if !value.is_null() {
                row.insert(name.to_owned(), value);
            }
        }
    }
    Cells::Kept(row)
}

fn machine_hit(rule: usize, finding: Finding) -> Hit {
    let times = || finding.evidence.iter().map(|(time, _)| *time);
    Hit {
        rule,
        time: finding.time,
        span: (times().min().unwrap_or(finding.time), times().max().unwrap_or(finding.time)),
        events: finding.events.unwrap_or(finding.evidence.len() as u64).max(1),
        adds: false,
        entities: finding.entities,
        values: finding.values,
        evidence: finding.evidence.into_iter().map(|(time, row)| (time, Cells::Kept(row))).collect(),
    }
}

/// Runs windows over a session; plans are made once.
#[derive(Debug)]
pub struct Runner<'a> {
    session: &'a Session,
    env: Env,
    plans: HashMap<usize, Result<Plan, String>>,
    /// Whether rows say where they lie.
    places: bool,
}

impl<'a> Runner<'a> {
    /// A runner over what a session holds. The place of a row is evidence in files that stay as they are; in a store
    /// rows move, and a place would make two of one row.
    pub fn new(session: &'a Session, places: bool) -> Self {
        Self { env: session.env(), session, plans: HashMap::new(), places }
    }

    /// The hits of a rule in the window that ends at `end`.
    pub fn run(&mut self, number: usize, rule: &Compiled, end: i64) -> Result<Vec<Hit>, String> {
        let Run::Windows(windows) = &rule.run else { return Ok(Vec::new()) };
        let plan =
            self.plans.entry(number).or_insert_with(|| window_plan(windows, &rule.rule.allow, &self.env));
        let plan = plan.as_ref().map_err(Clone::clone)?;
        let from = end.saturating_sub(rule.rule.schedule.window);
        let mut plan = plan.clone();
        plan.timeframe = Some(TimeFrame::Between(row_json::time(from), row_json::time(end)));
        let outcome = self
            .session
            .prepare(&plan)
            .and_then(|prepared| prepared.run())
            .map_err(|error| error.to_string())?;
        let mut hits = Vec::new();
        for batch in &outcome.batches {
            let left = EXPLAINED.saturating_sub(hits.len());
            let behind = self.session.evidence_of_all(&plan, batch, left, EVIDENCE).unwrap_or_default();
            let mut behind = behind.into_iter();
            for row in 0..batch.num_rows() {
                hits.push(self.hit(number, rule, &windows.keys, batch, row, (from, end), behind.next()));
            }
        }
        Ok(hits)
    }

    #[expect(clippy::too_many_arguments, reason = "a row of a window is told by all of these, and only here")]
    fn hit(
        &self,
        number: usize,
        rule: &Compiled,
        keys: &[String],
        batch: &RecordBatch,
        row: usize,
        window: (i64, i64),
        behind: Option<Evidence>,
    ) -> Hit {
        let own = row_json::time_of(batch, row).filter(|time| (window.0..window.1).contains(time));
        let time = own.unwrap_or(window.0);
        let has = |name: &&String| row_json::column(batch, name).is_some();
        let mut names: Vec<&String> = rule.rule.entities.iter().filter(has).collect();
        if names.is_empty() {
            names = keys.iter().filter(has).filter(|name| !name.eq_ignore_ascii_case("_time")).collect();
        }
        let entity = |name: &&String| {
            let value = row_json::column(batch, name).map(|at| row_json::cell(batch.column(at), row));
            ((*name).clone(), value.as_ref().and_then(row_json::text))
        };
        let values = row_json::row(batch, row);
        let mut hit = Hit {
            rule: number,
            time,
            span: (time, time),
            events: 1,
            adds: false,
            entities: names.iter().map(entity).collect(),
            evidence: Vec::new(),
            values,
        };
        if let Some(behind) = behind.filter(|behind| behind.total > 0) {
            hit.events = behind.total;
            hit.span = (behind.first.unwrap_or(time), behind.last.unwrap_or(time));
            hit.evidence = behind
                .rows
                .iter()
                .map(|one| (one.time.unwrap_or(time), Cells::Kept(evidence_row(one, self.places))))
                .collect();
        } else {
            hit.evidence = vec![(time, Cells::Kept(hit.values.clone()))];
        }
        hit
    }
}

fn evidence_row(one: &EvidenceRow, places: bool) -> serde_json::Map<String, serde_json::Value> {
    let mut row = row_json::row(&one.row, 0);
    if !places {
        row.retain(|name, _| name != "_path" && name != "_line");
    }
    if places && !one.path.is_empty() {
        row.insert("_path".to_owned(), one.path.clone().into());
        row.insert("_line".to_owned(), one.line.into());
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DAY, rows, rule};

    #[test]
    fn windows_of_a_moment() {
        let schedule = Schedule { every: 10, crontab: None, window: 30, lateness: 0, early: None };
        assert_eq!(schedule.ends(25).collect::<Vec<_>>(), [30, 40, 50]);
        assert_eq!(schedule.ends(30).collect::<Vec<_>>(), [40, 50, 60]);
        assert_eq!(schedule.ends(-1).collect::<Vec<_>>(), [0, 10, 20]);
    }

    #[test]
    fn rows_hit_and_windows_become_due() {
        let shell = rule(
            "shell",
            "dataset = xdr_data | filter event_type = PROCESS | filter action_process_command_line contains \"nc -e\" | fields _time, action_process_command_line",
        );
        let many = rule(
            "many",
            "dataset = xdr_data | filter event_type = NETWORK | comp count() as n by actor_primary_user_sid | filter n > 2",
        );
        let (mut detector, problems) = Detector::new([&shell, &many]);
        assert!(problems.is_empty(), "{problems:?}");
        let batch = rows(&[
            (1, "PROCESS", "ann", "NC -e /bin/sh".to_owned(), None),
            (2, "PROCESS", "bob", "ls".to_owned(), None),
            (61, "NETWORK", "bob", String::new(), Some(443)),
        ]);
        let fed = detector.feed("xdr_data", &batch);
        assert_eq!(detector.take_failures(), Vec::new());
        assert_eq!(fed.hits.len(), 1);
        assert_eq!(fed.hits[0].entities, [("actor_primary_user_sid".to_owned(), Some("ann".to_owned()))]);
        assert_eq!(fed.due.into_iter().collect::<Vec<_>>(), [(1, DAY + 7_200_000_000)]);
        assert_eq!(fed.newest, Some(DAY + 61 * 60_000_000));
        assert!(detector.feed("other_raw", &batch).hits.is_empty());
    }

    #[test]
    fn rows_of_other_shapes_are_looked_at_by_their_own_columns() {
        let rule = rule(
            "port",
            "dataset = xdr_data | filter action_remote_port = 443 | fields actor_primary_user_sid",
        );
        let (mut detector, _) = Detector::new([&rule]);
        let whole = rows(&[
            (1, "NETWORK", "ann", String::new(), Some(443)),
            (2, "NETWORK", "bob", String::new(), Some(80)),
        ]);
        let turned = whole.project(&[4, 2, 0]).unwrap();
        let without = whole.project(&[0, 2]).unwrap();
        let mut found = |batch: &RecordBatch| detector.feed("XDR_data", batch).hits.len();
        for _ in 0..2 {
            assert_eq!((found(&whole), found(&turned), found(&without)), (1, 1, 0));
        }
        assert_eq!(detector.take_failures(), Vec::new());
        // All three have the same columns of use but in two orders, and one without the port.
        assert_eq!((detector.known.prepared.len(), detector.known.places.len()), (2, 3));
    }

    /// Finds every third row.
    #[derive(Debug, Default)]
    struct Third(u8);

    impl Machine for Third {
        fn inputs(&self) -> Vec<String> {
            vec![
                "dataset = xdr_data | filter event_type = PROCESS | fields _time, actor_primary_user_sid"
                    .to_owned(),
            ]
        }

        fn feed(&mut self, input: usize, rows: &RecordBatch, found: &mut Vec<Finding>) {
            assert_eq!((input, rows.num_columns()), (0, 2));
            for row in 0..rows.num_rows() {
                self.0 += 1;
                if self.0 == 3 {
                    self.0 = 0;
                    found.push(Finding {
                        time: row_json::time_of(rows, row).unwrap_or(0),
                        ..Finding::default()
                    });
                }
            }
        }

        fn advance(&mut self, _watermark: i64, _found: &mut Vec<Finding>) {}

        fn changed(&mut self) -> Vec<(String, Vec<u8>)> {
            vec![(String::new(), vec![self.0])]
        }

        fn restore(&mut self, parts: Vec<(String, Vec<u8>)>) -> Result<(), String> {
            self.0 = *parts[0].1.first().ok_or("an empty state")?;
            Ok(())
        }
    }

    #[test]
    fn a_machine_gets_the_rows_that_it_asks_for_and_keeps_its_state() {
        let rule = rule("third", "");
        let detector = |machine| Detector::of(vec![crate::compile::with_machine(&rule, machine).unwrap()]);
        let batch = rows(&[
            (1, "PROCESS", "ann", String::new(), None),
            (2, "FILE", "ann", String::new(), None),
            (3, "PROCESS", "bob", String::new(), None),
        ]);
        let mut first = detector(Box::<Third>::default());
        assert!(first.feed("xdr_data", &batch).hits.is_empty());
        let state = first.machines().next().unwrap().1.changed();
        let mut second = detector(Box::<Third>::default());
        second.machines().next().unwrap().1.restore(state).unwrap();
        let fed = second.feed("xdr_data", &batch);
        assert_eq!(fed.hits.iter().map(|hit| hit.time).collect::<Vec<_>>(), [DAY + 60_000_000]);
    }
}
