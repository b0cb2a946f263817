//! `iploc`: columns about the place of an address.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use atalanta_xql::ir::Location;
use datafusion::common::{Result as DfResult, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{Lowering, column, existing, project_over, typed_null};
use crate::error::EngineError;
use crate::geo::{Geo, Place};

impl Lowering<'_> {
    pub(super) fn locate(
        &self,
        input: LogicalPlan,
        name: &str,
        outputs: &[(Location, String)],
    ) -> Result<LogicalPlan, EngineError> {
        let source = existing(&input, name);
        let value = |what: Location| match &source {
            Some(source) => Locate::new(what, self.context.geo).call(column(source)),
            None => typed_null(&what.ty()),
        };
        project_over(input, outputs.iter().map(|(what, name)| (name.clone(), value(*what))).collect())
    }
}

#[derive(Debug)]
struct Locate {
    what: Location,
    geo: Arc<Geo>,
    signature: Signature,
}

impl Locate {
    fn new(what: Location, geo: &Arc<Geo>) -> Self {
        Self { what, geo: Arc::clone(geo), signature: Signature::any(1, Volatility::Immutable) }
    }

    fn call(self, address: datafusion::logical_expr::Expr) -> datafusion::logical_expr::Expr {
        ScalarUDF::from(self).call(vec![address])
    }
}

impl PartialEq for Locate {
    fn eq(&self, other: &Self) -> bool {
        self.what == other.what && Arc::ptr_eq(&self.geo, &other.geo)
    }
}

impl Eq for Locate {}

impl Hash for Locate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.what.hash(state);
    }
}

impl ScalarUDFImpl for Locate {
    fn name(&self) -> &str {
        self.what.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> DfResult<DataType> {
        Ok(if self.what == Location::Asn { DataType::Int64 } else { DataType::Utf8View })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let Some(value) = args.args.first() else { return exec_err!("iploc takes an address") };
        let addresses = addresses(&value.to_array(args.number_rows)?)?;
        let places = addresses.into_iter().map(|address| self.geo.find(address?, self.what));
        let number = |place: Option<Place>| match place {
            Some(Place::Number(number)) => Some(number),
            _ => None,
        };
        let text = |place: Option<Place>| match place {
            Some(Place::Text(text)) => Some(text),
            _ => None,
        };
        let array: ArrayRef = if self.what == Location::Asn {
            Arc::new(places.map(number).collect::<Int64Array>())
        } else {
            Arc::new(places.map(text).collect::<StringViewArray>())
        };
        Ok(ColumnarValue::Array(array))
    }
}

/// Texts are read as addresses, numbers as IPv4 addresses.
fn addresses(array: &ArrayRef) -> DfResult<Vec<Option<IpAddr>>> {
    if array.data_type().is_numeric() {
        let numbers = cast(array, &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        let address = |number: i64| u32::try_from(number).ok().map(|bits| IpAddr::V4(Ipv4Addr::from(bits)));
        return Ok(numbers.iter().map(|number| address(number?)).collect());
    }
    let texts = cast(array, &DataType::Utf8View)?;
    let texts = texts.as_string_view();
    Ok(texts.iter().map(|text| text?.trim().parse().ok()).collect())
}
