//! Parsing rules over logs: `[INGEST]` and `[COLLECT]` sections.
//!
//! Each statement of a section is a rule of its own; a log that several let through is stored several times.
//! A log that none let through is stored as its raw text, or discarded with `no_hit = drop`; one that `drop`
//! removed is neither.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Field, Int64Type, Schema};
use atalanta_diag::Diagnostic;
use atalanta_schema::Type;
use atalanta_xql::env::Env;
use atalanta_xql::ir::Column;
use atalanta_xql::rules::{inline, rule_statement};
use atalanta_xql::syntax::ast::{Query, StageKind};
use atalanta_xql::syntax::rules::{RulesFile, Section};
use datafusion::prelude::SessionContext;

use super::cast::convert;
use super::input_row;
use super::statement::Statement;
use crate::error::EngineError;
use crate::functions::normal;
use crate::session::Session;
use crate::types::timestamp_type;

/// The column that tells which log a row came from.
const LOG: &str = "__log";
/// The time of an event.
const TIME: &str = "_time";
/// Columns that survive `fields` in a parsing rule: the system sets them for every stored row.
const KEPT: [&str; 5] = ["_time", "_insert_time", "_vendor", "_product", LOG];
/// The text of a log.
const RAW_LOG: &str = "_raw_log";

/// The parsing rules of a file, compiled for logs of one schema.
#[derive(Debug)]
pub struct IngestProgram {
    sections: Vec<IngestSection>,
}

/// One section.
#[derive(Debug)]
struct IngestSection {
    target: String,
    drop_others: bool,
    rules: Vec<IngestRule>,
}

/// One statement.
#[derive(Debug)]
struct IngestRule {
    statement: Statement,
    /// Everything before a closing `drop`: what it lets through counts as handled.
    before_drop: Option<Statement>,
}

/// The rows that a section stores.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The dataset.
    pub dataset: String,
    /// The rows of each statement, then the logs that none let through.
    pub batches: Vec<RecordBatch>,
}

impl IngestProgram {
    /// Compiles the sections that `wanted` accepts for logs of a schema. The session has the lookups that rules join,
    /// and the places of addresses.
    pub fn compile(
        file: &RulesFile,
        wanted: impl Fn(&Section) -> bool,
        input: &Schema,
        env: &Env,
        session: &Session,
    ) -> Result<(Self, Vec<Diagnostic>), EngineError> {
        let mut problems = Vec::new();
        let mut inputs = env.inputs.clone();
        inputs.extend(session.env().inputs);
        let env = &Env { inputs, ..env.clone() };
        let mut compiler =
            Compiler { file, env, session, context: SessionContext::new(), input: numbered(input) };
        let mut sections = Vec::new();
        for section in &file.sections {
            if !matches!(section.kind.as_str(), "INGEST" | "COLLECT") || !wanted(section) {
                continue;
            }
            let mut rules = Vec::with_capacity(section.statements.len());
            for statement in &section.statements {
                rules.push(compiler.rule(statement, &mut problems)?);
            }
            let drop_others =
                section.argument("no_hit").is_some_and(|word| word.eq_ignore_ascii_case("drop"));
            sections.push(IngestSection { target: target(section), drop_others, rules });
        }
        Ok((Self { sections }, problems))
    }

    /// Number of sections.
    pub fn len(&self) -> usize {
        self.sections.len()
    }

    /// Whether there is no section.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Runs the rules over logs.
    pub fn run(
        &self,
        batch: &RecordBatch,
        session: &Session,
    ) -> Result<(Vec<Stored>, Vec<Diagnostic>), EngineError> {
        let logs = with_numbers(batch)?;
        let mut problems = Vec::new();
        let stored = self.sections.iter().map(|section| section.run(&logs, session, &mut problems));
        Ok((stored.collect::<Result<Vec<_>, _>>()?, problems))
    }
}

/// The dataset of a section: as written, else the default name.
fn target(section: &Section) -> String {
    let word = |name: &str| section.argument(name).unwrap_or_default().to_lowercase().replace(' ', "_");
    match section.argument("target_dataset") {
        Some(target) => target.to_lowercase(),
        None => format!("{}_{}_raw", word("vendor"), word("product")),
    }
}

struct Compiler<'a> {
    file: &'a RulesFile,
    env: &'a Env,
    session: &'a Session,
    context: SessionContext,
    input: Schema,
}

