//! Functions of Spark's library under a name of Hive's own.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use datafusion_spark::function::{bitwise, collection, hash, map, math, string, url};

/// A function that answers as `inner` does.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Renamed {
    name: String,
    inner: Arc<ScalarUDF>,
}

impl ScalarUDFImpl for Renamed {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.inner.invoke_with_args(args)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }
}

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let named: Vec<(&str, Arc<ScalarUDF>)> = vec![
        ("hive_base64", string::base64()),
        ("hive_unbase64", string::unbase64()),
        ("hive_elt", string::elt()),
        ("hive_soundex", string::soundex()),
        ("hive_hex", math::hex()),
        ("hive_unhex", math::unhex()),
        ("hive_bin", math::bin()),
        ("hive_factorial", math::factorial()),
        ("hive_ceil", math::ceil()),
        ("hive_floor", math::floor()),
        ("hive_width_bucket", math::width_bucket()),
        ("hive_shiftleft", bitwise::shiftleft()),
        ("hive_shiftright", bitwise::shiftright()),
        ("hive_shiftrightunsigned", bitwise::shiftrightunsigned()),
        ("hive_bitwise_not", bitwise::bitwise_not()),
        ("hive_sha1", hash::sha1()),
        ("hive_sha2", hash::sha2()),
        ("hive_crc32", hash::crc32()),
        ("hive_size", collection::size()),
        ("hive_str_to_map", map::str_to_map()),
        ("hive_parse_url", url::try_parse_url()),
        ("hive_slice", datafusion_spark::function::array::slice()),
    ];
    named.into_iter().map(|(name, inner)| Arc::new(ScalarUDF::from(Renamed { name: name.to_owned(), inner }))).collect()
}
