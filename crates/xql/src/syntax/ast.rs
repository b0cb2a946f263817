//! The syntax tree of a query. Every node carries its span; what could not be read is `Missing` or
//! `Error`, so that the rest is still analysed.
//!
//! The tree keeps the author's spelling (aliases, dialect forms, parentheses); meaning is given to it by
//! [`crate::resolve`].

use atalanta_diag::Span;

/// A name with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name as written, without backticks.
    pub text: String,
    /// Where.
    pub span: Span,
}

impl Name {
    /// Case-insensitive comparison with a lower-case word.
    pub fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// The name folded for look-up.
    pub fn folded(&self) -> String {
        self.text.to_lowercase()
    }
}

/// A whole query or sub-query: a pipeline of stages, the first ones may be `config` and a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The stages in order.
    pub stages: Vec<Stage>,
    /// Where.
    pub span: Span,
}

/// One stage between two pipes.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// What it does.
    pub kind: StageKind,
    /// The whole stage, from its keyword to the end of its last token, without the pipe.
    pub span: Span,
    /// The stage word.
    pub keyword: Span,
}

/// The stages of XQL.
#[derive(Clone, Debug, PartialEq)]
pub enum StageKind {
    /// `config timeframe = 7d`
    Config(Vec<Setting>),
    /// `dataset = x`, `preset = x`, `datamodel dataset in (…)`
    Source(Source),
    /// `search "text" dataset = x`
    Search(Search),
    /// `call "saved query" p = 1`
    Call(Call),
    /// `filter cond`
    Filter(Expr),
    /// `drop cond`, in parsing rules
    Drop(Expr),
    /// `alter a = …` and the dialect's `eval`
    Alter(Vec<Assign>),
    /// `fields a, b as c`
    Fields(Fields),
    /// `comp count() as n by k`
    Comp(Comp),
    /// `windowcomp avg(n) by k as m`
    Window(Vec<WindowItem>),
    /// `sort desc a`
    Sort(Vec<SortKey>),
    /// `limit 10`
    Limit(Option<(u64, Span)>),
    /// `dedup a by desc b`
    Dedup(Dedup),
    /// `bin _time span = 1h`
    Bin(Bin),
    /// `join type = left (…) as r r.a = a`
    Join(Box<Join>),
    /// `union x` or `union (…)`
    Union(Box<Union>),
    /// `arrayexpand tags limit 3`
    ArrayExpand {
        /// The array column.
        field: Name,
        /// At most so many elements of each row.
        limit: Option<u64>,
    },
    /// `replacenull a = "x"`
    ReplaceNull {
        /// The column.
        field: Name,
        /// What nulls become.
        value: Expr,
    },
    /// `top 3 tool by user`
    Top(Top),
    /// `iploc ip loc_country as c suffix = _src`
    IpLoc(IpLoc),
    /// `getrole user as roles`
    GetRole {
        /// The user or host column.
        field: Name,
        /// Name of the new column.
        alias: Option<Name>,
    },
    /// `transaction a, b span = 1h`
    Transaction(Transaction),
    /// `pivot sum(x) for f in ("a") by k`
    Pivot(Pivot),
    /// `transpose 5`
    Transpose(Vec<Option_>),
    /// `tag add "x"`
    Tag(Vec<Expr>),
    /// `target type = dataset x`
    Target(Target),
    /// `view graph type = column xaxis = a`; presentation only
    View(View),
    /// A stage that could not be read; later stages see an unknown row type.
    Error,
}

/// A word = value option of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Option_ {
    /// The option's name; empty for a positional value.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// A setting of the `config` stage.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// `case_sensitive = true`
    CaseSensitive(bool, Span),
    /// `timeframe = 7d` or `timeframe between "a" and "b"`
    TimeFrame(TimeFrame, Span),
    /// `max_runtime_minutes = 5`
    MaxRuntime(u64, Span),
    /// A setting that XQL does not have.
    Unknown(Name),
}

/// A time range as written.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeFrame {
    /// The last so long.
    Last(Duration),
    /// Two ends: `now`, `begin`, a relative `[+-]<n><unit>` or a date.
    Between(String, String),
}

/// A length of time such as `10m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration {
    /// How many units.
    pub amount: u64,
    /// The unit.
    pub unit: Unit,
    /// Where.
    pub span: Span,
}

/// Units of time; months and years follow the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Which kind of source.
    pub kind: SourceKind,
    /// The datasets; a name may end in `*` or be `*`. Empty for a bare `datamodel`.
    pub names: Vec<Name>,
}

/// The spellings of the source stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the keywords")]
pub enum SourceKind {
    Dataset,
    ColdDataset,
    Preset,
    DataModel,
}

/// The `search` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Texts, OR-ed.
    pub texts: Vec<Expr>,
    /// `mode = raw|normalize|all`
    pub mode: Option<Name>,
    /// Datasets, all when empty.
    pub datasets: Vec<Name>,
}

