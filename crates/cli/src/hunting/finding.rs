//! From result rows to findings: one finding is one hunt and one tuple of entities.

use std::collections::HashMap;

use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use atalanta_schema::Atlas;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::pack::About;
use crate::output::cell::{Cell, Fields};
use atalanta_schema::Level;

/// Most evidence rows of a finding.
pub const EVIDENCE: usize = 10;

/// Hidden columns with the place of the raw record.
pub const PATH: &str = "_path";
/// See [`PATH`].
pub const LINE: &str = "_line";

/// Whether a column is there for the program and not for people.
pub fn is_hidden(name: &str) -> bool {
    let is_place =
        |prefix| name.strip_prefix(prefix).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    is_place(PATH) || is_place(LINE) || name.starts_with("__")
}

/// Something that a hunt found about somebody or something.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Stable: the same hunt, entities and first time give the same id.
    pub id: String,
    /// Id of the hunt.
    pub hunt: String,
    /// Title of the hunt.
    pub title: String,
    /// How bad.
    pub severity: Level,
    /// How sure.
    pub confidence: Level,
    /// ATLAS techniques.
    pub techniques: Vec<Technique>,
    /// ATLAS tactics in matrix order.
    pub tactics: Vec<Named>,
    /// First moment, microseconds since 1970.
    #[serde(serialize_with = "moment", skip_serializing_if = "Option::is_none")]
    pub first: Option<i64>,
    /// Last moment.
    #[serde(serialize_with = "moment", skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
    /// Who or what.
    pub entities: Vec<Entity>,
    /// How many events it rests on.
    pub events: u64,
    /// The computed values of an aggregating hunt; empty for the others, whose rows are the evidence.
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub values: Fields,
    /// Rows with the place of their raw records, at most [`EVIDENCE`].
    pub evidence: Vec<Evidence>,
}

/// A technique by id and full name, with its tactics.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Technique {
    /// Id.
    pub id: String,
    /// Full name.
    pub name: String,
    /// Tactics.
    pub tactics: Vec<Named>,
}

/// An id with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A column that says who or what the finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// The column.
    pub name: String,
    /// Its value; none when the events do not carry it.
    pub value: Option<String>,
}

/// One event behind a finding.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    /// File of the raw record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Line on which it begins, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The raw records of the other sides of a join.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<Place>,
    /// When, microseconds since 1970.
    #[serde(serialize_with = "moment", skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
    /// The columns that the hunt shows.
    pub columns: Fields,
}

/// Where a raw record stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// File.
    pub path: String,
    /// Line on which it begins, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Place {
    /// The place in the columns with this ending: none, `2`, `3`, ….
    fn of(batch: &RecordBatch, row: usize, ending: &str) -> Option<Self> {
        let cell = |name: &str| Some(Cell::of(batch.column(column(batch, name)?).as_ref(), row));
        let path = cell(&format!("{PATH}{ending}")).filter(|path| !path.is_null())?.text();
        let line = match cell(&format!("{LINE}{ending}")) {
            Some(Cell::Int(line)) => u64::try_from(line).ok(),
            _ => None,
        };
        Some(Self { path, line })
    }

    /// `path:line`
    pub fn text(&self) -> String {
        self.line.map_or_else(|| self.path.clone(), |line| format!("{}:{line}", self.path))
    }
}

impl Evidence {
    /// All raw records of the row, that of the outermost side first.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let own = self.path.as_ref().map(|path| Place { path: path.clone(), line: self.line });
        own.into_iter().chain(self.joined.iter().cloned())
    }
}

/// The raw records of the other sides of joins.
pub fn joined(batch: &RecordBatch, row: usize) -> Vec<Place> {
    let endings = (2..).map(|number: u32| number.to_string());
    let sides = endings.take_while(|ending| column(batch, &format!("{PATH}{ending}")).is_some());
    sides.filter_map(|ending| Place::of(batch, row, &ending)).collect()
}

/// The events behind a row of an aggregating hunt.
#[derive(Clone, Debug, Default)]
pub struct Behind {
    /// How many.
    pub total: u64,
    /// The first moment.
    pub first: Option<i64>,
    /// The last moment.
    pub last: Option<i64>,
    /// Some of them.
    pub rows: Vec<Evidence>,
}

