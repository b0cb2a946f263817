//! Names, arity and result types of all functions (temporary until the full table is merged).

use atalanta_schema::Type;

/// Kind of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Scalar,
    Aggregate,
    Window,
    Lambda,
    Rule,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Optional.
    pub optional: bool,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Name.
    pub name: &'static str,
    /// Kind.
    pub kind: Kind,
    /// Parameters.
    pub params: &'static [Param],
    /// Variadic.
    pub variadic: Option<()>,
    ret: &'static str,
}

/// Dialect name.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// Standard.
    pub standard: &'static str,
    /// Extra argument.
    pub extra: Option<&'static str>,
}

const R: Param = Param { optional: false };
const O: Param = Param { optional: true };
const TABLE: &[Signature] = &[
    Signature { name: "count", kind: Kind::Aggregate, params: &[O], variadic: None, ret: "int" },
    Signature { name: "count_distinct", kind: Kind::Aggregate, params: &[R], variadic: None, ret: "int" },
    Signature { name: "sum", kind: Kind::Aggregate, params: &[R], variadic: None, ret: "num" },
    Signature { name: "avg", kind: Kind::Aggregate, params: &[R], variadic: None, ret: "float" },
    Signature { name: "min", kind: Kind::Aggregate, params: &[R], variadic: None, ret: "same" },
    Signature { name: "max", kind: Kind::Aggregate, params: &[R], variadic: None, ret: "same" },
    Signature { name: "values", kind: Kind::Aggregate, params: &[R], variadic: None, ret: "array" },
    Signature { name: "list", kind: Kind::Aggregate, params: &[R], variadic: None, ret: "array" },
    Signature { name: "if", kind: Kind::Scalar, params: &[R, R], variadic: Some(()), ret: "second" },
    Signature { name: "coalesce", kind: Kind::Scalar, params: &[R], variadic: Some(()), ret: "same" },
    Signature { name: "lowercase", kind: Kind::Scalar, params: &[R], variadic: None, ret: "string" },
    Signature { name: "subtract", kind: Kind::Scalar, params: &[R, R], variadic: None, ret: "num" },
    Signature { name: "extract_time", kind: Kind::Scalar, params: &[R, R], variadic: None, ret: "int" },
    Signature { name: "timestamp_diff", kind: Kind::Scalar, params: &[R, R, R], variadic: None, ret: "int" },
];

impl Signature {
    /// Result type.
    pub fn result(&self, arguments: &[Type]) -> Type {
        let first = arguments.first().cloned().unwrap_or(Type::Any);
        match self.ret {
            "int" => Type::Int,
            "float" => Type::Float,
            "string" => Type::String,
            "num" | "same" => first,
            "second" => arguments.get(1).cloned().unwrap_or(Type::Any),
            "array" => Type::array(first),
            _ => Type::Any,
        }
    }
}
/// Finds.
pub fn find(name: &str) -> Option<&'static Signature> {
    TABLE.iter().find(|s| s.name.eq_ignore_ascii_case(name))
}
/// Dialect.
pub fn dialect(name: &str) -> Option<Dialect> {
    match name {
        "hour" => Some(Dialect { standard: "extract_time", extra: Some("HOUR") }),
        "distinct_count" => Some(Dialect { standard: "count_distinct", extra: None }),
        _ => None,
    }
}
/// Nearest.
pub fn nearest(_: &str) -> Option<&'static str> {
    None
}
