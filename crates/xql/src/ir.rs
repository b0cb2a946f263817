//! The resolved query: names bound, dialect forms read, types known, the row type after every operation.
//!
//! [`crate::resolve`] makes it from the syntax tree; the logic analysis, the lints and the engine's planner
//! read it. Every node keeps the span of the text it came from.

use std::sync::Arc;

use atalanta_diag::Span;
use atalanta_schema::Type;

use crate::syntax::ast::{Duration, JoinKind, Strategy, TimeFrame};

/// A column of a row type.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name as it will be shown; look-up ignores case.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// The catalogue field whose values the column holds unchanged (after renames), or none when computed.
    pub field: Option<String>,
    /// Sticky system columns survive `fields`.
    pub system: bool,
    /// Null on every row: the data at hand never fill it.
    pub empty: bool,
}

/// What a row looks like between two stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The columns in order; the list is shared by the stages that keep the row type, each column by
    /// those that keep it, since a row has some hundred columns and a stage changes one or two.
    pub columns: Arc<Vec<Arc<Column>>>,
    /// Unknown further columns may exist (unknown dataset, stage that could not be read).
    pub open: bool,
}

impl Row {
    /// A row type of these columns.
    pub fn new(columns: impl IntoIterator<Item = Column>, open: bool) -> Self {
        Self { columns: Arc::new(columns.into_iter().map(Arc::new).collect()), open }
    }

    /// The column of this name, ignoring case.
    pub fn find(&self, name: &str) -> Option<&Column> {
        self.columns.iter().map(AsRef::as_ref).find(|column: &&Column| column.name.eq_ignore_ascii_case(name))
    }
}

/// A resolved query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Operations in order; the first is a source.
    pub operations: Vec<Operation>,
    /// `config case_sensitive`, false unless written.
    pub case_sensitive: bool,
    /// `config timeframe`, if written.
    pub timeframe: Option<TimeFrame>,
    /// `config max_runtime_minutes`, if written.
    pub max_runtime_minutes: Option<u64>,
    /// How the result is to be shown: the `view` stages in order.
    pub views: Vec<View>,
    /// Where the result goes, if the query ends in `target`.
    pub target: Option<Target>,
    /// How the result is turned, if the query ends in `transpose`.
    pub transpose: Option<Transpose>,
}

impl Plan {
    /// The row type of the result.
    pub fn row(&self) -> Row {
        self.operations.last().map(|operation| operation.row.clone()).unwrap_or_default()
    }

    /// The keys of the last grouping; none if the rows of the result are no groups.
    pub fn group_keys(&self) -> Option<Vec<String>> {
        self.operations.iter().rev().find_map(|operation| match &operation.kind {
            OperationKind::Aggregate { keys, .. } => {
                Some(keys.iter().map(|(name, _)| name.clone()).collect())
            }
            OperationKind::Top { column, by, .. } => {
                Some(std::iter::once(column).chain(by).cloned().collect())
            }
            _ => None,
        })
    }

    /// Limits the query to a range of time, unless its text sets one or neither end is given: texts as `config
    /// timeframe` has them, where no start is the beginning and no end is now.
    pub fn within(&mut self, since: Option<&str>, until: Option<&str>) {
        if self.timeframe.is_none() && (since.is_some() || until.is_some()) {
            let since = since.unwrap_or("begin").to_owned();
            let until = until.unwrap_or("now").to_owned();
            self.timeframe = Some(TimeFrame::Between(since, until));
        }
    }
}

/// A `view` stage: a hint for whoever shows the rows, never a change of them.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// A chart: its type and the parameters in order, as written.
    Graph {
        /// The type, lower case.
        kind: String,
        /// (parameter, value); lists of fields are joined by commas.
        parameters: Vec<(String, String)>,
    },
    /// Values of some fields that are to stand out.
    Highlight {
        /// The fields.
        fields: Vec<String>,
        /// The values.
        values: Vec<String>,
    },
    /// `column order = populated` (true) or `default`.
    ColumnOrder {
        /// Whether the columns with most values come first.
        populated: bool,
    },
}

