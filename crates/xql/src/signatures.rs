//! Names, parameters and result types of all functions, as one flat table.
//!
//! The checker, completion and hover read it here, without Arrow; the implementations live in the engine, where a test
//! proves that both agree. A function that is not in this table does not exist.

use atalanta_schema::Type;

/// Where a function may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anywhere an expression is allowed.
    Scalar,
    /// In `comp` and `windowcomp`.
    Aggregate,
    /// In `windowcomp` only.
    Window,
    /// As `Scalar`; its last argument is evaluated for each element of an array.
    Lambda,
    /// In parsing rules only.
    Rule,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamType {
    /// Any value.
    Any,
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// A float; as a result type only, since parameters take either number.
    Float,
    /// An integer or a float.
    Number,
    /// An integer, a float, or text that holds one.
    Numeric,
    /// Text.
    String,
    /// JSON text or an object.
    Text,
    /// An object.
    Json,
    /// A timestamp.
    Timestamp,
    /// An array of anything.
    Array,
    /// An array of texts.
    StringArray,
}

/// How the type of a result follows from the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Always the same.
    Fixed(ParamType),
    /// The type of an argument, counted from 0.
    SameAs(usize),
    /// The element type of an array argument.
    ElementOf(usize),
    /// An array of an argument's type.
    ArrayOf(usize),
    /// The type all arguments have in common.
    Common,
    /// An array of the type all arguments have in common.
    ArrayOfCommon,
    /// The common type of the values of `if`: every second argument, and the last one if their number is odd.
    Branches,
    /// Float if an argument is a float, else int.
    Arithmetic,
    /// Int with one argument, float with two.
    Rounded,
}

/// A parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name, for hover texts.
    pub name: &'static str,
    /// What it takes.
    pub ty: ParamType,
    /// It may be left out.
    pub optional: bool,
}

/// A function as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Canonical name, lower case.
    pub name: &'static str,
    /// Where it may stand.
    pub kind: Kind,
    /// Parameters in order; optional ones last.
    pub params: &'static [Param],
    /// What further arguments must be, if there may be more.
    pub variadic: Option<ParamType>,
    /// How its result type follows.
    pub returns: Returns,
    /// What it does with nulls.
    pub null: &'static str,
    /// What it does.
    pub summary: &'static str,
}

/// A name from runbooks that stands for an XQL function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The name as found in runbooks, lower case.
    pub name: &'static str,
    /// The XQL function it stands for.
    pub standard: &'static str,
    /// A string argument to append, such as the part of `extract_time`.
    pub extra: Option<&'static str>,
}

impl ParamType {
    /// The type it names, `Any` where it stands for several.
    #[must_use]
    pub fn ty(self) -> Type {
        match self {
            Self::Any | Self::Number | Self::Numeric | Self::Text => Type::Any,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Float => Type::Float,
            Self::String => Type::String,
            Self::Json => Type::Json,
            Self::Timestamp => Type::Timestamp,
            Self::Array => Type::array(Type::Any),
            Self::StringArray => Type::array(Type::String),
        }
    }

    /// Whether a value of type `ty` may be passed. Null and unknown types always may.
    #[must_use]
    pub fn accepts(self, ty: &Type) -> bool {
        if matches!(ty, Type::Null | Type::Any) {
            return true;
        }
        match self {
            Self::Any => true,
            Self::Bool => *ty == Type::Bool,
            Self::Int => *ty == Type::Int,
            Self::Float | Self::Number => ty.is_numeric(),
            Self::Numeric => ty.is_numeric() || *ty == Type::String,
            Self::String => *ty == Type::String,
            Self::Text => matches!(ty, Type::String | Type::Json | Type::Array(_)),
            Self::Json => *ty == Type::Json,
            Self::Timestamp => *ty == Type::Timestamp,
            Self::Array => matches!(ty, Type::Array(_)),
            Self::StringArray => ty.element().is_some_and(|element| Self::String.accepts(element)),
        }
    }
}

impl Signature {
    /// What argument `index` must be; none if there are too many.
    #[must_use]
    pub fn param(&self, index: usize) -> Option<ParamType> {
        self.params.get(index).map(|param| param.ty).or(self.variadic)
    }