/// A saved query or rule by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its name.
    pub name: Name,
    /// Parameters.
    pub parameters: Vec<Option_>,
}

/// `name = expression`
#[derive(Clone, Debug, PartialEq)]
pub struct Assign {
    /// The column that is made.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// The `fields` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    /// `fields - a, b` removes.
    pub exclude: bool,
    /// The items in order.
    pub items: Vec<FieldItem>,
}

/// One item of `fields`.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldItem {
    /// A field, or a pattern with `*` at the start or the end, or `fieldset.x`.
    pub pattern: Name,
    /// `as name`
    pub alias: Option<Name>,
    /// The whole item.
    pub span: Span,
}

/// The `comp` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Comp {
    /// The aggregates in order.
    pub aggregates: Vec<Aggregate>,
    /// The keys.
    pub by: Vec<Name>,
    /// Where the word `by` stands.
    pub by_span: Option<Span>,
    /// An `as name` after the keys: names the aggregate without an alias (runbook dialect and newest manual).
    pub trailing_alias: Option<(Name, Span)>,
    /// `addrawdata = true as x`
    pub raw_data: Option<Option<Name>>,
}

/// One aggregate call.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// The function.
    pub function: Name,
    /// Arguments: usually one field, then literals. `*` is a name.
    pub arguments: Vec<Expr>,
    /// `as name`
    pub alias: Option<Name>,
    /// From the function's name to the end of the alias.
    pub span: Span,
    /// From the function's name to the closing parenthesis.
    pub call_span: Span,
}

/// One item of `windowcomp`.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowItem {
    /// The function call, with its alias.
    pub call: Aggregate,
    /// Partition keys.
    pub by: Vec<Name>,
    /// Order.
    pub sort: Vec<SortKey>,
    /// `between a and b`
    pub frame: Option<Frame>,
}

/// A window frame; `None` is unbounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// First bound.
    pub start: Option<i64>,
    /// Second bound.
    pub end: Option<i64>,
    /// `frame_type = range`
    pub range: bool,
}

/// A sort key.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// The column.
    pub field: Name,
    /// Direction; `None` when not written.
    pub descending: Option<bool>,
    /// Whether the direction stands after the field, as in runbooks.
    pub direction_after: bool,
    /// The whole key.
    pub span: Span,
}

/// The `dedup` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Dedup {
    /// One row per combination of these.
    pub fields: Vec<Name>,
    /// The row kept: smallest or largest of this column.
    pub by: Option<SortKey>,
    /// What decides between rows that are equal in it.
    pub then: Vec<SortKey>,
}

/// The `bin` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// The column that is replaced by the start of its bucket.
    pub field: Name,
    /// Bucket size.
    pub size: Option<BinSize>,
    /// `timeshift = epoch seconds`
    pub timeshift: Option<i64>,
    /// `timezone = "…"`
    pub timezone: Option<String>,
}

/// A bucket size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BinSize {
    /// `span = 1h`
    Span(Duration),
    /// `bins = 50` or a numeric `span`
    Width(f64),
}

/// The `join` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// `type = left`; inner when not written.
    pub kind: Option<(JoinKind, Span)>,
    /// `conflict_strategy = both`; right when not written.
    pub strategy: Option<(Strategy, Span)>,
    /// The right side.
    pub right: JoinSide,
    /// `as name`
    pub alias: Option<Name>,
    /// The condition; in the dialect form after the word `on`.
    pub condition: Option<Expr>,
    /// Where the dialect's `on` stands.
    pub on: Option<Span>,
}

/// Right side of a join or union.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinSide {
    /// A query in parentheses.
    Query(Query),
    /// A bare dataset name (dialect in `join`, standard in `union`).
    Dataset(Name),
    /// Nothing readable.
    Missing(Span),
}

/// Join types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the keywords")]
pub enum JoinKind {
    Inner,
    Left,
    Right,
}

/// What happens to columns of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the keywords")]
pub enum Strategy {
    Both,
    Left,
    Right,
}

/// The `union` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// What is appended.
    pub right: JoinSide,
}

/// The `top` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Top {
    /// How many; ten when not written.
    pub count: Option<u64>,
    /// The field.
    pub field: Name,
    /// Groups.
    pub by: Vec<Name>,
    /// `top_count as x`
    pub count_alias: Option<Name>,
    /// `top_percent as x`
    pub percent_alias: Option<Name>,
}

/// The `iploc` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct IpLoc {
    /// The address column.
    pub field: Name,
    /// `loc_country as c`; all when empty.
    pub columns: Vec<FieldItem>,
    /// `suffix = _src`
    pub suffix: Option<Name>,
}

/// The `transaction` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Transaction {
    /// Key fields.
    pub fields: Vec<Name>,
    /// `span = 1h`
    pub span: Option<Duration>,
    /// Further options with their values.
    pub options: Vec<Option_>,
}