/// A finding without rows: what the hunt says of itself.
fn blank(about: &About) -> Finding {
    let atlas = Atlas::builtin();
    let named = |tactic: &atalanta_schema::Tactic| Named { id: tactic.id.clone(), name: tactic.name.clone() };
    let mut techniques = Vec::new();
    for id in &about.atlas {
        // A pack may name an id of an older release.
        for current in atlas.resolve(id).current_ids() {
            let Some(technique) = atlas.technique(current) else { continue };
            techniques.push(Technique {
                id: technique.id.clone(),
                name: technique.full_name.clone(),
                tactics: atlas.tactics_of(&technique.id).into_iter().map(named).collect(),
            });
        }
    }
    let hit = |id: &str| techniques.iter().any(|t| t.tactics.iter().any(|tactic| tactic.id == id));
    let tactics = atlas.tactics().iter().filter(|tactic| hit(&tactic.id)).map(named).collect();
    Finding {
        id: String::new(),
        hunt: about.id.clone(),
        title: about.title.clone(),
        severity: about.severity,
        confidence: about.confidence,
        techniques,
        tactics,
        first: None,
        last: None,
        entities: Vec::new(),
        events: 0,
        values: Fields::default(),
        evidence: Vec::new(),
    }
}

/// Findings of a hunt whose result rows are events: the rows of one tuple of entities are one finding.
pub fn from_events(about: &About, batches: &[RecordBatch]) -> Vec<Finding> {
    let mut order: Vec<Finding> = Vec::new();
    let mut by_entities: HashMap<Vec<Option<String>>, usize> = HashMap::new();
    for batch in batches {
        let columns = entity_columns(about, batch);
        for row in 0..batch.num_rows() {
            let entities = entities(batch, &columns, row);
            let key: Vec<Option<String>> = entities.iter().map(|entity| entity.value.clone()).collect();
            let at = *by_entities.entry(key).or_insert_with(|| {
                order.push(Finding { entities, ..blank(about) });
                order.len() - 1
            });
            add_event(&mut order[at], batch, row);
        }
    }
    finish(&mut order);
    order
}

/// Findings of a hunt that aggregates: each result row is one finding, explained by the events behind it.
pub fn from_groups(
    about: &About,
    keys: &[String],
    batches: &[RecordBatch],
    mut behind: impl FnMut(&RecordBatch, usize) -> Behind,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for batch in batches {
        let mut columns = entity_columns(about, batch);
        if columns.is_empty() {
            columns = keys.iter().filter_map(|key| column(batch, key)).collect();
        }
        for row in 0..batch.num_rows() {
            let behind = behind(batch, row);
            let (from, to) = times(batch, row);
            findings.push(Finding {
                entities: entities(batch, &columns, row),
                events: behind.total.max(1),
                first: behind.first.or(from),
                last: behind.last.or(to),
                values: shown(batch, row),
                evidence: behind.rows,
                ..blank(about)
            });
        }
    }
    finish(&mut findings);
    findings
}

/// Gives every finding its id.
fn finish(findings: &mut [Finding]) {
    for finding in findings {
        finding.id = id(finding);
    }
}

fn id(finding: &Finding) -> String {
    let mut hash = Sha256::new();
    // Lengths keep `ab` + `c` apart from `a` + `bc`.
    let mut feed = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    feed(&finding.hunt);
    for entity in &finding.entities {
        feed(&entity.name);
        feed(entity.value.as_deref().unwrap_or("\u{0}"));
    }
    feed(&finding.first.map_or_else(String::new, |first| first.to_string()));
    let digest = hash.finalize();
    let head = digest.iter().take(8).fold(0u64, |head, byte| head << 8 | u64::from(*byte));
    format!("{head:016x}")
}

/// Positions of the entity columns that the result has, in the order of the hunt.
fn entity_columns(about: &About, batch: &RecordBatch) -> Vec<usize> {
    about.entities.iter().filter_map(|name| column(batch, name)).collect()
}

fn column(batch: &RecordBatch, name: &str) -> Option<usize> {
    batch.schema_ref().fields().iter().position(|field| field.name().eq_ignore_ascii_case(name))
}

fn entities(batch: &RecordBatch, columns: &[usize], row: usize) -> Vec<Entity> {
    let entity = |at: &usize| {
        let cell = Cell::of(batch.column(*at).as_ref(), row);
        Entity { name: batch.schema_ref().field(*at).name().clone(), value: entity_text(&cell) }
    };
    columns.iter().map(entity).collect()
}

/// A list of one is that one; others are joined.
fn entity_text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::List(items) => Some(items.iter().map(Cell::text).collect::<Vec<_>>().join(", ")),
        other => Some(other.text()),
    }
}

fn add_event(finding: &mut Finding, batch: &RecordBatch, row: usize) {
    finding.events += 1;
    let (first, last) = times(batch, row);
    finding.first = earliest(finding.first, first);
    finding.last = finding.last.max(last);
    if finding.evidence.len() < EVIDENCE {
        let place = Place::of(batch, row, "");
        finding.evidence.push(Evidence {
            line: place.as_ref().and_then(|place| place.line),
            path: place.map(|place| place.path),
            joined: joined(batch, row),
            time: first,
            columns: shown(batch, row),
        });
    }
}