/// Where a result is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Dataset name, lower case.
    pub name: String,
    /// A lookup: bounded in size, without system columns.
    pub lookup: bool,
    /// Whether rows are added to those that are there.
    pub append: bool,
    /// System columns that the query listed and that a lookup therefore keeps, lower case.
    pub listed: Vec<String>,
}

/// Rows to columns, at the very end of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transpose {
    /// How many rows become columns.
    pub rows: usize,
    /// Name of the column that holds the former column names.
    pub column_name: String,
    /// The column whose values name the new columns.
    pub header_field: Option<String>,
    /// Whether former columns without any value are kept.
    pub include_empty: bool,
}

/// One operation; a stage of the text may become several.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// What it does.
    pub kind: OperationKind,
    /// Index of the stage in the query, from 0.
    pub stage: usize,
    /// The stage's place.
    pub span: Span,
    /// The row type after it.
    pub row: Row,
}

/// The operations that the engine plans.
#[derive(Clone, Debug, PartialEq)]
pub enum OperationKind {
    /// Rows of datasets, appended to each other. Names are lower case; `*` patterns are kept.
    Source {
        /// Datasets or presets.
        datasets: Vec<String>,
    },
    /// Rows for which the condition is true.
    Filter(Expr),
    /// New or replaced columns; the expressions see the incoming row.
    Assign(Vec<(String, Expr)>),
    /// The columns that remain: (incoming name, new name). System columns are listed too.
    Project(Vec<(String, String)>),
    /// Groups and aggregates.
    Aggregate {
        /// Key columns; a key that does not exist is null.
        keys: Vec<(String, Expr)>,
        /// (new column, aggregate).
        aggregates: Vec<(String, AggregateCall)>,
    },
    /// New columns over windows.
    Window(Vec<(String, WindowCall)>),
    /// Order by columns: (expression, descending). Nulls first when ascending, last when descending.
    Sort(Vec<(Expr, bool)>),
    /// The first so many rows.
    Limit(u64),
    /// One row per combination of the keys, the first in the given order.
    Dedup {
        /// The keys.
        keys: Vec<String>,
        /// (column, descending)
        by: Option<(String, bool)>,
        /// What decides between rows that are equal in it.
        then: Vec<(String, bool)>,
    },
    /// Replaces a column by the start of its bucket.
    Bin {
        /// The column.
        column: String,
        /// The bucket.
        bucket: Bucket,
    },
    /// Joins the rows of another plan.
    Join {
        /// Inner when not written.
        kind: JoinKind,
        /// Right when not written.
        strategy: Strategy,
        /// The right side.
        right: Box<Plan>,
        /// Name of the right side.
        alias: String,
        /// The condition; columns of the right side are [`ExprKind::RightColumn`].
        condition: Expr,
        /// Output columns: (new name, from the right side, name there); see conflict strategies.
        output: Vec<JoinColumn>,
    },
    /// Appends the rows of another plan by column name.
    Union(Box<Plan>),
    /// One row per element of an array column.
    ArrayExpand {
        /// The column.
        column: String,
        /// At most so many elements of each row.
        limit: Option<u64>,
    },
    /// The most frequent values of a column.
    Top {
        /// How many.
        count: u64,
        /// The column.
        column: String,
        /// Groups.
        by: Vec<String>,
        /// Name of the count column, if shown.
        count_as: Option<String>,
        /// Name of the percent column, if shown.
        percent_as: Option<String>,
    },
    /// Rows that contain one of the texts; the first operation of its plan.
    Search {
        /// Texts, any of which may occur in any column.
        texts: Vec<String>,
        /// Names or patterns of datasets; all when empty.
        datasets: Vec<String>,
        /// Several datasets: rows become `_time, _vendor, _product, _dataset, raw_data`.
        merged: bool,
        /// Which datasets and columns are read; all when none.
        mode: Option<SearchMode>,
    },
    /// Columns about the place of an address.
    IpLoc {
        /// The address column.
        column: String,
        /// (what, name of the new column)
        outputs: Vec<(Location, String)>,
    },
    /// An array of the roles of a user or host.
    GetRole {
        /// The user or host column.
        column: String,
        /// Name of the new column.
        name: String,
    },
    /// Events of equal keys become one row.
    Transaction(Transaction),
    /// A stage without effect on the rows (`view`).
    Keep,
    /// A stage that this version does not execute; the text is the stage's word.
    Unsupported(String),
}

