//! Placeholder until the functions branch is merged.
use datafusion::logical_expr::ScalarUDF;
use std::sync::Arc;
/// Looks up.
pub fn lookup(_: &str) -> Option<Arc<ScalarUDF>> {
    None
}
/// Lambda.
pub mod lambda {
    use datafusion::arrow::datatypes::DataType;
    use datafusion::logical_expr::Expr;
    /// Kind.
    #[derive(Clone, Copy, Debug)]
    pub enum LambdaKind {
        /// Any.
        Any,
    }
    impl LambdaKind {
        /// Of.
        pub fn of(_: &str) -> Option<Self> {
            None
        }
    }
    /// Makes.
    pub fn lambda_expr(
        _: LambdaKind,
        _: Expr,
        body: Expr,
        _: Vec<(String, DataType)>,
        _: DataType,
    ) -> datafusion::common::Result<Expr> {
        Ok(body)
    }
}