/// The `pivot` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Pivot {
    /// The aggregates.
    pub aggregates: Vec<Aggregate>,
    /// The field whose values become columns.
    pub field: Name,
    /// The values.
    pub values: Vec<Expr>,
    /// Groups.
    pub by: Vec<Name>,
}

/// The `target` stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// `type = lookup`
    pub lookup: bool,
    /// `append = true`
    pub append: bool,
    /// The dataset that is written.
    pub name: Name,
}

/// The `view` stage.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// `graph type = column xaxis = a yaxis = b`
    Graph {
        /// The type.
        kind: Name,
        /// Further parameters: (name, values).
        parameters: Vec<(Name, Vec<Expr>)>,
    },
    /// `highlight fields = a, b values = "x", "y"`
    Highlight {
        /// The fields.
        fields: Vec<Name>,
        /// The values.
        values: Vec<Expr>,
    },
    /// `column order = populated`
    ColumnOrder(Name),
}

/// An expression; conditions are expressions too.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A literal.
    Literal(Literal),
    /// A field, `alias.field`, or a bare enum constant: decided by position.
    Name(String),
    /// `ENUM.X`, `XDM_CONST.X`, `ROLE.X`, `XDM_ALIAS.x`
    Constant {
        /// The part before the dot, upper case.
        prefix: String,
        /// The part after it.
        name: Name,
    },
    /// `$name`
    Parameter(String),
    /// `f(a, b)`
    Call {
        /// The function.
        function: Name,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// `a and b and c` or `a or b or c`, flat.
    Logic {
        /// True for `and`.
        and: bool,
        /// Two or more.
        operands: Vec<Expr>,
    },
    /// `not a`
    Not(Box<Expr>),
    /// A comparison-class or arithmetic operator.
    Binary {
        /// The operator.
        operator: Operator,
        /// `not contains` and the like (`!=` is an operator of its own).
        negated: bool,
        /// The operator's place, with its `not`.
        operator_span: Span,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `a in (x, y)`
    In {
        /// `not in`
        negated: bool,
        /// The operator's place, with its `not`.
        operator_span: Span,
        /// Left operand.
        left: Box<Expr>,
        /// The list.
        list: Vec<Expr>,
    },
    /// `a in (dataset = x | fields y)`
    InQuery {
        /// `not in`
        negated: bool,
        /// Left operand.
        left: Box<Expr>,
        /// The sub-query.
        query: Box<Query>,
    },
    /// `f -> a.b`, `f -> a{}`, `f -> a[]`
    Arrow {
        /// The JSON text.
        left: Box<Expr>,
        /// The path as JSONPath (`$.a.b`).
        path: String,
        /// What is taken.
        take: ArrowKind,
    },
    /// `f ->-> "$..x"`
    PathArrow {
        /// The JSON text.
        left: Box<Expr>,
        /// JSONPath.
        path: Box<Expr>,
    },
    /// `(a)`, kept for edits.
    Paren(Box<Expr>),
    /// What could not be read.
    Missing,
}

/// What an arrow takes out of JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrowKind {
    /// `json_extract_scalar`
    Scalar,
    /// `json_extract`
    Object,
    /// `json_extract_array`
    Array,
}

/// Literals.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// 64-bit integer.
    Int(i64),
    /// 64-bit float.
    Float(f64),
    /// Text after escapes. `triple` tells `"""…"""`.
    String {
        /// The value.
        value: String,
        /// Whether it was written with three quotes.
        triple: bool,
    },
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Contains,
    Regex,
    NotRegex,
    InCidr,
    InCidr6,
    /// SQL's `like`, dialect.
    Like,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

impl Expr {
    /// The expression inside any parentheses.
    pub fn unparen(&self) -> &Self {
        let mut expr = self;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }

    /// The text of a string literal.
    pub fn as_str(&self) -> Option<&str> {
        match &self.unparen().kind {
            ExprKind::Literal(Literal::String { value, .. }) => Some(value),
            _ => None,
        }
    }

    /// The name, if it is a bare name.
    pub fn as_name(&self) -> Option<&str> {
        match &self.unparen().kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Direct sub-expressions, left to right; sub-queries are not entered.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Literal(_)
            | ExprKind::Name(_)
            | ExprKind::Constant { .. }
            | ExprKind::Parameter(_)
            | ExprKind::Missing => Vec::new(),
            ExprKind::Call { arguments, .. } => arguments.iter().collect(),
            ExprKind::Logic { operands, .. } => operands.iter().collect(),
            ExprKind::Not(inner) | ExprKind::Paren(inner) => vec![inner],
            ExprKind::Binary { left, right, .. } => vec![left, right],
            ExprKind::In { left, list, .. } => std::iter::once(&**left).chain(list).collect(),
            ExprKind::InQuery { left, .. } | ExprKind::Arrow { left, .. } => vec![left],
            ExprKind::PathArrow { left, path } => vec![left, path],
        }
    }

    /// Calls `visit` for this expression and all below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}