    /// The type of the result for arguments of these types.
    #[must_use]
    pub fn result(&self, arguments: &[Type]) -> Type {
        let argument = |index: usize| arguments.get(index).cloned().unwrap_or(Type::Any);
        match self.returns {
            Returns::Fixed(ty) => ty.ty(),
            Returns::SameAs(index) => argument(index),
            Returns::ElementOf(index) => argument(index).element().cloned().unwrap_or(Type::Any),
            Returns::ArrayOf(index) => Type::array(argument(index)),
            Returns::Common => common(arguments.iter()),
            Returns::ArrayOfCommon => Type::array(common(arguments.iter())),
            Returns::Branches => common(branches(arguments)),
            Returns::Arithmetic if arguments.contains(&Type::Float) => Type::Float,
            Returns::Arithmetic if arguments.contains(&Type::Any) => Type::Any,
            Returns::Arithmetic => Type::Int,
            Returns::Rounded if arguments.len() > 1 => Type::Float,
            Returns::Rounded => Type::Int,
        }
    }
}

fn common<'a>(types: impl Iterator<Item = &'a Type>) -> Type {
    types.fold(Type::Null, |sum, ty| Type::common(&sum, ty).unwrap_or(Type::Any))
}

/// The value arguments of `if(c1, v1, c2, v2, else)`.
fn branches(arguments: &[Type]) -> impl Iterator<Item = &Type> {
    let last = arguments.len().saturating_sub(1);
    let has_else = arguments.len() % 2 == 1;
    arguments.iter().enumerate().filter(move |(i, _)| i % 2 == 1 || has_else && *i == last).map(|(_, ty)| ty)
}

/// The function of this name, in any letter case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Signature> {
    let name = name.to_ascii_lowercase();
    FUNCTIONS.binary_search_by(|function| function.name.cmp(&name)).ok().map(|index| &FUNCTIONS[index])
}

/// The runbook spelling of this name, in any letter case.
#[must_use]
pub fn dialect(name: &str) -> Option<&'static Dialect> {
    DIALECT.iter().find(|dialect| dialect.name.eq_ignore_ascii_case(name))
}

/// The most similar function name, for a hint; none if nothing is similar.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let scored = FUNCTIONS.iter().map(|function| (strsim::jaro_winkler(&name, function.name), function.name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= SIMILAR).then_some(best.1)
}

/// The Jaro-Winkler similarity from which a name is worth suggesting.
const SIMILAR: f64 = 0.85;

const fn required(name: &'static str, ty: ParamType) -> Param {
    Param { name, ty, optional: false }
}

const fn optional(name: &'static str, ty: ParamType) -> Param {
    Param { name, ty, optional: true }
}

const fn spelled(name: &'static str, standard: &'static str, extra: Option<&'static str>) -> Dialect {
    Dialect { name, standard, extra }
}

/// Names from runbooks, sorted.
pub static DIALECT: &[Dialect] = &[
    spelled("array_contains", "array_any", None),
    spelled("day", "extract_time", Some("DAY")),
    spelled("dayofweek", "extract_time", Some("DAYOFWEEK")),
    spelled("distinct_count", "count_distinct", None),
    spelled("hour", "extract_time", Some("HOUR")),
    spelled("minute", "extract_time", Some("MINUTE")),
    spelled("month", "extract_time", Some("MONTH")),
    spelled("safe_ip_to_int", "ip_to_int", None),
    spelled("second", "extract_time", Some("SECOND")),
    spelled("strlen", "len", None),
    spelled("tostring", "to_string", None),
    spelled("year", "extract_time", Some("YEAR")),
];

