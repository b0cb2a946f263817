//! Lists of one column that the optimizer must not merge.
//!
//! `DataFusion`'s simplifier turns `n = 1 or n = 2` into `n IN (1, 2)`, and `n IN (1, 2) and n IN (3, 4)`
//! into `false`. For a null `n` the condition is null, not false; a filter does not care, but
//! `not (…)` over it would keep the row (and `n NOT IN … or n NOT IN …`, which becomes `true`, does keep it).
//! Below a negation, and where the value of a condition is stored, such columns are wrapped into a function
//! that gives back its argument: the simplifier knows no lists of functions. The second argument numbers the
//! lists, since the optimizer would compute the same call of two lists once, as one column.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility, lit,
};

/// Wraps the columns that stand in two or more lists of a condition, if the condition's null matters.
pub(crate) fn keep_apart(condition: Expr) -> Result<Expr> {
    let mut lists = Vec::new();
    condition.apply(|node| {
        let Some(column) = list_column(node) else { return Ok(TreeNodeRecursion::Continue) };
        lists.push(column.clone());
        Ok(TreeNodeRecursion::Jump)
    })?;
    let twice = |column: &Column| lists.iter().filter(|one| *one == column).count() > 1;
    if !lists.iter().any(twice) {
        return Ok(condition);
    }
    let mut number = 0_u64;
    let wrapped = condition.transform_down(|node| {
        if !list_column(&node).is_some_and(twice) {
            return Ok(Transformed::no(node));
        }
        number += 1;
        Ok(Transformed::new(wrap(node, number)?, true, TreeNodeRecursion::Jump))
    })?;
    Ok(wrapped.data)
}

fn wrap(list: Expr, number: u64) -> Result<Expr> {
    let wrapped = list.transform_down(|node| {
        Ok(match node {
            Expr::Column(_) => {
                Transformed::new(APART.call(vec![node, lit(number)]), true, TreeNodeRecursion::Jump)
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(wrapped.data)
}

/// True if a condition holds a negation.
pub(crate) fn negates(condition: &Expr) -> bool {
    condition.exists(|node| Ok(matches!(node, Expr::Not(_)))).unwrap_or(true)
}

/// The column of `c = 1 or c = 2 or …`, which the simplifier would make a list.
fn list_column(node: &Expr) -> Option<&Column> {
    match node {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let column = item_column(left)?;
            (item_column(right)? == column).then_some(column)
        }
        _ => None,
    }
}

fn item_column(node: &Expr) -> Option<&Column> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = node else {
        return list_column(node);
    };
    match (left.as_ref(), right.as_ref()) {
        (Expr::Column(column), Expr::Literal(..)) | (Expr::Literal(..), Expr::Column(column)) => Some(column),
        _ => None,
    }
}

static APART: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let signature = Signature::any(2, Volatility::Immutable);
    Arc::new(ScalarUDF::from(Apart { signature }))
});

/// Gives back its first argument.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Apart {
    signature: Signature,
}

impl ScalarUDFImpl for Apart {
    fn name(&self) -> &'static str {
        "apart"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::clone(&args.arg_fields[0]))
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(args.args.swap_remove(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::logical_expr::col;

    fn list(name: &str, items: [i64; 2]) -> Expr {
        col(name).eq(lit(items[0])).or(col(name).eq(lit(items[1])))
    }

    #[test]
    fn only_columns_of_several_lists_are_wrapped() {
        let one = list("n", [1, 2]).and(list("m", [3, 4]));
        assert_eq!(keep_apart(one.clone()).unwrap(), one);
        let one = list("n", [1, 2]).or(list("n", [3, 4]));
        assert_eq!(keep_apart(one.clone()).unwrap(), one);
        let two = keep_apart(list("n", [1, 2]).and(list("n", [3, 4])).and(list("m", [5, 6]))).unwrap();
        let text = two.to_string();
        assert_eq!((text.matches("apart(n, ").count(), text.matches("apart(m, ").count()), (4, 0), "{text}");
    }
}
