//! The bridge from a [`FunctionSpec`] to `DataFusion`.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};

use super::args::Args;
use super::results::{Output, json_field};
use super::{FunctionSpec, Varies, dictionary, time};

/// An XQL function as a `DataFusion` scalar function.
#[derive(Debug)]
pub struct XqlFunction {
    spec: &'static FunctionSpec,
    aliases: Vec<String>,
    signature: Signature,
}

impl XqlFunction {
    /// Wraps a spec.
    #[must_use]
    pub fn new(spec: &'static FunctionSpec) -> Self {
        let volatility = match spec.varies {
            Varies::Never => Volatility::Immutable,
            Varies::ByQuery => Volatility::Stable,
            Varies::ByRow => Volatility::Volatile,
        };
        // Types are coerced inside, so that a dictionary or a literal arrives as it is.
        let any = TypeSignature::OneOf(vec![TypeSignature::Nullary, TypeSignature::VariadicAny]);
        let aliases = spec.aliases.iter().map(ToString::to_string).collect();
        Self { spec, aliases, signature: Signature::new(any, volatility) }
    }

    /// What the function is.
    #[must_use]
    pub fn spec(&self) -> &'static FunctionSpec {
        self.spec
    }

    fn check_arity(&self, given: usize) -> Result<()> {
        let (least, most) = self.spec.arity;
        if given >= least && most.is_none_or(|most| given <= most) {
            return Ok(());
        }
        let expected = match most {
            Some(most) if most == least => least.to_string(),
            Some(most) => format!("{least} to {most}"),
            None => format!("at least {least}"),
        };
        plan_err!("{} expects {expected} arguments, found {given}", self.spec.name)
    }
}

impl PartialEq for XqlFunction {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name
    }
}

impl Eq for XqlFunction {}

impl Hash for XqlFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
    }
}

impl ScalarUDFImpl for XqlFunction {
    fn name(&self) -> &str {
        self.spec.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.check_arity(arguments.len())?;
        self.spec.output.data_type(self.spec.name, arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let ty = self.return_type(&types)?;
        if matches!(self.spec.output, Output::Json) {
            return Ok(json_field(self.spec.name));
        }
        Ok(Arc::new(Field::new(self.spec.name, ty, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.check_arity(args.args.len())?;
        let constant = self.spec.varies != Varies::ByRow
            && args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let evaluate =
            |args: &ScalarFunctionArgs, rows| (self.spec.evaluate)(&Args::new(self.spec.name, args, rows));
        let by_value = match self.spec.varies {
            Varies::ByRow => None,
            _ => dictionary::by_value(&args, evaluate)?,
        };
        let result = match by_value {
            Some(result) => result,
            None => evaluate(&args, rows)?,
        };
        if result.data_type() != args.return_type() {
            return Err(DataFusionError::Internal(format!(
                "{} gave {}, its declared type is {}",
                self.spec.name,
                result.data_type(),
                args.return_type()
            )));
        }
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        match self.spec.name {
            "current_time" => Ok(time::current_time::as_literal(args, info)),
            _ => Ok(ExprSimplifyResult::Original(args)),
        }
    }
}
