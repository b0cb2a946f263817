//! Logic with a state of its own between events: what a rule's `logic` may name beside `xql`.
//!
//! A kind is one entry of [`KINDS`]. It builds a [`Machine`] from a rule; the detector selects the rows that the machine
//! asks for with the shared matcher, hands them over, and keeps the machine's state in the control database in the
//! same transaction as the alerts and the position in the log, so that both survive the end of the process together.

use std::fmt::Debug;

use arrow::array::RecordBatch;

use crate::rule::Rule;

/// A kind of logic.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What `logic:` says.
    pub name: &'static str,
    /// Builds the machine of a rule from its `config:`; the error says what is wrong with it.
    pub build: Build,
}

/// Builds a machine.
pub type Build = fn(&Rule, &serde_json::Value) -> Result<Box<dyn Machine>, String>;

/// All kinds.
pub const KINDS: &[Kind] = &[crate::baseline::KIND, crate::sequence::KIND];

/// The state of one rule.
///
/// For the same rows in any order and batching within the allowed lateness the findings must be the same: a machine
/// that needs an order keeps rows until `advance` has passed their time.
pub trait Machine: Send + Debug {
    /// The rows that it wants: row-wise queries (`dataset = … | filter … | fields …`), each an input.
    fn inputs(&self) -> Vec<String>;

    /// Names of the columns of an input that are of use beside those that its conditions read; all if none.
    fn columns(&self, _input: usize) -> Option<Vec<String>> {
        None
    }

    /// Takes rows of an input, in the columns that its query gives. The inputs of one batch come in their order.
    fn feed(&mut self, input: usize, rows: &RecordBatch, found: &mut Vec<Finding>);

    /// Whether rows of the past are of use before the first row is fed.
    fn learns(&self) -> bool {
        false
    }

    /// Takes rows of the past of an input: they are learnt from, and nothing is told of them.
    fn learn(&mut self, _input: usize, _rows: &RecordBatch) {}

    /// Every row with a time before `watermark` (µs) has been fed, except for rows later than allowed.
    fn advance(&mut self, watermark: i64, found: &mut Vec<Finding>);

    /// What changed of the state since the last call, in parts with names; one without content is gone. A machine with
    /// a small state has one part.
    fn changed(&mut self) -> Vec<(String, Vec<u8>)>;

    /// Takes parts back that [`Machine::changed`] gave, each in its last form; the error says why that cannot be done,
    /// and the machine then begins anew.
    fn restore(&mut self, parts: Vec<(String, Vec<u8>)>) -> Result<(), String>;
}

/// What a machine found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finding {
    /// Time of what completed it, µs.
    pub time: i64,
    /// Who or what: names and values.
    pub entities: Vec<(String, Option<String>)>,
    /// What explains it, for people and placeholders: what was expected, from how much, what was seen.
    pub values: serde_json::Map<String, serde_json::Value>,
    /// Rows behind it, each with its time.
    pub evidence: Vec<(i64, serde_json::Map<String, serde_json::Value>)>,
    /// How many events are behind it; none if they are the evidence.
    pub events: Option<u64>,
}