/// Every function, sorted by name.
pub static FUNCTIONS: &[Signature] = &[
    Signature {
        name: "acos",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "angle in radians with cosine x",
    },
    Signature {
        name: "add",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Arithmetic,
        null: "null if an argument is null; overflow is an error",
        summary: "sum of two numbers; numeric text counts as a number",
    },
    Signature {
        name: "approx_count",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "never null; nulls are ignored",
        summary: "different values",
    },
    Signature {
        name: "approx_quantiles",
        kind: Kind::Aggregate,
        params: &[
            required("field", ParamType::Any),
            required("n", ParamType::Int),
            optional("distinct", ParamType::Bool),
        ],
        variadic: None,
        returns: Returns::ArrayOf(0),
        null: "nulls are ignored; null if the group has no value",
        summary: "n+1 values that split the sorted values into n equal parts",
    },
    Signature {
        name: "approx_top",
        kind: Kind::Aggregate,
        params: &[
            required("field", ParamType::Any),
            optional("n", ParamType::Int),
            optional("weight", ParamType::Number),
        ],
        variadic: None,
        returns: Returns::Fixed(ParamType::StringArray),
        null: "nulls are ignored; null if the group has no value",
        summary: "most frequent values with their counts, as JSON texts",
    },
    Signature {
        name: "array_all",
        kind: Kind::Lambda,
        params: &[required("array", ParamType::Array), required("condition", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null; false for an empty array",
        summary: "whether a condition on \"@element\" is true for all elements",
    },
    Signature {
        name: "array_any",
        kind: Kind::Lambda,
        params: &[required("array", ParamType::Array), required("condition", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null; false for an empty array",
        summary: "whether a condition on \"@element\", or equality with a value, is true for some element",
    },
    Signature {
        name: "array_length",
        kind: Kind::Scalar,
        params: &[required("array", ParamType::Array)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "number of elements",
    },
    Signature {
        name: "arrayconcat",
        kind: Kind::Scalar,
        params: &[required("first", ParamType::Array)],
        variadic: Some(ParamType::Array),
        returns: Returns::Common,
        null: "null if an argument is null",
        summary: "elements of several arrays in one",
    },
    Signature {
        name: "arraycreate",
        kind: Kind::Scalar,
        params: &[required("first", ParamType::Any)],
        variadic: Some(ParamType::Any),
        returns: Returns::ArrayOfCommon,
        null: "an empty array if all arguments are null",
        summary: "array of the arguments",
    },
    Signature {
        name: "arraydistinct",
        kind: Kind::Scalar,
        params: &[required("array", ParamType::Array)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "null if an argument is null",
        summary: "elements without repetition, first occurrences",
    },
    Signature {
        name: "arrayfilter",
        kind: Kind::Lambda,
        params: &[required("array", ParamType::Array), required("condition", ParamType::Bool)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "null if an argument is null",
        summary: "elements for which a condition on \"@element\" is true",
    },
    Signature {
        name: "arrayindex",
        kind: Kind::Scalar,
        params: &[required("array", ParamType::Array), required("index", ParamType::Int)],
        variadic: None,
        returns: Returns::ElementOf(0),
        null: "null if an argument is null, or out of range",
        summary: "element at an index from 0; negative counts from the end",
    },
    Signature {
        name: "arrayindexof",
        kind: Kind::Lambda,
        params: &[required("array", ParamType::Array), required("condition", ParamType::Bool)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if no element fits",
        summary: "index of the first element for which a condition on \"@element\" is true",
    },
    Signature {
        name: "arraymap",
        kind: Kind::Lambda,
        params: &[required("array", ParamType::Array), required("expression", ParamType::Any)],
        variadic: None,
        returns: Returns::ArrayOf(1),
        null: "null if an argument is null",
        summary: "value of an expression on \"@element\" for each element",
    },
    Signature {
        name: "arraymerge",
        kind: Kind::Scalar,
        params: &[required("array", ParamType::Array)],
        variadic: None,
        returns: Returns::Fixed(ParamType::StringArray),
        null: "null if an argument is null",
        summary: "elements of all inner JSON arrays in one array",
    },
    Signature {
        name: "arrayrange",
        kind: Kind::Scalar,
        params: &[
            required("array", ParamType::Array),
            required("start", ParamType::Int),
            required("end", ParamType::Int),
        ],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "null if an argument is null",
        summary: "elements from start to before end",
    },
    Signature {
        name: "arraystring",
        kind: Kind::Scalar,
        params: &[required("array", ParamType::Array), required("delimiter", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null; null elements are left out",
        summary: "elements joined by a delimiter",
    },
    Signature {
        name: "asin",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "angle in radians with sine x",
    },
    Signature {
        name: "avg",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "nulls are ignored; null if the group has no value",
        summary: "mean",
    },
    Signature {
        name: "bitwise_and",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Int), required("b", ParamType::Int)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "bits set in both integers",
    },
    Signature {
        name: "bitwise_or",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Int), required("b", ParamType::Int)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "bits set in at least one of two integers",
    },
    Signature {
        name: "bitwise_sleft",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Int), required("n", ParamType::Int)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null, or if n is negative",
        summary: "bits moved left, zeroes enter",
    },
    Signature {
        name: "bitwise_sright",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Int), required("n", ParamType::Int)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null, or if n is negative",
        summary: "bits moved right, zeroes enter",
    },
    Signature {
        name: "bitwise_xor",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Int), required("b", ParamType::Int)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "bits set in exactly one of two integers",
    },
    Signature {
        name: "cbrt",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "cube root",
    },
    Signature {
        name: "ceil",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "smallest integer not below x",
    },
    Signature {
        name: "coalesce",
        kind: Kind::Scalar,
        params: &[required("first", ParamType::Any)],
        variadic: Some(ParamType::Any),
        returns: Returns::Common,
        null: "null only if all arguments are",
        summary: "first argument that is not null",
    },
    Signature {
        name: "concat",
        kind: Kind::Scalar,
        params: &[required("first", ParamType::String)],
        variadic: Some(ParamType::String),
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "texts joined without a separator",
    },
    Signature {
        name: "convert_from_base_64",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null, or not Base64 of UTF-8",
        summary: "text from Base64",
    },
    Signature {
        name: "convert_to_base_64",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "Base64 of a text",
    },
    Signature {
        name: "cos",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "cosine of an angle in radians",
    },
    Signature {
        name: "cosine_distance",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Array), required("b", ParamType::Array)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or if the lengths differ",
        summary: "1 minus the cosine of the angle between two vectors",
    },
    Signature {
        name: "cot",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "cotangent of an angle in radians",
    },
    Signature {
        name: "count",
        kind: Kind::Aggregate,
        params: &[optional("field", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "never null; count(field) leaves nulls out",
        summary: "rows, or values that are not null",
    },
    Signature {
        name: "count_distinct",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "never null; nulls are ignored",
        summary: "different values, exactly",
    },
    Signature {
        name: "csc",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "cosecant of an angle in radians",
    },
    Signature {
        name: "current_time",
        kind: Kind::Scalar,
        params: &[],
        variadic: None,
        returns: Returns::Fixed(ParamType::Timestamp),
        null: "never null",
        summary: "when the query began",
    },
    Signature {
        name: "date_floor",
        kind: Kind::Scalar,
        params: &[
            required("time", ParamType::Timestamp),
            required("unit", ParamType::String),
            optional("zone", ParamType::String),
        ],
        variadic: None,
        returns: Returns::Fixed(ParamType::Timestamp),
        null: "null if an argument is null",
        summary: "start of the year, month, week (Sunday), day or hour: y, mo, w, d, h",
    },
    Signature {
        name: "dense_rank",
        kind: Kind::Window,
        params: &[],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "never null",
        summary: "rank of the row; ties share it without gaps",
    },
    Signature {
        name: "div",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Number), required("b", ParamType::Number)],
        variadic: None,
        returns: Returns::Arithmetic,
        null: "null if an argument is null, or if b is 0",
        summary: "quotient without fraction, cut toward zero",
    },
    Signature {
        name: "divide",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or if b is 0",
        summary: "quotient of two numbers, with fraction",
    },
    Signature {
        name: "earliest",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "nulls are ignored; null if the group has no value",
        summary: "value on the row with the earliest time",
    },
    Signature {
        name: "euclidean_distance",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Array), required("b", ParamType::Array)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or if the lengths differ",
        summary: "length of the difference of two vectors",
    },
    Signature {
        name: "exp",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "e to the power of x",
    },
    Signature {
        name: "extract_time",
        kind: Kind::Scalar,
        params: &[required("time", ParamType::Timestamp), required("part", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "part of a timestamp in UTC, such as HOUR or DAYOFWEEK (Monday is 1)",
    },
    Signature {
        name: "extract_url_host",
        kind: Kind::Scalar,
        params: &[required("url", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null, or without a host",
        summary: "host of a URL in lower case",
    },
    Signature {
        name: "extract_url_pub_suffix",
        kind: Kind::Scalar,
        params: &[required("url", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null, or an unknown suffix",
        summary: "public suffix of a URL's host",
    },
    Signature {
        name: "extract_url_registered_domain",
        kind: Kind::Scalar,
        params: &[required("url", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null, an address, or an unknown suffix",
        summary: "public suffix of a URL's host with one more label",
    },
    Signature {
        name: "first",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "nulls are ignored; null if the group has no value",
        summary: "value on the first row",
    },
    Signature {
        name: "first_value",
        kind: Kind::Window,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "nulls are not skipped",
        summary: "value on the first row of the frame",
    },
    Signature {
        name: "floor",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "largest integer not above x",
    },
    Signature {
        name: "format_string",
        kind: Kind::Scalar,
        params: &[required("format", ParamType::String)],
        variadic: Some(ParamType::Any),
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "text by a printf format",
    },
    Signature {
        name: "format_timestamp",
        kind: Kind::Scalar,
        params: &[
            required("format", ParamType::String),
            required("time", ParamType::Timestamp),
            optional("zone", ParamType::String),
        ],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "timestamp as text by a format",
    },
    Signature {
        name: "greatest",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Any), required("b", ParamType::Any)],
        variadic: Some(ParamType::Any),
        returns: Returns::Common,
        null: "null if an argument is null",
        summary: "largest of several values",
    },
    Signature {
        name: "if",
        kind: Kind::Scalar,
        params: &[required("condition", ParamType::Bool), required("value", ParamType::Any)],
        variadic: Some(ParamType::Any),
        returns: Returns::Branches,
        null: "an unknown condition counts as not true; null without a fitting branch",
        summary: "value of the first condition that is true, else the last argument",
    },
    Signature {
        name: "incidr",
        kind: Kind::Scalar,
        params: &[required("ip", ParamType::String), required("ranges", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null",
        summary: "whether an IPv4 address lies in one of several ranges separated by commas",
    },
    Signature {
        name: "incidr6",
        kind: Kind::Scalar,
        params: &[required("ip", ParamType::String), required("ranges", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null",
        summary: "whether an IPv6 address lies in one of several ranges separated by commas",
    },
    Signature {
        name: "incidrlist",
        kind: Kind::Scalar,
        params: &[required("ips", ParamType::String), required("range", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null",
        summary: "whether all addresses of a comma list lie in one range",
    },
    Signature {
        name: "int_to_ip",
        kind: Kind::Scalar,
        params: &[required("number", ParamType::Int)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null, or more than 32 bits",
        summary: "IPv4 address text of a number",
    },
    Signature {
        name: "ip_to_int",
        kind: Kind::Scalar,
        params: &[required("ip", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null, or not an IPv4 address",
        summary: "number of an IPv4 address text",
    },
    Signature {
        name: "is_ipv4",
        kind: Kind::Scalar,
        params: &[required("ip", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null",
        summary: "whether a text is an IPv4 address",
    },
    Signature {
        name: "is_ipv6",
        kind: Kind::Scalar,
        params: &[required("ip", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null",
        summary: "whether a text is an IPv6 address",
    },
    Signature {
        name: "is_known_private_ipv4",
        kind: Kind::Scalar,
        params: &[required("ip", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null",
        summary: "whether a text is an IPv4 address in 10/8, 172.16/12 or 192.168/16",
    },
    Signature {
        name: "is_known_private_ipv6",
        kind: Kind::Scalar,
        params: &[required("ip", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null",
        summary: "whether a text is an IPv6 address in fc00::/7",
    },
    Signature {
        name: "json_extract",
        kind: Kind::Scalar,
        params: &[required("json", ParamType::Text), required("path", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null, the text is not JSON, or nothing is there",
        summary: "JSON text of the value at a path; strings keep their quotes",
    },
    Signature {
        name: "json_extract_array",
        kind: Kind::Scalar,
        params: &[required("json", ParamType::Text), required("path", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::StringArray),
        null: "null if an argument is null, the text is not JSON, or nothing is there that is an array",
        summary: "elements of the array at a path, each as JSON text",
    },
    Signature {
        name: "json_extract_scalar",
        kind: Kind::Scalar,
        params: &[required("json", ParamType::Text), required("path", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null, the text is not JSON, or nothing is there but an object or array",
        summary: "string, number or boolean at a path, as text without quotes",
    },
    Signature {
        name: "json_extract_scalar_array",
        kind: Kind::Scalar,
        params: &[required("json", ParamType::Text), required("path", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::StringArray),
        null: "null if an argument is null, the text is not JSON, or nothing is there that is an array",
        summary: "elements of the array at a path, as text without quotes",
    },
    Signature {
        name: "json_path_extract",
        kind: Kind::Scalar,
        params: &[required("json", ParamType::Text), required("path", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null, the text is not JSON, or nothing is there",
        summary: "all matches of a JSONPath with wildcards, as the text of a JSON array",
    },
    Signature {
        name: "lag",
        kind: Kind::Window,
        params: &[
            required("field", ParamType::Any),
            optional("offset", ParamType::Int),
            optional("default", ParamType::Any),
        ],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "null where there is no such row",
        summary: "value of a previous row, the one before by default",
    },
    Signature {
        name: "last",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "nulls are ignored; null if the group has no value",
        summary: "value on the last row",
    },
    Signature {
        name: "last_value",
        kind: Kind::Window,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "nulls are not skipped",
        summary: "value on the last row of the frame",
    },
    Signature {
        name: "latest",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "nulls are ignored; null if the group has no value",
        summary: "value on the row with the latest time",
    },
    Signature {
        name: "least",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Any), required("b", ParamType::Any)],
        variadic: Some(ParamType::Any),
        returns: Returns::Common,
        null: "null if an argument is null",
        summary: "smallest of several values",
    },
    Signature {
        name: "len",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "characters of a text, or elements of an array",
    },
    Signature {
        name: "list",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::ArrayOf(0),
        null: "nulls are ignored; an empty array if the group has no value",
        summary: "up to 100 values with repetitions",
    },
    Signature {
        name: "ln",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "natural logarithm",
    },
    Signature {
        name: "log",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number), required("base", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "logarithm of x to a base",
    },
    Signature {
        name: "log10",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "logarithm to base 10",
    },
    Signature {
        name: "lowercase",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "text in lower case",
    },
    Signature {
        name: "ltrim",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String), optional("characters", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "strips any of the characters from the left end; white space by default",
    },
    Signature {
        name: "max",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "nulls are ignored; null if the group has no value",
        summary: "largest value",
    },
    Signature {
        name: "md5",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "MD5 of a text as lower-case hexadecimal digits",
    },
    Signature {
        name: "median",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "nulls are ignored; null if the group has no value",
        summary: "middle value, the mean of the middle two if even in number",
    },
    Signature {
        name: "min",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "nulls are ignored; null if the group has no value",
        summary: "smallest value",
    },
    Signature {
        name: "mod",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Number), required("b", ParamType::Number)],
        variadic: None,
        returns: Returns::Arithmetic,
        null: "null if an argument is null, or if b is 0",
        summary: "remainder with the sign of the dividend",
    },
    Signature {
        name: "multiply",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Arithmetic,
        null: "null if an argument is null; overflow is an error",
        summary: "product of two numbers; numeric text counts as a number",
    },
    Signature {
        name: "object_create",
        kind: Kind::Scalar,
        params: &[required("key", ParamType::String), required("value", ParamType::Any)],
        variadic: Some(ParamType::Any),
        returns: Returns::Fixed(ParamType::Json),
        null: "never null; a null value stays as JSON null",
        summary: "object of keys and values",
    },
    Signature {
        name: "object_merge",
        kind: Kind::Scalar,
        params: &[required("first", ParamType::Text)],
        variadic: Some(ParamType::Text),
        returns: Returns::Fixed(ParamType::Json),
        null: "null objects are ignored; null if all are",
        summary: "one object with the keys of all; later ones win",
    },
    Signature {
        name: "parse_epoch",
        kind: Kind::Scalar,
        params: &[
            required("format", ParamType::String),
            required("text", ParamType::String),
            optional("zone", ParamType::String),
            optional("unit", ParamType::String),
        ],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null, or the text does not fit the format",
        summary: "epoch from text by a format",
    },
    Signature {
        name: "parse_timestamp",
        kind: Kind::Scalar,
        params: &[
            required("format", ParamType::String),
            required("text", ParamType::String),
            optional("zone", ParamType::String),
        ],
        variadic: None,
        returns: Returns::Fixed(ParamType::Timestamp),
        null: "null if an argument is null, or the text does not fit the format",
        summary: "timestamp from text by a format",
    },
    Signature {
        name: "pow",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Numeric), required("n", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "x to the power of n",
    },
    Signature {
        name: "power",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Numeric), required("n", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "x to the power of n",
    },
    Signature {
        name: "rand",
        kind: Kind::Scalar,
        params: &[],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "never null",
        summary: "random number from 0 (included) to 1 (excluded), new for each row",
    },
    Signature {
        name: "range_bucket",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number), required("boundaries", ParamType::Array)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "how many of the ascending boundaries are not above x",
    },
    Signature {
        name: "rank",
        kind: Kind::Window,
        params: &[],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "never null",
        summary: "rank of the row; ties share it and leave gaps",
    },
    Signature {
        name: "regexcapture",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String), required("regex", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Json),
        null: "null if an argument is null, or without a match",
        summary: "object of the named groups of the first match",
    },
    Signature {
        name: "regextract",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String), required("regex", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::StringArray),
        null: "null if an argument is null; an empty array without a match",
        summary: "all matches of a regular expression, or of its group",
    },
    Signature {
        name: "replace",
        kind: Kind::Scalar,
        params: &[
            required("text", ParamType::String),
            required("old", ParamType::String),
            required("new", ParamType::String),
        ],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "replaces every occurrence of a literal",
    },
    Signature {
        name: "replex",
        kind: Kind::Scalar,
        params: &[
            required("text", ParamType::String),
            required("regex", ParamType::String),
            required("new", ParamType::String),
        ],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "replaces every match of a regular expression; \\1 stands for a group",
    },
    Signature {
        name: "round",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number), optional("digits", ParamType::Int)],
        variadic: None,
        returns: Returns::Rounded,
        null: "null if an argument is null",
        summary: "nearest integer, halves away from zero; with digits, that many decimals",
    },
    Signature {
        name: "row_number",
        kind: Kind::Window,
        params: &[],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "never null",
        summary: "number of the row in its partition, from 1",
    },
    Signature {
        name: "rtrim",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String), optional("characters", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "strips any of the characters from the right end; white space by default",
    },
    Signature {
        name: "safe_add",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Arithmetic,
        null: "null if an argument is null, or on overflow",
        summary: "sum of two numbers, null instead of an error on overflow",
    },
    Signature {
        name: "safe_divide",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or if b is 0",
        summary: "quotient of two numbers, null on division by zero",
    },
    Signature {
        name: "safe_multiply",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Arithmetic,
        null: "null if an argument is null, or on overflow",
        summary: "product of two numbers, null instead of an error on overflow",
    },
    Signature {
        name: "safe_negate",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "null if an argument is null, or on overflow",
        summary: "the number with opposite sign",
    },
    Signature {
        name: "safe_subtract",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Arithmetic,
        null: "null if an argument is null, or on overflow",
        summary: "difference of two numbers, null instead of an error on overflow",
    },
    Signature {
        name: "sec",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "secant of an angle in radians",
    },
    Signature {
        name: "sha1",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "SHA-1 of a text as lower-case hexadecimal digits",
    },
    Signature {
        name: "sha256",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "SHA-256 of a text as lower-case hexadecimal digits",
    },
    Signature {
        name: "sha512",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "SHA-512 of a text as lower-case hexadecimal digits",
    },
    Signature {
        name: "sign",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "-1, 0 or 1",
    },
    Signature {
        name: "sin",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "sine of an angle in radians",
    },
    Signature {
        name: "split",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String), optional("delimiter", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::StringArray),
        null: "an empty array if the text is null",
        summary: "parts of a text between delimiters; a blank by default",
    },
    Signature {
        name: "sqrt",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "square root",
    },
    Signature {
        name: "stddev_population",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "nulls are ignored; null if the group has no value",
        summary: "standard deviation with divisor n",
    },
    Signature {
        name: "stddev_sample",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "nulls are ignored; null if the group has fewer than two values",
        summary: "standard deviation with divisor n-1",
    },
    Signature {
        name: "string_count",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String), required("part", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "occurrences of a literal, not overlapping",
    },
    Signature {
        name: "subtract",
        kind: Kind::Scalar,
        params: &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)],
        variadic: None,
        returns: Returns::Arithmetic,
        null: "null if an argument is null; overflow is an error",
        summary: "difference of two numbers; numeric text counts as a number",
    },
    Signature {
        name: "sum",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Number)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "nulls are ignored; null if the group has no value",
        summary: "sum",
    },
    Signature {
        name: "tan",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or outside the domain",
        summary: "tangent of an angle in radians",
    },
    Signature {
        name: "time_frame_end",
        kind: Kind::Scalar,
        params: &[optional("unused", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Timestamp),
        null: "never null",
        summary: "end of the query's time frame",
    },
    Signature {
        name: "timestamp_diff",
        kind: Kind::Scalar,
        params: &[
            required("later", ParamType::Timestamp),
            required("earlier", ParamType::Timestamp),
            required("part", ParamType::String),
        ],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "whole units from the second timestamp to the first",
    },
    Signature {
        name: "timestamp_seconds",
        kind: Kind::Scalar,
        params: &[required("epoch", ParamType::Int)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Timestamp),
        null: "null if an argument is null, or out of range",
        summary: "timestamp from an epoch in seconds",
    },
    Signature {
        name: "to_boolean",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null, or neither true nor false",
        summary: "boolean from the text true or false in any case",
    },
    Signature {
        name: "to_epoch",
        kind: Kind::Scalar,
        params: &[required("time", ParamType::Timestamp), optional("unit", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null",
        summary: "epoch of a timestamp in SECONDS, MILLIS or MICROS",
    },
    Signature {
        name: "to_float",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or not a number",
        summary: "float from text",
    },
    Signature {
        name: "to_integer",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Int),
        null: "null if an argument is null, or not an integer",
        summary: "integer from decimal or 0x text; a float is rounded",
    },
    Signature {
        name: "to_json_string",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "any value as JSON text; text stays as it is",
    },
    Signature {
        name: "to_number",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "null if an argument is null, or not a number",
        summary: "float from text",
    },
    Signature {
        name: "to_string",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Any)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "number, boolean or timestamp as text",
    },
    Signature {
        name: "to_timestamp",
        kind: Kind::Scalar,
        params: &[required("epoch", ParamType::Int), optional("unit", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Timestamp),
        null: "null if an argument is null, or out of range",
        summary: "timestamp from an epoch in SECONDS, MILLIS or MICROS",
    },
    Signature {
        name: "trim",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String), optional("characters", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "strips any of the characters from both ends; white space by default",
    },
    Signature {
        name: "trunc",
        kind: Kind::Scalar,
        params: &[required("x", ParamType::Number), optional("digits", ParamType::Int)],
        variadic: None,
        returns: Returns::SameAs(0),
        null: "null if an argument is null",
        summary: "cut toward zero; with digits, keeps that many decimals or zeroes integer digits",
    },
    Signature {
        name: "uppercase",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::String),
        null: "null if an argument is null",
        summary: "text in upper case",
    },
    Signature {
        name: "values",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Any)],
        variadic: None,
        returns: Returns::ArrayOf(0),
        null: "nulls are ignored; an empty array if the group has no value",
        summary: "different values",
    },
    Signature {
        name: "var",
        kind: Kind::Aggregate,
        params: &[required("field", ParamType::Number)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Float),
        null: "nulls are ignored; null if the group has no value",
        summary: "population variance, with divisor n",
    },
    Signature {
        name: "wildcard_match",
        kind: Kind::Scalar,
        params: &[required("text", ParamType::String), required("pattern", ParamType::String)],
        variadic: None,
        returns: Returns::Fixed(ParamType::Bool),
        null: "null if an argument is null",
        summary: "whether a text matches a pattern of * (any run) and ? (at most one character)",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_consistent() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        assert!(DIALECT.is_sorted_by(|a, b| a.name < b.name));
        for function in FUNCTIONS {
            assert_eq!(find(&function.name.to_uppercase()), Some(function));
            assert!(function.params.is_sorted_by_key(|param| param.optional), "{}", function.name);
            assert!(!function.summary.is_empty() && !function.summary.ends_with('.'), "{}", function.name);
        }
        for name in DIALECT {
            assert!(find(name.standard).is_some(), "{}", name.name);
            assert!(find(name.name).is_none(), "{} is a function", name.name);
        }
    }

    #[test]
    fn result_types() {
        let result = |name: &str, types: &[Type]| find(name).unwrap().result(types);
        assert_eq!(result("add", &[Type::Int, Type::String]), Type::Int);
        assert_eq!(result("add", &[Type::Int, Type::Float]), Type::Float);
        assert_eq!(result("if", &[Type::Bool, Type::Int, Type::Float]), Type::Float);
        assert_eq!(result("if", &[Type::Bool, Type::Int, Type::Bool, Type::Null]), Type::Int);
        assert_eq!(result("coalesce", &[Type::Null, Type::String]), Type::String);
        assert_eq!(result("arraycreate", &[Type::Int, Type::Int]), Type::array(Type::Int));
        assert_eq!(result("arrayindex", &[Type::array(Type::Float), Type::Int]), Type::Float);
        assert_eq!(result("arraymap", &[Type::array(Type::Float), Type::String]), Type::array(Type::String));
        assert_eq!(result("latest", &[Type::Timestamp]), Type::Timestamp);
    }

    #[test]
    fn similar_names_are_found() {
        assert_eq!(nearest("count_distnct"), Some("count_distinct"));
        assert_eq!(nearest("lower_case"), Some("lowercase"));
        assert_eq!(nearest("zzz"), None);
        assert_eq!(dialect("HOUR").and_then(|name| name.extra), Some("HOUR"));
    }
}
