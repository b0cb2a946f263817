//! XQL's scalar functions, one file each.
//!
//! A function is a [`FunctionSpec`]: its names, manual text, executable examples, result type and evaluation over one
//! batch. [`lookup`] gives it to the planner as a `DataFusion` function. The spec's `evaluate` sees all arguments through
//! [`args::Args`], which accepts every reasonable Arrow type and reads literals once per batch.
//!
//! Common rules: text results are `Utf8View`, integers `Int64`, floats `Float64` (never NaN or infinite: those become
//! null), times `Timestamp(Microsecond, "UTC")`, arrays `List` of these; JSON is text. A function gives null if an
//! argument is null, unless its page says otherwise. No function panics on any value.

pub mod aggregates;
pub mod args;
pub mod arrays;
pub mod conditional;
pub mod conversion;
mod dictionary;
pub mod ip;
pub mod json;
pub mod lambda;
pub mod logs;
pub mod matching;
pub mod maths;
pub mod prompt;
mod results;
pub mod strings;
pub mod time;
pub mod udf;
pub mod urls;

#[cfg(test)]
pub(crate) mod testing;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

pub use results::{JSON_EXTENSION, Output, json_field, normal, timestamp_type};

use args::Args;
use udf::XqlFunction;

/// One XQL function: what a user reads about it and what the engine runs.
#[derive(Debug)]
pub struct FunctionSpec {
    /// Canonical name, lower case.
    pub name: &'static str,
    /// Other documented names of the same function.
    pub aliases: &'static [&'static str],
    /// The manual text: what it does and what it does with nulls.
    pub doc: &'static str,
    /// Executable examples: an XQL expression and its result as JSON text.
    pub examples: &'static [(&'static str, &'static str)],
    /// The fewest and the most arguments; `None` for any number.
    pub arity: (usize, Option<usize>),
    /// The type of the result.
    pub output: Output,
    /// Computes the result for one batch, one value per row.
    pub evaluate: fn(&Args<'_>) -> Result<ArrayRef>,
    /// May give another value for the same arguments (`rand`), or for another query (`current_time`).
    pub varies: Varies,
}

/// How long a function's value stays the same for the same arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Varies {
    /// Always.
    Never,
    /// Within a query.
    ByQuery,
    /// Not even from row to row.
    ByRow,
}

/// All functions, by family.
static FAMILIES: &[&[&FunctionSpec]] = &[
    arrays::FUNCTIONS,
    conditional::FUNCTIONS,
    conversion::FUNCTIONS,
    ip::FUNCTIONS,
    json::FUNCTIONS,
    logs::FUNCTIONS,
    maths::FUNCTIONS,
    prompt::FUNCTIONS,
    strings::FUNCTIONS,
    time::FUNCTIONS,
    urls::FUNCTIONS,
];

static ALL: LazyLock<Vec<&'static FunctionSpec>> = LazyLock::new(|| {
    let mut all: Vec<&'static FunctionSpec> =
        FAMILIES.iter().flat_map(|family| family.iter().copied()).collect();
    all.sort_by_key(|spec| spec.name);
    all
});

/// Functions that only the planner calls, by names that users cannot write.
fn internal() -> &'static [&'static FunctionSpec] {
    matching::FUNCTIONS
}

static BY_NAME: LazyLock<HashMap<&'static str, Arc<ScalarUDF>>> = LazyLock::new(|| {
    let mut functions = HashMap::new();
    for spec in all().iter().chain(internal()) {
        let udf = Arc::new(ScalarUDF::from(XqlFunction::new(spec)));
        for name in spec.aliases.iter().chain([&spec.name]) {
            functions.insert(*name, Arc::clone(&udf));
        }
    }
    functions
});

/// Every function, sorted by name.
#[must_use]
pub fn all() -> &'static [&'static FunctionSpec] {
    &ALL
}

/// The function of this name, in any letter case.
#[must_use]
pub fn lookup(name: &str) -> Option<Arc<ScalarUDF>> {
    BY_NAME.get(name.to_ascii_lowercase().as_str()).cloned()
}

/// The result type of `spec` for argument types, without literals; for checks and tests.
///
/// # Errors
/// The types do not fit the function.
pub fn output_type(spec: &FunctionSpec, arguments: &[DataType]) -> Result<DataType> {
    spec.output.data_type(spec.name, arguments)
}

#[cfg(test)]
mod tests {
    use atalanta_schema::Type;
    use atalanta_xql::signatures::{self, Kind, ParamType, Signature};

    use super::*;

    /// Scalars that have no implementation here, because the planner replaces them by literals.
    const PLANNED: &[&str] = &["hierarchy_match", "time_frame_end"];

    #[test]
    fn table_and_implementations_name_the_same_functions() {
        for signature in signatures::FUNCTIONS.iter().filter(|s| matches!(s.kind, Kind::Scalar | Kind::Rule))
        {
            let found = lookup(signature.name).is_some() || PLANNED.contains(&signature.name);
            assert!(found, "{} has a signature and no implementation", signature.name);
        }
        for name in BY_NAME.keys() {
            let internal = internal().iter().any(|spec| spec.name == *name);
            assert_eq!(signatures::find(name).is_none(), internal, "{name}: implementation and signature");
        }
    }

    #[test]
    fn every_function_has_a_manual_and_examples() {
        for spec in all() {
            assert!(spec.doc.len() > 20, "{}", spec.name);
            assert!(!spec.examples.is_empty() || spec.varies != Varies::Never, "{}", spec.name);
        }
    }

    fn arrow_type(ty: &Type) -> DataType {
        match ty {
            Type::Null | Type::Any => DataType::Null,
            Type::Bool => DataType::Boolean,
            Type::Int => DataType::Int64,
            Type::Float => DataType::Float64,
            Type::String | Type::Json => DataType::Utf8View,
            Type::Timestamp => timestamp_type(),
            Type::Array(element) => DataType::new_list(arrow_type(element), true),
        }
    }

    fn sample(param: ParamType) -> Type {
        match param {
            ParamType::Any | ParamType::Number | ParamType::Numeric => Type::Int,
            ParamType::Text => Type::String,
            ParamType::Array => Type::array(Type::Float),
            other => other.ty(),
        }
    }

    fn agree(spec: &FunctionSpec, signature: &Signature, count: usize) {
        let types: Vec<Type> = (0..count).filter_map(|i| signature.param(i)).map(sample).collect();
        let arguments: Vec<DataType> = types.iter().map(arrow_type).collect();
        let expected = arrow_type(&signature.result(&types));
        assert_eq!(output_type(spec, &arguments).unwrap(), expected, "{}({types:?})", spec.name);
    }

    #[test]
    fn table_and_implementations_agree_on_arity_and_type() {
        for spec in all() {
            for name in spec.aliases.iter().chain([&spec.name]) {
                let signature = signatures::find(name).unwrap();
                let required = signature.params.iter().filter(|param| !param.optional).count();
                let most = signature.variadic.is_none().then_some(signature.params.len());
                assert_eq!(spec.arity, (required, most), "{name}");
                for count in required..=signature.params.len() {
                    agree(spec, signature, count);
                }
            }
        }
    }
}
