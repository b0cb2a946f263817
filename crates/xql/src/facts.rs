//! What the resolver noticed. Facts are not diagnostics: each lint turns the facts of its kind into a
//! diagnostic with its reason and its fix, so that code, wording and repair of one defect stand in one file.

use atalanta_diag::{Code, Severity, Span};
use atalanta_schema::Type;

/// One observation of the resolver.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What was seen.
    pub kind: FactKind,
    /// Where.
    pub span: Span,
    /// Index of the stage in its query.
    pub stage: usize,
}

/// Kinds of facts.
#[derive(Clone, Debug, PartialEq)]
pub enum FactKind {
    /// The dataset is not in the catalogue nor among the given inputs.
    UnknownDataset {
        /// As written.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// The field never existed in this pipeline.
    UnknownField {
        /// As written.
        name: String,
        /// The nearest name of the row.
        nearest: Option<String>,
        /// Cortex has such a field, this schema does not carry it.
        cortex: bool,
    },
    /// The field existed but an earlier stage removed it; it reads as null from there on.
    LostField {
        /// As written.
        name: String,
        /// Its type before it was removed.
        ty: Type,
        /// Index of the stage that removed it.
        removed_by: usize,
        /// Where that stage stands.
        removed_at: Span,
        /// What the field is used for.
        usage: Usage,
    },
    /// The field was reached by an alias.
    AliasField {
        /// As written.
        alias: String,
        /// The physical column.
        column: String,
        /// Whether Cortex knows the alias as a real field name.
        alias_is_cortex: bool,
    },
    /// The string or constant is not a value of the enum of the compared field.
    UnknownEnumValue {
        /// The field.
        field: String,
        /// As written.
        value: String,
        /// Values that exist, nearest first.
        known: Vec<String>,
    },
    /// The value is one of ours, but Cortex has no such constant in this enum.
    ForeignEnumValue {
        /// The field.
        field: String,
        /// As written.
        value: String,
        /// The constants that Cortex has.
        cortex: Vec<String>,
    },
    /// A string compared with an enum column.
    EnumAsString {
        /// The field.
        field: String,
        /// As written.
        value: String,
    },
    /// No such function.
    UnknownFunction {
        /// As written.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// A function known only to runbooks, with its XQL name.
    DialectFunction {
        /// As written.
        name: String,
        /// What XQL writes: `count_distinct`, `extract_time`.
        standard: String,
    },
    /// Wrong number of arguments.
    Arity {
        /// The function.
        function: String,
        /// What it takes, in words.
        expected: String,
        /// How many were given.
        given: usize,
    },
    /// An argument or operand of the wrong type.
    TypeMismatch {
        /// Where it is used: a function's argument or an operator.
        context: String,
        /// What is expected.
        expected: String,
        /// What was given.
        found: Type,
        /// No conversion exists: the query cannot run.
        fatal: bool,
    },
    /// A scalar function in `comp`, or an aggregate elsewhere.
    AggregateMisplaced {
        /// The function.
        function: String,
        /// Whether an aggregate was expected.
        expected_aggregate: bool,
    },
    /// A field defined in the same `alter`.
    SiblingField {
        /// The field.
        name: String,
    },
    /// A regex that does not compile.
    BadRegex {
        /// The reason.
        reason: String,
    },
    /// A literal that its function cannot read: a path, a format, a range, a unit.
    BadLiteral {
        /// The reason.
        reason: String,
    },
    /// A join without an alias or a condition in the standard form.
    JoinForm {
        /// Whether the alias is missing.
        no_alias: bool,
        /// Whether the condition is missing.
        no_condition: bool,
    },
    /// Two result columns of the same name.
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// A stage that parses but is not executed by this version.
    UnsupportedStage {
        /// The stage word.
        word: String,
    },
    /// A stage at a wrong place, with an option it does not have or beyond a limit of the language.
    Stage {
        /// A syntax code.
        code: Code,
        /// How bad it is.
        severity: Severity,
        /// What was found.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// A constant that the data model does not have.
    UnknownXdmConstant {
        /// As written, without the prefix.
        name: String,
        /// The nearest constant.
        nearest: Option<String>,
    },
    /// Infix arithmetic.
    InfixArithmetic {
        /// The function that XQL uses.
        function: &'static str,
    },
}

/// What a field is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Usage {
    /// Listed in `fields`.
    Shown,
    /// Sort key.
    Sorted,
    /// Aggregated, compared, computed with: the result depends on it.
    Computed,
    /// Group or join key.
    Key,
}