/// The narrower modes of `search`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchMode {
    /// Datasets outside of the catalogue.
    Raw,
    /// Catalogued datasets, text columns only.
    Normalized,
}

/// What `iploc` knows of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Location {
    AsnOrg,
    Asn,
    City,
    Continent,
    Country,
    LatLon,
    Region,
    TimeZone,
}

impl Location {
    /// All, in the order in which `iploc` adds them.
    pub const ALL: [Self; 8] = [
        Self::AsnOrg,
        Self::Asn,
        Self::City,
        Self::Continent,
        Self::Country,
        Self::LatLon,
        Self::Region,
        Self::TimeZone,
    ];

    /// The column's name in XQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AsnOrg => "loc_asn_org",
            Self::Asn => "loc_asn",
            Self::City => "loc_city",
            Self::Continent => "loc_continent",
            Self::Country => "loc_country",
            Self::LatLon => "loc_latlon",
            Self::Region => "loc_region",
            Self::TimeZone => "loc_timezone",
        }
    }

    /// The type of its values.
    #[must_use]
    pub fn ty(self) -> Type {
        if self == Self::Asn { Type::Int } else { Type::String }
    }
}

/// How events become transactions.
#[derive(Clone, Debug, PartialEq)]
pub struct Transaction {
    /// The key columns.
    pub keys: Vec<String>,
    /// The columns that become arrays of texts.
    pub columns: Vec<String>,
    /// Events of one bucket of time belong together.
    pub span: Option<Bucket>,
    /// An event that opens a transaction.
    pub starts: Option<Mark>,
    /// An event that closes it.
    pub ends: Option<Mark>,
    /// Whether transactions without an end are kept.
    pub allow_unclosed: bool,
    /// Most events of one.
    pub max_events: u64,
}

/// The test for the first or last event of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// Some column contains the text.
    Text(String),
    /// The condition holds.
    Condition(Expr),
}

/// One output column of a join.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinColumn {
    /// Name in the result.
    pub name: String,
    /// Whether the value comes from the right side.
    pub from_right: bool,
    /// Name on that side.
    pub source: String,
    /// For columns equated by the condition: the column of the other side that fills nulls.
    pub fallback: Option<String>,
}

/// A bucket of `bin`.
#[derive(Clone, Debug, PartialEq)]
pub enum Bucket {
    /// Of time, aligned to the calendar in the zone, or to `shift` seconds after the epoch.
    Time {
        /// Size.
        size: Duration,
        /// Alignment.
        shift: Option<i64>,
        /// Time zone, UTC when none.
        zone: Option<String>,
    },
    /// Of numbers, of this width.
    Width(f64),
}

/// An aggregate call.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateCall {
    /// Canonical name.
    pub function: String,
    /// The aggregated expression; none for `count()`.
    pub argument: Option<Expr>,
    /// Further literal arguments.
    pub parameters: Vec<Expr>,
    /// Result type.
    pub ty: Type,
    /// Where.
    pub span: Span,
}

/// A window call.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowCall {
    /// The function.
    pub call: AggregateCall,
    /// Partition columns.
    pub by: Vec<String>,
    /// Order: (column, descending).
    pub sort: Vec<(String, bool)>,
    /// Frame: (start, end, range); `None` bounds are unbounded.
    pub frame: Option<(Option<i64>, Option<i64>, bool)>,
}

/// A resolved expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Where.
    pub span: Span,
}