impl Compiler<'_> {
    fn rule(&mut self, statement: &Query, problems: &mut Vec<Diagnostic>) -> Result<IngestRule, EngineError> {
        let (query, mut found) = inline(statement, self.file);
        problems.append(&mut found);
        let drops = matches!(query.stages.last().map(|stage| &stage.kind), Some(StageKind::Drop(_)));
        let before_drop = if drops {
            let mut before = query.clone();
            before.stages.pop();
            // What is wrong with these stages is reported with the whole statement.
            Some(self.compile(&before, &mut Vec::new())?)
        } else {
            None
        };
        Ok(IngestRule { statement: self.compile(&query, problems)?, before_drop })
    }

    fn compile(&self, query: &Query, problems: &mut Vec<Diagnostic>) -> Result<Statement, EngineError> {
        let mut row = input_row(&self.input);
        for column in Arc::make_mut(&mut row.columns) {
            if KEPT.iter().any(|name| column.name.eq_ignore_ascii_case(name)) {
                let kept = Column { system: true, ..Column::clone(column) };
                *column = Arc::new(kept);
            }
        }
        let resolved = rule_statement(query, row, self.env);
        Statement::compile(&resolved.plan, &self.input, &self.context, Some(self.session), Some(problems))
    }
}

impl IngestSection {
    fn run(
        &self,
        logs: &RecordBatch,
        session: &Session,
        problems: &mut Vec<Diagnostic>,
    ) -> Result<Stored, EngineError> {
        let mut handled: BTreeSet<i64> = BTreeSet::new();
        let mut batches = Vec::new();
        for rule in &self.rules {
            if let Some(before) = &rule.before_drop {
                handled.extend(numbers(&before.run(logs, Some(session), Some(&mut Vec::new()))?));
            }
            let rows = rule.statement.run(logs, Some(session), Some(&mut *problems))?;
            handled.extend(numbers(&rows));
            batches.push(timed(&without_numbers(&rows)?)?);
        }
        if !self.drop_others {
            batches.push(others(logs, &handled)?);
        }
        Ok(Stored { dataset: self.target.clone(), batches })
    }
}

/// The raw text of the logs that no statement let through.
fn others(logs: &RecordBatch, handled: &BTreeSet<i64>) -> Result<RecordBatch, EngineError> {
    let others: Vec<u64> = numbers(logs)
        .filter(|log| !handled.contains(log))
        .filter_map(|log| u64::try_from(log).ok())
        .collect();
    let schema = logs.schema();
    let kept = |name: &str| name == RAW_LOG || KEPT.contains(&name) && name != LOG;
    let columns: Vec<usize> = (0..logs.num_columns()).filter(|at| kept(schema.field(*at).name())).collect();
    Ok(take_record_batch(&logs.project(&columns)?, &UInt64Array::from(others))?)
}

fn numbered(schema: &Schema) -> Schema {
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(LOG, arrow::datatypes::DataType::Int64, true)));
    Schema::new(fields)
}

fn with_numbers(batch: &RecordBatch) -> Result<RecordBatch, EngineError> {
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    let count = i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
    columns.push(Arc::new((0..count).collect::<Int64Array>()));
    Ok(RecordBatch::try_new(Arc::new(numbered(batch.schema_ref())), columns)?)
}

fn numbers(batch: &RecordBatch) -> impl Iterator<Item = i64> {
    let column = batch.column_by_name(LOG).and_then(|column| column.as_primitive_opt::<Int64Type>());
    let rows = column.map(|column| column.values().to_vec()).unwrap_or_default();
    rows.into_iter().take(column.map_or(0, Array::len))
}

fn without_numbers(batch: &RecordBatch) -> Result<RecordBatch, EngineError> {
    let schema = batch.schema();
    let kept: Vec<usize> = (0..batch.num_columns()).filter(|at| schema.field(*at).name() != LOG).collect();
    Ok(batch.project(&kept)?)
}

