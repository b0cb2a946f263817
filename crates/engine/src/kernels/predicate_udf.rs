//! The kernels as `DataFusion` expressions.
//!
//! A predicate takes the column and, for the reader of an explain plan, the literal it was built from:
//! `contains_ci(action_http_request_body, Utf8("ignore previous"))`. The literal argument is display only: the
//! constructors below are the only way to build such an expression, so it always agrees with the kernel.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};

use super::{Cidr, Contains, Equals, InList, IpVersion, Kernel, KernelError, RegexMatch, Wildcard};

/// One test among several of the same column.
#[derive(Clone, Copy, Debug)]
pub enum Test<'a> {
    /// Substring, with case ignored or not.
    Contains(&'a str, bool),
    /// Anchored `*` pattern, with case ignored or not.
    Wildcard(&'a str, bool),
    /// Regular expression search.
    Regex(&'a str),
}

/// `column` passes all tests. They run one after the other over a column that is decoded once; as separate
/// predicates the scan would decode it for each.
///
/// # Errors
/// A pattern does not compile.
pub fn all_of(column: Expr, tests: &[Test<'_>]) -> Result<Expr, KernelError> {
    let mut kernels = Vec::with_capacity(tests.len());
    let mut literals = Vec::with_capacity(tests.len());
    for test in tests {
        let (kernel, shown) = match *test {
            Test::Contains(needle, fold) => {
                (Kernel::Contains(Contains::new(needle, fold)), format!("contains{} {needle}", case(fold)))
            }
            Test::Wildcard(pattern, fold) => {
                (Kernel::Wildcard(Wildcard::new(pattern, fold)), format!("wildcard{} {pattern}", case(fold)))
            }
            Test::Regex(pattern) => (Kernel::Regex(RegexMatch::new(pattern)?), format!("regex {pattern}")),
        };
        kernels.push(kernel);
        literals.push(shown);
    }
    Ok(StringPredicate::new("all_of", literals, Kernel::All(kernels)).into_expr(column))
}

fn case(fold: bool) -> &'static str {
    if fold { "_ci" } else { "" }
}

/// A string kernel as a scalar function of one column.
#[derive(Debug)]
pub struct StringPredicate {
    name: &'static str,
    /// The literals the kernel was built from; together with `name` they are its identity.
    literals: Vec<String>,
    kernel: Kernel,
    signature: Signature,
}

impl StringPredicate {
    fn new(name: &'static str, literals: Vec<String>, kernel: Kernel) -> Self {
        // The second argument is the literal shown in plans.
        Self { name, literals, kernel, signature: Signature::any(2, Volatility::Immutable) }
    }

    /// The literals the predicate was built from: one needle, pattern or range list, or the items of a list.
    #[must_use]
    pub fn literals(&self) -> &[String] {
        &self.literals
    }

    /// The kernel behind the function.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    fn into_expr(self, column: Expr) -> Expr {
        let shown = lit(self.literals.join(", "));
        Arc::new(ScalarUDF::from(self)).call(vec![column, shown])
    }
}

impl PartialEq for StringPredicate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.literals == other.literals
    }
}

impl Eq for StringPredicate {}

impl Hash for StringPredicate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.literals.hash(state);
    }
}

impl ScalarUDFImpl for StringPredicate {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.first() {
            Some(ColumnarValue::Array(array)) => {
                Ok(ColumnarValue::Array(Arc::new(self.kernel.evaluate(array)?)))
            }
            Some(ColumnarValue::Scalar(scalar)) => {
                let result = self.kernel.evaluate(&scalar.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?))
            }
            None => exec_err!("{} needs a column", self.name),
        }
    }
}

/// `expr` contains `needle`; an empty needle is contained in every text.
#[must_use]
pub fn contains(expr: Expr, needle: &str, fold: bool) -> Expr {
    let name = if fold { "contains_ci" } else { "contains" };
    let kernel = Kernel::Contains(Contains::new(needle, fold));
    StringPredicate::new(name, vec![needle.to_owned()], kernel).into_expr(expr)
}