/// Kinds of resolved expressions. Conditions follow the three-valued logic of `XQL.md` section 1.6.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// Null; also what a removed or unknown field reads as.
    Null,
    /// Boolean literal.
    Bool(bool),
    /// Integer literal.
    Int(i64),
    /// Float literal.
    Float(f64),
    /// String literal, or the name of an enum constant.
    String(String),
    /// A column of the incoming row.
    Column(String),
    /// A column of the right side of a join.
    RightColumn(String),
    /// `@element` inside an array function.
    Element,
    /// A scalar function by canonical name.
    Call {
        /// Lower-case canonical name.
        function: String,
        /// Arguments.
        arguments: Vec<Expr>,
    },
    /// All of.
    And(Vec<Expr>),
    /// Any of.
    Or(Vec<Expr>),
    /// Negation: unknown stays unknown.
    Not(Box<Expr>),
    /// `x = null`
    IsNull(Box<Expr>),
    /// Comparison of two values that is not one of the string tests below. `!=` with null on the left is true.
    Compare {
        /// The operator.
        operator: Comparison,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// A string test against a literal; on an array column true if some element passes.
    Matches {
        /// The tested text.
        value: Box<Expr>,
        /// The test.
        pattern: Pattern,
        /// Whether letter case is ignored (regexes carry their own flag).
        fold: bool,
    },
    /// Membership in a list of literals or expressions (`null` in the list treats null as a value).
    In {
        /// Left.
        value: Box<Expr>,
        /// The list; strings may hold `*`.
        list: Vec<Expr>,
        /// `not in`: null-safe, see [`ExprKind::Compare`].
        negated: bool,
        /// Whether letter case is ignored.
        fold: bool,
    },
    /// Membership in the single column of a sub-query.
    InQuery {
        /// Left.
        value: Box<Expr>,
        /// The sub-query.
        query: Box<Plan>,
        /// `not in`
        negated: bool,
    },
    /// Address inside one of several ranges (comma-separated CIDRs in a literal or a column).
    InCidr {
        /// The address text.
        value: Box<Expr>,
        /// The ranges.
        ranges: Box<Expr>,
        /// IPv6.
        v6: bool,
    },
    /// Infix arithmetic (compat mode).
    Arithmetic {
        /// `+ - * / %`
        operator: char,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
}

/// String tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The whole text equals.
    Equals(String),
    /// Contains, `*` literal.
    Contains(String),
    /// `*` matches any run of characters; anchored at both ends.
    Wildcard(String),
    /// RE2, unanchored search.
    Regex(String),
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Expr {
    /// The text of a literal.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// Direct sub-expressions; sub-plans are not entered.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Call { arguments, .. } | ExprKind::And(arguments) | ExprKind::Or(arguments) => {
                arguments.iter().collect()
            }
            ExprKind::Not(inner) | ExprKind::IsNull(inner) => vec![inner],
            ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
                vec![left, right]
            }
            ExprKind::Matches { value, .. } | ExprKind::InQuery { value, .. } => vec![value],
            ExprKind::In { value, list, .. } => std::iter::once(&**value).chain(list).collect(),
            ExprKind::InCidr { value, ranges, .. } => vec![value, ranges],
            _ => Vec::new(),
        }
    }

    /// As [`Self::children`], to be changed.
    pub fn children_mut(&mut self) -> Vec<&mut Self> {
        match &mut self.kind {
            ExprKind::Call { arguments, .. } | ExprKind::And(arguments) | ExprKind::Or(arguments) => {
                arguments.iter_mut().collect()
            }
            ExprKind::Not(inner) | ExprKind::IsNull(inner) => vec![inner],
            ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
                vec![left, right]
            }
            ExprKind::Matches { value, .. } | ExprKind::InQuery { value, .. } => vec![value],
            ExprKind::In { value, list, .. } => std::iter::once(&mut **value).chain(list).collect(),
            ExprKind::InCidr { value, ranges, .. } => vec![value, ranges],
            _ => Vec::new(),
        }
    }

    /// Calls `visit` for this expression and all below it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}