/// Rows with `_time` as a time. Rules of packs assign it the text of a field, or an epoch; what is no time leaves it
/// open, so that the time of arrival counts.
fn timed(batch: &RecordBatch) -> Result<RecordBatch, EngineError> {
    let schema = batch.schema();
    let Some((at, field)) = schema.column_with_name(TIME) else { return Ok(batch.clone()) };
    if *field.data_type() == timestamp_type() {
        return Ok(batch.clone());
    }
    let array = batch.column(at);
    let normal = normal(array.data_type());
    let times = convert(&arrow::compute::cast(array, &normal)?, &Type::Timestamp)?;
    let (mut columns, mut fields) = (batch.columns().to_vec(), schema.fields().to_vec());
    columns[at] = times;
    fields[at] = Arc::new(Field::new(TIME, timestamp_type(), true));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

#[cfg(test)]
mod tests {
    use arrow::array::StringViewArray;
    use atalanta_xql::rules::check::with_constants;
    use atalanta_xql::syntax::rules::parse_rules;

    use super::*;
    use crate::session::SessionOptions;

    const RULES: &str = r#"
        [CONST] HEALTH = "/healthz";
        [RULE: base]
        alter m = regexcapture(_raw_log, "^(?P<ip>\S+) (?P<verb>\S+) (?P<path>\S+) (?P<code>\d+)$")
        | alter src = m->ip, path = m->path, code = to_integer(m->code);
        [INGEST: vendor = "acme", product = "gateway", target_dataset = "acme_gateway_raw", no_hit = keep]
        filter _raw_log ~= "^\S+ (GET|POST) " | call base | fields src, path, code, _raw_log | drop path = $HEALTH;
    "#;

    /// A session with a lookup of owners; 10.0.0.7 has two.
    fn session() -> Session {
        let mut session = Session::new(SessionOptions { threads: 1, ..SessionOptions::default() }).unwrap();
        let addresses: ArrayRef = Arc::new(StringViewArray::from(vec!["10.0.0.7", "10.0.0.8", "10.0.0.7"]));
        let owners: ArrayRef = Arc::new(StringViewArray::from(vec!["Ann", "Bob", "Cid"]));
        let batch = RecordBatch::try_from_iter([("address", addresses), ("owner", owners)]).unwrap();
        session.add_batches("owners", batch.schema(), vec![batch]).unwrap();
        session
    }

    fn texts(stored: &Stored, name: &str) -> Vec<String> {
        let shown = |batch: &RecordBatch| {
            let column = batch.column_by_name(name).unwrap();
            let value = |row| crate::functions::testing::as_json(column, row).to_string();
            (0..batch.num_rows()).map(value).collect::<Vec<_>>()
        };
        let mut texts: Vec<String> = stored.batches.iter().take(1).flat_map(shown).collect();
        texts.sort();
        texts
    }

    #[test]
    fn a_log_is_joined_with_a_lookup() {
        let (stored, problems) = run(r#"
            [INGEST: vendor = a, product = b, target_dataset = c]
            alter src = arrayindex(split(_raw_log, " "), 0)
            | join type = inner (dataset = owners | filter owner != "Cid") as o o.address = src
            | alter who = lowercase(owner)
            | fields src, who;
        "#);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(texts(&stored[0], "who"), [r#""ann""#, r#""ann""#]);
        assert_eq!(counts(&stored[0]), [2, 1], "a log without a match is kept as it came");
        let (stored, _) = run(r#"
            [INGEST: vendor = a, product = b, target_dataset = c, no_hit = drop]
            alter src = arrayindex(split(_raw_log, " "), 0)
            | join (dataset = owners) as o o.address = src
            | fields owner;
        "#);
        assert_eq!(counts(&stored[0]), [4], "two owners give two rows");
    }

    #[test]
    fn an_unknown_lookup_is_named() {
        let (stored, problems) = run(r"
            [INGEST: vendor = a, product = b, target_dataset = c]
            alter x = 1 | join (dataset = nobody) as o o.address = x | fields x;
        ");
        assert!(problems.iter().any(|one| one.message.contains("nobody")), "{problems:?}");
        assert_eq!(counts(&stored[0]), [3, 0]);
    }

    #[test]
    fn a_log_becomes_a_row_for_each_element() {
        let (stored, problems) = run(r#"
            [INGEST: vendor = a, product = b, target_dataset = c]
            filter _raw_log contains "POST"
            | alter word = split(_raw_log, " ")
            | arrayexpand word limit 2
            | alter shout = uppercase(word)
            | fields shout;
        "#);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(texts(&stored[0], "shout"), [r#""10.0.0.7""#, r#""POST""#]);
    }

    #[test]
    fn places_without_a_database_are_null() {
        let (stored, problems) = run(r#"
            [INGEST: vendor = a, product = b, target_dataset = c]
            filter _raw_log contains "POST"
            | alter src = arrayindex(split(_raw_log, " "), 0)
            | iploc src loc_country as country
            | fields src, country;
        "#);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(texts(&stored[0], "country"), ["null"]);
    }

    fn run(rules: &str) -> (Vec<Stored>, Vec<Diagnostic>) {
        let logs = ["10.0.0.7 POST /v1/chat 200", "10.0.0.7 GET /healthz 200", "garbage"];
        let logs: ArrayRef = Arc::new(StringViewArray::from(logs.to_vec()));
        let batch = RecordBatch::try_from_iter([(RAW_LOG, logs)]).unwrap();
        let file = parse_rules(rules);
        assert!(file.diagnostics.is_empty(), "{:?}", file.diagnostics);
        let env = with_constants(&Env::default(), &file);
        let session = session();
        let (program, mut problems) =
            IngestProgram::compile(&file, |_| true, &batch.schema(), &env, &session).unwrap();
        let (stored, found) = program.run(&batch, &session).unwrap();
        problems.extend(found);
        (stored, problems)
    }

    fn counts(stored: &Stored) -> Vec<usize> {
        stored.batches.iter().map(RecordBatch::num_rows).collect()
    }

    #[test]
    fn the_example_of_the_reference() {
        let (stored, problems) = run(RULES);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(stored[0].dataset, "acme_gateway_raw");
        assert_eq!(counts(&stored[0]), [1, 1]);
        let first = &stored[0].batches[0];
        assert_eq!(first.column_by_name("src").unwrap().as_string_view().value(0), "10.0.0.7");
        assert_eq!(first.column_by_name("code").unwrap().as_primitive::<Int64Type>().value(0), 200);
        assert!(first.column_by_name("m").is_none());
        let other = &stored[0].batches[1];
        assert_eq!(other.column_by_name(RAW_LOG).unwrap().as_string_view().value(0), "garbage");
        assert_eq!(other.num_columns(), 1);
    }

    #[test]
    fn a_time_is_stored_as_a_time_whatever_it_was_made_of() {
        let section = "[INGEST: vendor = a, product = b, target_dataset = c, no_hit = drop] filter _raw_log contains \"POST\" | alter _time = ";
        let time = |value: &str| {
            let (stored, problems) = run(&format!("{section}{value};"));
            assert!(problems.is_empty(), "{problems:?}");
            let column = stored[0].batches[0].column_by_name("_time").unwrap().clone();
            crate::functions::testing::as_json(&column, 0)
        };
        let noon = serde_json::json!("2026-03-02T12:00:00Z");
        for value in [
            "\"2026-03-02T12:00:00.0000000Z\"",
            "\"2026-03-02T14:00:00+02:00\"",
            "1772452800",
            "1772452800000",
            "parse_timestamp(\"%Y\", \"2026\")",
        ] {
            let expected =
                if value.contains('%') { serde_json::json!("2026-01-01T00:00:00Z") } else { noon.clone() };
            assert_eq!(time(value), expected, "{value}");
        }
        assert_eq!(time("\"yesterday\""), serde_json::Value::Null);
    }

    #[test]
    fn rules_know_what_time_it_is() {
        let rules = "[INGEST: vendor = a, product = b, target_dataset = c, no_hit = drop] filter _raw_log contains \"POST\" | alter _time = current_time(), year = format_timestamp(\"%Y\", current_time());";
        let (stored, problems) = run(rules);
        assert!(problems.is_empty(), "{problems:?}");
        let column = |name: &str| {
            crate::functions::testing::as_json(stored[0].batches[0].column_by_name(name).unwrap(), 0)
        };
        let time: jiff::Timestamp = column("_time").as_str().unwrap().parse().unwrap();
        assert!(jiff::Timestamp::now().duration_since(time).as_secs() < 60);
        assert!(column("year").as_str().is_some_and(|year| year >= "2026"));
    }

    #[test]
    fn no_hit_drop_discards_and_two_statements_store_twice() {
        let (stored, _) = run(&RULES.replace("no_hit = keep", "no_hit = drop"));
        assert_eq!(counts(&stored[0]), [1]);
        let twice = "[INGEST: vendor = a, product = b, target_dataset = c] filter _raw_log contains \"10.\"; alter x = 1;";
        let (stored, _) = run(twice);
        assert_eq!(counts(&stored[0]), [2, 3, 0]);
    }

    #[test]
    fn drop_keeps_what_is_unknown() {
        let rules = "[INGEST: vendor = a, product = b, target_dataset = c] alter y = to_integer(_raw_log) | drop y = 1;";
        assert_eq!(counts(&run(rules).0[0]), [3, 0]);
    }

    #[test]
    fn the_default_dataset_is_named_after_vendor_and_product() {
        let (stored, _) = run("[INGEST: vendor = \"Acme Corp\", product = gw] alter x = 1;");
        assert_eq!(stored[0].dataset, "acme_corp_gw_raw");
    }
}