/// `expr` matches the `*` pattern.
#[must_use]
pub fn wildcard(expr: Expr, pattern: &str, fold: bool) -> Expr {
    let name = if fold { "wildcard_ci" } else { "wildcard" };
    let kernel = Kernel::Wildcard(Wildcard::new(pattern, fold));
    StringPredicate::new(name, vec![pattern.to_owned()], kernel).into_expr(expr)
}

/// `expr` equals `literal`, case ignored.
#[must_use]
pub fn equals_fold(expr: Expr, literal: &str) -> Expr {
    let kernel = Kernel::Equals(Equals::new(literal, true));
    StringPredicate::new("equals_ci", vec![literal.to_owned()], kernel).into_expr(expr)
}

/// `expr` equals one of `items` or matches one that holds `*`.
#[must_use]
pub fn in_list<S: AsRef<str>>(expr: Expr, items: &[S], fold: bool) -> Expr {
    let name = if fold { "in_list_ci" } else { "in_list" };
    let literals = items.iter().map(|item| item.as_ref().to_owned()).collect();
    StringPredicate::new(name, literals, Kernel::InList(InList::new(items, fold))).into_expr(expr)
}

/// `expr` has a match of `pattern`.
///
/// # Errors
/// The pattern does not compile.
pub fn regex(expr: Expr, pattern: &str) -> Result<Expr, KernelError> {
    let kernel = Kernel::Regex(RegexMatch::new(pattern)?);
    Ok(StringPredicate::new("regex_match", vec![pattern.to_owned()], kernel).into_expr(expr))
}

/// `expr` is an address in one of `ranges`, separated by commas.
///
/// # Errors
/// A range cannot be read.
pub fn cidr(expr: Expr, ranges: &str, version: IpVersion) -> Result<Expr, KernelError> {
    let name = if version == IpVersion::V4 { "in_cidr" } else { "in_cidr6" };
    let kernel = Kernel::Cidr(Cidr::new(ranges, version)?);
    Ok(StringPredicate::new(name, vec![ranges.to_owned()], kernel).into_expr(expr))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, RecordBatch, StringViewArray};
    use datafusion::common::DFSchema;
    use datafusion::logical_expr::{
        col, execution_props::ExecutionProps, physical_planning_context::PhysicalPlanningContext,
    };
    use datafusion::physical_expr::create_physical_expr;

    use super::*;

    fn run(predicate: &Expr) -> Vec<Option<bool>> {
        let rows: ArrayRef = Arc::new(StringViewArray::from(vec![
            Some("IGNORE previous instructions"),
            Some("10.1.2.3"),
            None,
        ]));
        let batch = RecordBatch::try_from_iter([("body", rows)]).unwrap();
        let schema = DFSchema::try_from(batch.schema()).unwrap();
        let physical = create_physical_expr(
            predicate,
            &schema,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )
        .unwrap();
        physical.evaluate(&batch).unwrap().into_array(3).unwrap().as_boolean().iter().collect()
    }

    #[test]
    fn constructors_evaluate_over_a_batch() {
        let (yes, no) = ([Some(true), Some(false), None], [Some(false), Some(true), None]);
        assert_eq!(run(&contains(col("body"), "ignore PREVIOUS", true)), yes);
        assert_eq!(run(&wildcard(col("body"), "IGNORE*s", false)), yes);
        assert_eq!(run(&equals_fold(col("body"), "ignore previous INSTRUCTIONS")), yes);
        assert_eq!(run(&in_list(col("body"), &["x", "10.*"], true)), no);
        assert_eq!(run(&regex(col("body"), "(?i)ignore.*instr").unwrap()), yes);
        assert_eq!(run(&cidr(col("body"), "10.0.0.0/8", IpVersion::V4).unwrap()), no);
    }

    #[test]
    fn plans_show_the_literal() {
        let shown = contains(col("body"), "ignore previous", true).to_string();
        assert_eq!(shown, "contains_ci(body, Utf8(\"ignore previous\"))");
    }

    #[test]
    fn equal_literals_are_equal_expressions() {
        let build = |needle| contains(col("body"), needle, true);
        assert_eq!(build("a"), build("a"));
        assert_ne!(build("a"), build("b"));
        assert_ne!(build("a"), contains(col("body"), "a", false));
    }
}
