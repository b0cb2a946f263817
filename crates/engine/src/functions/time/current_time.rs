//! `current_time()`
//!
//! When the query began, the same everywhere in it.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::TimestampMicrosecondArray;
use datafusion::common::Result;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{Expr, ScalarUDF};

use crate::functions::args::Args;
use crate::functions::udf::XqlFunction;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `current_time`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "current_time",
    aliases: &[],
    doc: "current_time(): When the query began, the same everywhere in it.",
    examples: &[],
    arity: (0, Some(0)),
    output: Output::Time,
    evaluate,
    varies: Varies::ByQuery,
};

/// The clock when the expression is evaluated, for rules: they have no query, and are compiled once for many batches.
const AT_RUN: FunctionSpec = FunctionSpec { varies: Varies::ByRow, ..SPEC };

/// A call that looks at the clock whenever it is evaluated.
pub(crate) fn at_run() -> Expr {
    Arc::new(ScalarUDF::from(XqlFunction::new(&AT_RUN))).call(Vec::new())
}

#[expect(clippy::unnecessary_wraps, reason = "a spec's function may fail")]
fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    // Reached where no query has a start time: in rules, and in a direct call.
    let now = jiff::Timestamp::now().as_microsecond();
    let times: TimestampMicrosecondArray = (0..args.rows()).map(|_| Some(now)).collect();
    Ok(Arc::new(times.with_timezone("UTC")))
}

/// The start of the query as a literal.
pub(crate) fn as_literal(args: Vec<Expr>, info: &SimplifyContext) -> ExprSimplifyResult {
    match info.query_execution_start_time() {
        Some(start) => {
            let micros =
                ScalarValue::TimestampMicrosecond(Some(start.timestamp_micros()), Some("UTC".into()));
            ExprSimplifyResult::Simplified(Expr::Literal(micros, None))
        }
        None => ExprSimplifyResult::Original(args),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::*;

    #[test]
    fn is_now() {
        let text = call("current_time", vec![]);
        let time: jiff::Timestamp = text.as_str().unwrap().parse().unwrap();
        assert!(jiff::Timestamp::now().duration_since(time).as_secs() < 60);
    }
}