fn earliest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The span that a row tells by itself: `_time`, or else the earliest and latest of its time columns.
fn times(batch: &RecordBatch, row: usize) -> (Option<i64>, Option<i64>) {
    let at = |array: &dyn Array| match Cell::of(array, row) {
        Cell::Time(micros) => Some(micros),
        _ => None,
    };
    if let Some(time) = column(batch, "_time").and_then(|index| at(batch.column(index).as_ref())) {
        return (Some(time), Some(time));
    }
    let all = || batch.columns().iter().filter_map(|array| at(array.as_ref()));
    (all().min(), all().max())
}

/// The columns of a row without the hidden ones and without nulls.
pub fn shown(batch: &RecordBatch, row: usize) -> Fields {
    let mut fields = Fields::of(batch, row);
    fields.0.retain(|(name, _)| !is_hidden(name));
    fields
}

#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn moment<S: Serializer>(micros: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match micros {
        Some(micros) => serializer.serialize_str(&crate::time::rfc3339(*micros)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
pub mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    pub fn about() -> About {
        serde_saphyr::from_str(
            "id: t1\ntitle: Odd <b>Prompts</b>\nseverity: high\nconfidence: medium\n\
             atlas: [AML.T0051.000, AML.T0058]\nentities: [user, host]\n",
        )
        .unwrap()
    }

    pub fn events() -> RecordBatch {
        let time =
            TimestampMicrosecondArray::from(vec![Some(3_000_000), Some(1_000_000), None, Some(2_000_000)]);
        let user = StringArray::from(vec![Some("ann"), Some("bob"), Some("ann"), None]);
        let text = StringArray::from(vec!["<script>", "b\u{1b}[2J", "c", "d"]);
        let path = StringArray::from(vec!["a.log", "a.log", "b.log", "b.log"]);
        let line = Int64Array::from(vec![7, 1, 2, 3]);
        let columns: [(&str, ArrayRef); 5] = [
            ("_time", Arc::new(time)),
            ("User", Arc::new(user)),
            ("text", Arc::new(text)),
            (PATH, Arc::new(path)),
            (LINE, Arc::new(line)),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
    }

    #[test]
    fn events_are_grouped_by_entities() {
        let findings = from_events(&about(), &[events(), events()]);
        let who: Vec<_> = findings.iter().map(|f| (f.entities[0].value.as_deref(), f.events)).collect();
        assert_eq!(who, [(Some("ann"), 4), (Some("bob"), 2), (None, 2)]);
        let ann = &findings[0];
        assert_eq!(ann.entities.len(), 1, "a column that the result lacks is no entity");
        assert_eq!((ann.first, ann.last), (Some(3_000_000), Some(3_000_000)));
        assert_eq!((ann.evidence[0].path.as_deref(), ann.evidence[0].line), (Some("a.log"), Some(7)));
        let names: Vec<&str> = ann.evidence[0].columns.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["_time", "User", "text"], "in the order of the columns, without the hidden ones");
        assert_eq!(ann.techniques[1].id, "AML.T0115.001", "a retired id counts for its replacement");
        assert!(ann.tactics.iter().any(|tactic| tactic.name == "Execution"));
    }

    #[test]
    fn evidence_is_bounded_and_events_are_counted() {
        let batches: Vec<RecordBatch> = (0..30).map(|_| events()).collect();
        let findings = from_events(&About { entities: Vec::new(), ..about() }, &batches);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].events, findings[0].evidence.len()), (120, EVIDENCE));
        assert_eq!((findings[0].first, findings[0].last), (Some(1_000_000), Some(3_000_000)));
    }

    #[test]
    fn ids_are_stable_and_distinct() {
        let ids = |batches: &[RecordBatch]| -> Vec<String> {
            from_events(&about(), batches).into_iter().map(|f| f.id).collect()
        };
        let once = ids(&[events()]);
        assert_eq!(once, ids(&[events(), events()]), "more of the same does not change the id");
        assert!(once[0] != once[1] && once[1] != once[2] && once[0].len() == 16);
    }

    #[test]
    fn groups_are_explained() {
        let count = Int64Array::from(vec![12, 40]);
        let user = StringArray::from(vec!["ann", "bob"]);
        let columns: [(&str, ArrayRef); 2] = [("who", Arc::new(user)), ("calls", Arc::new(count))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let behind = |_: &RecordBatch, row: usize| Behind {
            total: [12, 40][row],
            first: Some(5),
            last: Some(9),
            rows: vec![Evidence { path: Some("x".to_owned()), line: Some(1), ..Evidence::default() }],
        };
        let findings = from_groups(&about(), &["who".to_owned()], &[batch], behind);
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[1].entities, [Entity { name: "who".to_owned(), value: Some("bob".to_owned()) }]);
        assert_eq!((findings[1].events, findings[1].first), (40, Some(5)));
        assert_eq!(findings[1].values.0[1], ("calls".to_owned(), 40.into()));
    }
}
