//! Names, parameters and result types of all functions, as one flat table.
//!
//! The checker, completion and hover read it here, without Arrow; the implementations live in the engine, where a test
//! proves that both agree. A function that is not in this table does not exist.

use atalanta_schema::Type;

use crate::distance::LONGEST;

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

impl ParamType {
    /// How the manual and the editors call the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "boolean",
            Self::Int => "int",
            Self::Float => "float",
            Self::Number => "number",
            Self::Numeric => "number or numeric text",
            Self::String => "string",
            Self::Text => "JSON text",
            Self::Json => "object",
            Self::Timestamp => "timestamp",
            Self::Array => "array",
            Self::StringArray => "string array",
        }
    }
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

    /// What it takes, for messages.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Bool => "boolean",
            Self::Int => "int",
            Self::Float | Self::Number => "a number",
            Self::Numeric => "a number or numeric string",
            Self::String => "string",
            Self::Text => "string or object",
            Self::Json => "object",
            Self::Timestamp => "datetime",
            Self::Array => "an array",
            Self::StringArray => "an array of strings",
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

impl ParamType {
    /// Whether a value of a type that it does not accept is read as one that it does; what cannot be read is null.
    #[must_use]
    pub fn converts(self, ty: &Type) -> bool {
        match self {
            Self::Int | Self::Float | Self::Number | Self::Numeric => {
                ty.is_numeric() || matches!(ty, Type::String | Type::Json)
            }
            Self::Bool => ty.is_numeric(),
            Self::String => ty.is_numeric() || matches!(ty, Type::Bool | Type::Json),
            Self::Text => ty.is_numeric() || *ty == Type::Bool,
            Self::Json => matches!(ty, Type::String),
            Self::Any => true,
            Self::Timestamp | Self::Array | Self::StringArray => false,
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
    if name.len() > LONGEST {
        return None;
    }
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

const fn function(
    kind: Kind,
    name: &'static str,
    params: &'static [Param],
    variadic: Option<ParamType>,
    returns: Returns,
    null: &'static str,
    summary: &'static str,
) -> Signature {
    Signature { name, kind, params, variadic, returns, null, summary }
}

const fn spelled(name: &'static str, standard: &'static str, extra: Option<&'static str>) -> Dialect {
    Dialect { name, standard, extra }
}

/// Functions of Atalanta that Cortex XQL does not have.
pub static OWN: &[&str] = &["injection_cues", "reveal", "shared_words"];

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
#[rustfmt::skip] // one line per function
pub static FUNCTIONS: &[Signature] = &[
    function(Kind::Scalar, "acos", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "angle in radians with cosine x"),
    function(Kind::Scalar, "add", &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)], None, Returns::Arithmetic, "null if an argument is null; overflow is an error", "sum of two numbers; numeric text counts as a number"),
    function(Kind::Aggregate, "approx_count", &[required("field", ParamType::Any)], None, Returns::Fixed(ParamType::Int), "never null; nulls are ignored", "number of different values, by a HyperLogLog sketch with a standard error of 0.81 %"),
    function(Kind::Aggregate, "approx_quantiles", &[required("field", ParamType::Any), required("n", ParamType::Int), optional("distinct", ParamType::Bool)], None, Returns::ArrayOf(0), "nulls are ignored; null if the group has no value", "n+1 values that split the sorted values into n equal parts, the first the least, the last the greatest; exact up to 800 values, ranks within 0.36 % beyond; with distinct over different values, exact"),
    function(Kind::Aggregate, "approx_top", &[required("field", ParamType::Any), optional("n", ParamType::Int), optional("weight", ParamType::Number)], None, Returns::Fixed(ParamType::StringArray), "nulls are ignored; an empty array if the group has no value", "the n (10) most frequent values with their counts, or those with the greatest sum of a weight, as JSON texts; counts are exact up to 6,144 different values and at most 0.043 % of the rows too high beyond"),
    function(Kind::Lambda, "array_all", &[required("array", ParamType::Array), required("condition", ParamType::Any)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null; false for an empty array", "whether a condition on \"@element\" is true for all elements"),
    function(Kind::Lambda, "array_any", &[required("array", ParamType::Array), required("condition", ParamType::Any)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null; false for an empty array", "whether a condition on \"@element\", or equality with a value, is true for some element"),
    function(Kind::Scalar, "array_length", &[required("array", ParamType::Array)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "number of elements"),
    function(Kind::Scalar, "arrayconcat", &[required("first", ParamType::Array)], Some(ParamType::Array), Returns::Common, "null if an argument is null", "elements of several arrays in one"),
    function(Kind::Scalar, "arraycreate", &[required("first", ParamType::Any)], Some(ParamType::Any), Returns::ArrayOfCommon, "an empty array if all arguments are null", "array of the arguments"),
    function(Kind::Scalar, "arraydistinct", &[required("array", ParamType::Array)], None, Returns::SameAs(0), "null if an argument is null", "elements without repetition, first occurrences"),
    function(Kind::Lambda, "arrayfilter", &[required("array", ParamType::Array), required("condition", ParamType::Bool)], None, Returns::SameAs(0), "null if an argument is null", "elements for which a condition on \"@element\" is true"),
    function(Kind::Scalar, "arrayindex", &[required("array", ParamType::Array), required("index", ParamType::Int)], None, Returns::ElementOf(0), "null if an argument is null, or out of range", "element at an index from 0; negative counts from the end"),
    function(Kind::Lambda, "arrayindexof", &[required("array", ParamType::Array), required("condition", ParamType::Bool)], None, Returns::Fixed(ParamType::Int), "null if no element fits", "index of the first element for which a condition on \"@element\" is true"),
    function(Kind::Lambda, "arraymap", &[required("array", ParamType::Array), required("expression", ParamType::Any)], None, Returns::ArrayOf(1), "null if an argument is null", "value of an expression on \"@element\" for each element"),
    function(Kind::Scalar, "arraymerge", &[required("array", ParamType::Array)], None, Returns::Fixed(ParamType::StringArray), "null if an argument is null", "elements of all inner JSON arrays in one array"),
    function(Kind::Scalar, "arrayrange", &[required("array", ParamType::Array), required("start", ParamType::Int), required("end", ParamType::Int)], None, Returns::SameAs(0), "null if an argument is null", "elements from start to before end"),
    function(Kind::Scalar, "arraystring", &[required("array", ParamType::Array), required("delimiter", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null; null elements are left out", "elements joined by a delimiter"),
    function(Kind::Scalar, "asin", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "angle in radians with sine x"),
    function(Kind::Aggregate, "avg", &[required("field", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "nulls are ignored; null if the group has no value", "mean"),
    function(Kind::Scalar, "bitwise_and", &[required("a", ParamType::Int), required("b", ParamType::Int)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "bits set in both integers"),
    function(Kind::Scalar, "bitwise_or", &[required("a", ParamType::Int), required("b", ParamType::Int)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "bits set in at least one of two integers"),
    function(Kind::Scalar, "bitwise_sleft", &[required("a", ParamType::Int), required("n", ParamType::Int)], None, Returns::Fixed(ParamType::Int), "null if an argument is null, or if n is negative", "bits moved left, zeroes enter"),
    function(Kind::Scalar, "bitwise_sright", &[required("a", ParamType::Int), required("n", ParamType::Int)], None, Returns::Fixed(ParamType::Int), "null if an argument is null, or if n is negative", "bits moved right, zeroes enter"),
    function(Kind::Scalar, "bitwise_xor", &[required("a", ParamType::Int), required("b", ParamType::Int)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "bits set in exactly one of two integers"),
    function(Kind::Scalar, "cbrt", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "cube root"),
    function(Kind::Scalar, "ceil", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "smallest integer not below x"),
    function(Kind::Scalar, "coalesce", &[required("first", ParamType::Any)], Some(ParamType::Any), Returns::Common, "null only if all arguments are", "first argument that is not null"),
    function(Kind::Scalar, "concat", &[required("first", ParamType::String)], Some(ParamType::String), Returns::Fixed(ParamType::String), "null if an argument is null", "texts joined without a separator"),
    function(Kind::Scalar, "convert_from_base_64", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null, or not Base64 of UTF-8", "text from Base64"),
    function(Kind::Scalar, "convert_to_base_64", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "Base64 of a text"),
    function(Kind::Scalar, "cos", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "cosine of an angle in radians"),
    function(Kind::Scalar, "cosine_distance", &[required("a", ParamType::Array), required("b", ParamType::Array)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or if the lengths differ", "1 minus the cosine of the angle between two vectors"),
    function(Kind::Scalar, "cot", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "cotangent of an angle in radians"),
    function(Kind::Aggregate, "count", &[optional("field", ParamType::Any)], None, Returns::Fixed(ParamType::Int), "never null; count(field) leaves nulls out", "rows, or values that are not null"),
    function(Kind::Aggregate, "count_distinct", &[required("field", ParamType::Any)], None, Returns::Fixed(ParamType::Int), "never null; nulls are ignored", "different values, exactly"),
    function(Kind::Scalar, "csc", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "cosecant of an angle in radians"),
    function(Kind::Scalar, "current_time", &[], None, Returns::Fixed(ParamType::Timestamp), "never null", "when the query began"),
    function(Kind::Scalar, "date_floor", &[required("time", ParamType::Timestamp), required("unit", ParamType::String), optional("zone", ParamType::String)], None, Returns::Fixed(ParamType::Timestamp), "null if an argument is null", "start of the year, month, week (Sunday), day or hour: y, mo, w, d, h"),
    function(Kind::Window, "dense_rank", &[], None, Returns::Fixed(ParamType::Int), "never null", "rank of the row; ties share it without gaps"),
    function(Kind::Scalar, "div", &[required("a", ParamType::Number), required("b", ParamType::Number)], None, Returns::Arithmetic, "null if an argument is null, or if b is 0", "quotient without fraction, cut toward zero"),
    function(Kind::Scalar, "divide", &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or if b is 0", "quotient of two numbers, with fraction"),
    function(Kind::Aggregate, "earliest", &[required("field", ParamType::Any)], None, Returns::SameAs(0), "nulls are ignored; null if the group has no value", "value on the row with the earliest time"),
    function(Kind::Scalar, "euclidean_distance", &[required("a", ParamType::Array), required("b", ParamType::Array)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or if the lengths differ", "length of the difference of two vectors"),
    function(Kind::Scalar, "exp", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "e to the power of x"),
    function(Kind::Scalar, "extract_time", &[required("time", ParamType::Timestamp), required("part", ParamType::String)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "part of a timestamp in UTC, such as HOUR or DAYOFWEEK (Monday is 1)"),
    function(Kind::Scalar, "extract_url_host", &[required("url", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null, or without a host", "host of a URL in lower case"),
    function(Kind::Scalar, "extract_url_pub_suffix", &[required("url", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null, or an unknown suffix", "public suffix of a URL's host"),
    function(Kind::Scalar, "extract_url_registered_domain", &[required("url", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null, an address, or an unknown suffix", "public suffix of a URL's host with one more label"),
    function(Kind::Aggregate, "first", &[required("field", ParamType::Any)], None, Returns::SameAs(0), "nulls are ignored; null if the group has no value", "value on the first row"),
    function(Kind::Window, "first_value", &[required("field", ParamType::Any)], None, Returns::SameAs(0), "nulls are not skipped", "value on the first row of the frame"),
    function(Kind::Scalar, "floor", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "largest integer not above x"),
    function(Kind::Scalar, "format_string", &[required("format", ParamType::String)], Some(ParamType::Any), Returns::Fixed(ParamType::String), "null if an argument is null", "text by a printf format"),
    function(Kind::Scalar, "format_timestamp", &[required("format", ParamType::String), required("time", ParamType::Timestamp), optional("zone", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "timestamp as text by a format"),
    function(Kind::Scalar, "greatest", &[required("a", ParamType::Any), required("b", ParamType::Any)], Some(ParamType::Any), Returns::Common, "null if an argument is null", "largest of several values"),
    function(Kind::Scalar, "hierarchy_match", &[optional("path", ParamType::Any), optional("id", ParamType::String)], None, Returns::Fixed(ParamType::Bool), "false for an asset without a path or id that is asked for", "whether an asset lies under the path of an array of segments and has an id; asset datasets only"),
    function(Kind::Scalar, "if", &[required("condition", ParamType::Bool), optional("value", ParamType::Any)], Some(ParamType::Any), Returns::Branches, "an unknown condition counts as not true; null without a fitting branch", "value of the first condition that is true, else the last argument"),
    function(Kind::Scalar, "incidr", &[required("ip", ParamType::String), required("ranges", ParamType::String)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null", "whether an IPv4 address lies in one of several ranges separated by commas"),
    function(Kind::Scalar, "incidr6", &[required("ip", ParamType::String), required("ranges", ParamType::String)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null", "whether an IPv6 address lies in one of several ranges separated by commas"),
    function(Kind::Scalar, "incidrlist", &[required("ips", ParamType::String), required("range", ParamType::String)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null", "whether all addresses of a comma list lie in one range"),
    function(Kind::Scalar, "injection_cues", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::StringArray), "null if the text is null; an empty array without a cue", "categories of prompt injection that a text gives cues of (Atalanta)"),
    function(Kind::Scalar, "int_to_ip", &[required("number", ParamType::Int)], None, Returns::Fixed(ParamType::String), "null if an argument is null, or more than 32 bits", "IPv4 address text of a number"),
    function(Kind::Scalar, "ip_to_int", &[required("ip", ParamType::String)], None, Returns::Fixed(ParamType::Int), "null if an argument is null, or not an IPv4 address", "number of an IPv4 address text"),
    function(Kind::Scalar, "is_ipv4", &[required("ip", ParamType::String)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null", "whether a text is an IPv4 address"),
    function(Kind::Scalar, "is_ipv6", &[required("ip", ParamType::String)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null", "whether a text is an IPv6 address"),
    function(Kind::Scalar, "is_known_private_ipv4", &[required("ip", ParamType::String)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null", "whether a text is an IPv4 address in 10/8, 172.16/12 or 192.168/16"),
    function(Kind::Scalar, "is_known_private_ipv6", &[required("ip", ParamType::String)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null", "whether a text is an IPv6 address in fc00::/7"),
    function(Kind::Scalar, "json_extract", &[required("json", ParamType::Text), required("path", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null, the text is not JSON, or nothing is there", "JSON text of the value at a path; strings keep their quotes"),
    function(Kind::Scalar, "json_extract_array", &[required("json", ParamType::Text), required("path", ParamType::String)], None, Returns::Fixed(ParamType::StringArray), "null if an argument is null, the text is not JSON, or nothing is there that is an array", "elements of the array at a path, each as JSON text"),
    function(Kind::Scalar, "json_extract_scalar", &[required("json", ParamType::Text), required("path", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null, the text is not JSON, or nothing is there but an object or array", "string, number or boolean at a path, as text without quotes"),
    function(Kind::Scalar, "json_extract_scalar_array", &[required("json", ParamType::Text), required("path", ParamType::String)], None, Returns::Fixed(ParamType::StringArray), "null if an argument is null, the text is not JSON, or nothing is there that is an array", "elements of the array at a path, as text without quotes"),
    function(Kind::Scalar, "json_path_extract", &[required("json", ParamType::Text), required("path", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null, the text is not JSON, or nothing is there", "all matches of a JSONPath with wildcards, as the text of a JSON array"),
    function(Kind::Window, "lag", &[required("field", ParamType::Any), optional("offset", ParamType::Int), optional("default", ParamType::Any)], None, Returns::SameAs(0), "null where there is no such row", "value of a previous row, the one before by default"),
    function(Kind::Aggregate, "last", &[required("field", ParamType::Any)], None, Returns::SameAs(0), "nulls are ignored; null if the group has no value", "value on the last row"),
    function(Kind::Window, "last_value", &[required("field", ParamType::Any)], None, Returns::SameAs(0), "nulls are not skipped", "value on the last row of the frame"),
    function(Kind::Aggregate, "latest", &[required("field", ParamType::Any)], None, Returns::SameAs(0), "nulls are ignored; null if the group has no value", "value on the row with the latest time"),
    function(Kind::Scalar, "least", &[required("a", ParamType::Any), required("b", ParamType::Any)], Some(ParamType::Any), Returns::Common, "null if an argument is null", "smallest of several values"),
    function(Kind::Scalar, "len", &[required("x", ParamType::Any)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "characters of a text, or elements of an array"),
    function(Kind::Aggregate, "list", &[required("field", ParamType::Any)], None, Returns::ArrayOf(0), "nulls are ignored; an empty array if the group has no value", "up to 100 values with repetitions"),
    function(Kind::Scalar, "ln", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "natural logarithm"),
    function(Kind::Scalar, "log", &[required("x", ParamType::Number), required("base", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "logarithm of x to a base"),
    function(Kind::Scalar, "log10", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "logarithm to base 10"),
    function(Kind::Scalar, "lowercase", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "text in lower case"),
    function(Kind::Scalar, "ltrim", &[required("text", ParamType::String), optional("characters", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "strips any of the characters from the left end; white space by default"),
    function(Kind::Aggregate, "max", &[required("field", ParamType::Any)], None, Returns::SameAs(0), "nulls are ignored; null if the group has no value", "largest value"),
    function(Kind::Scalar, "md5", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "MD5 of a text as lower-case hexadecimal digits"),
    function(Kind::Aggregate, "median", &[required("field", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "nulls are ignored; null if the group has no value", "middle value, the mean of the middle two if even in number"),
    function(Kind::Aggregate, "min", &[required("field", ParamType::Any)], None, Returns::SameAs(0), "nulls are ignored; null if the group has no value", "smallest value"),
    function(Kind::Scalar, "mod", &[required("a", ParamType::Number), required("b", ParamType::Number)], None, Returns::Arithmetic, "null if an argument is null, or if b is 0", "remainder with the sign of the dividend"),
    function(Kind::Scalar, "multiply", &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)], None, Returns::Arithmetic, "null if an argument is null; overflow is an error", "product of two numbers; numeric text counts as a number"),
    function(Kind::Scalar, "object_create", &[required("key", ParamType::String), required("value", ParamType::Any)], Some(ParamType::Any), Returns::Fixed(ParamType::Json), "never null; a null value stays as JSON null", "object of keys and values"),
    function(Kind::Scalar, "object_merge", &[required("first", ParamType::Text)], Some(ParamType::Text), Returns::Fixed(ParamType::Json), "null objects are ignored; null if all are", "one object with the keys of all; later ones win"),
    function(Kind::Rule, "parse_cef", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::Json), "null if an argument is null, or holds no CEF header", "object of the header and the extension of a message in the Common Event Format"),
    function(Kind::Rule, "parse_cisco", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::Json), "null if an argument is null, or holds no such message", "object of the parts of a Cisco ASA or FTD message"),
    function(Kind::Scalar, "parse_epoch", &[required("format", ParamType::String), required("text", ParamType::String), optional("zone", ParamType::String), optional("unit", ParamType::String)], None, Returns::Fixed(ParamType::Int), "null if an argument is null, or the text does not fit the format", "epoch from text by a format"),
    function(Kind::Rule, "parse_json", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::Json), "null if an argument is null, or not JSON", "object from JSON text"),
    function(Kind::Scalar, "parse_timestamp", &[required("format", ParamType::String), required("text", ParamType::String), optional("zone", ParamType::String)], None, Returns::Fixed(ParamType::Timestamp), "null if an argument is null, or the text does not fit the format", "timestamp from text by a format"),
    function(Kind::Scalar, "pow", &[required("x", ParamType::Numeric), required("n", ParamType::Numeric)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "x to the power of n"),
    function(Kind::Scalar, "power", &[required("x", ParamType::Numeric), required("n", ParamType::Numeric)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "x to the power of n"),
    function(Kind::Scalar, "rand", &[], None, Returns::Fixed(ParamType::Float), "never null", "random number from 0 (included) to 1 (excluded), new for each row"),
    function(Kind::Scalar, "range_bucket", &[required("x", ParamType::Number), required("boundaries", ParamType::Array)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "how many of the ascending boundaries are not above x"),
    function(Kind::Window, "rank", &[], None, Returns::Fixed(ParamType::Int), "never null", "rank of the row; ties share it and leave gaps"),
    function(Kind::Rule, "regexcapture", &[required("text", ParamType::String), required("regex", ParamType::String)], None, Returns::Fixed(ParamType::Json), "null if an argument is null, or without a match", "object of the named groups of the first match"),
    function(Kind::Scalar, "regextract", &[required("text", ParamType::String), required("regex", ParamType::String)], None, Returns::Fixed(ParamType::StringArray), "null if an argument is null; an empty array without a match", "all matches of a regular expression, or of its group"),
    function(Kind::Scalar, "replace", &[required("text", ParamType::String), required("old", ParamType::String), required("new", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "replaces every occurrence of a literal"),
    function(Kind::Scalar, "replex", &[required("text", ParamType::String), required("regex", ParamType::String), required("new", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "replaces every match of a regular expression; \\1 stands for a group"),
    function(Kind::Scalar, "reveal", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if the text is null", "text as a model reads it, with hidden and decoded parts (Atalanta)"),
    function(Kind::Scalar, "round", &[required("x", ParamType::Number), optional("digits", ParamType::Int)], None, Returns::Rounded, "null if an argument is null", "nearest integer, halves away from zero; with digits, that many decimals"),
    function(Kind::Window, "row_number", &[], None, Returns::Fixed(ParamType::Int), "never null", "number of the row in its partition, from 1"),
    function(Kind::Scalar, "rtrim", &[required("text", ParamType::String), optional("characters", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "strips any of the characters from the right end; white space by default"),
    function(Kind::Scalar, "safe_add", &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)], None, Returns::Arithmetic, "null if an argument is null, or on overflow", "sum of two numbers, null instead of an error on overflow"),
    function(Kind::Scalar, "safe_divide", &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or if b is 0", "quotient of two numbers, null on division by zero"),
    function(Kind::Scalar, "safe_multiply", &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)], None, Returns::Arithmetic, "null if an argument is null, or on overflow", "product of two numbers, null instead of an error on overflow"),
    function(Kind::Scalar, "safe_negate", &[required("x", ParamType::Number)], None, Returns::SameAs(0), "null if an argument is null, or on overflow", "the number with opposite sign"),
    function(Kind::Scalar, "safe_subtract", &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)], None, Returns::Arithmetic, "null if an argument is null, or on overflow", "difference of two numbers, null instead of an error on overflow"),
    function(Kind::Scalar, "sec", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "secant of an angle in radians"),
    function(Kind::Scalar, "sha1", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "SHA-1 of a text as lower-case hexadecimal digits"),
    function(Kind::Scalar, "sha256", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "SHA-256 of a text as lower-case hexadecimal digits"),
    function(Kind::Scalar, "sha512", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "SHA-512 of a text as lower-case hexadecimal digits"),
    function(Kind::Scalar, "shared_words", &[required("text", ParamType::String), required("other", ParamType::String)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "longest run of words that two texts share (Atalanta)"),
    function(Kind::Scalar, "sign", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "-1, 0 or 1"),
    function(Kind::Scalar, "sin", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "sine of an angle in radians"),
    function(Kind::Scalar, "split", &[required("text", ParamType::String), optional("delimiter", ParamType::String)], None, Returns::Fixed(ParamType::StringArray), "an empty array if the text is null", "parts of a text between delimiters; a blank by default"),
    function(Kind::Scalar, "sqrt", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "square root"),
    function(Kind::Aggregate, "stddev_population", &[required("field", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "nulls are ignored; null if the group has no value", "standard deviation with divisor n"),
    function(Kind::Aggregate, "stddev_sample", &[required("field", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "nulls are ignored; null if the group has fewer than two values", "standard deviation with divisor n-1"),
    function(Kind::Scalar, "string_count", &[required("text", ParamType::String), required("part", ParamType::String)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "occurrences of a literal, not overlapping"),
    function(Kind::Scalar, "subtract", &[required("a", ParamType::Numeric), required("b", ParamType::Numeric)], None, Returns::Arithmetic, "null if an argument is null; overflow is an error", "difference of two numbers; numeric text counts as a number"),
    function(Kind::Aggregate, "sum", &[required("field", ParamType::Number)], None, Returns::SameAs(0), "nulls are ignored; null if the group has no value", "sum"),
    function(Kind::Scalar, "tan", &[required("x", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or outside the domain", "tangent of an angle in radians"),
    function(Kind::Scalar, "time_frame_end", &[optional("unused", ParamType::Any)], None, Returns::Fixed(ParamType::Timestamp), "never null", "end of the query's time frame"),
    function(Kind::Scalar, "timestamp_diff", &[required("later", ParamType::Timestamp), required("earlier", ParamType::Timestamp), required("part", ParamType::String)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "whole units from the second timestamp to the first"),
    function(Kind::Scalar, "timestamp_seconds", &[required("epoch", ParamType::Int)], None, Returns::Fixed(ParamType::Timestamp), "null if an argument is null, or out of range", "timestamp from an epoch in seconds"),
    function(Kind::Scalar, "to_boolean", &[required("x", ParamType::Any)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null, or neither true nor false", "boolean from the text true or false in any case"),
    function(Kind::Scalar, "to_epoch", &[required("time", ParamType::Timestamp), optional("unit", ParamType::String)], None, Returns::Fixed(ParamType::Int), "null if an argument is null", "epoch of a timestamp in SECONDS, MILLIS or MICROS"),
    function(Kind::Scalar, "to_float", &[required("x", ParamType::Any)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or not a number", "float from text"),
    function(Kind::Scalar, "to_integer", &[required("x", ParamType::Any)], None, Returns::Fixed(ParamType::Int), "null if an argument is null, or not an integer", "integer from decimal or 0x text; a float is rounded"),
    function(Kind::Scalar, "to_json_string", &[required("x", ParamType::Any)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "any value as JSON text; text stays as it is"),
    function(Kind::Scalar, "to_number", &[required("x", ParamType::Any)], None, Returns::Fixed(ParamType::Float), "null if an argument is null, or not a number", "float from text"),
    function(Kind::Scalar, "to_string", &[required("x", ParamType::Any)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "number, boolean or timestamp as text"),
    function(Kind::Scalar, "to_timestamp", &[required("epoch", ParamType::Int), optional("unit", ParamType::String)], None, Returns::Fixed(ParamType::Timestamp), "null if an argument is null, or out of range", "timestamp from an epoch in SECONDS, MILLIS or MICROS"),
    function(Kind::Scalar, "trim", &[required("text", ParamType::String), optional("characters", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "strips any of the characters from both ends; white space by default"),
    function(Kind::Scalar, "trunc", &[required("x", ParamType::Number), optional("digits", ParamType::Int)], None, Returns::SameAs(0), "null if an argument is null", "cut toward zero; with digits, keeps that many decimals or zeroes integer digits"),
    function(Kind::Scalar, "uppercase", &[required("text", ParamType::String)], None, Returns::Fixed(ParamType::String), "null if an argument is null", "text in upper case"),
    function(Kind::Aggregate, "values", &[required("field", ParamType::Any)], None, Returns::ArrayOf(0), "nulls are ignored; an empty array if the group has no value", "different values"),
    function(Kind::Aggregate, "var", &[required("field", ParamType::Number)], None, Returns::Fixed(ParamType::Float), "nulls are ignored; null if the group has no value", "population variance, with divisor n"),
    function(Kind::Scalar, "wildcard_match", &[required("text", ParamType::String), required("pattern", ParamType::String)], None, Returns::Fixed(ParamType::Bool), "null if an argument is null", "whether a text matches a pattern of * (any run) and ? (at most one character)"),
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
        assert!(OWN.iter().all(|name| find(name).is_some()));
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
        assert_eq!(result("if", &[Type::Bool]), Type::Bool);
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
