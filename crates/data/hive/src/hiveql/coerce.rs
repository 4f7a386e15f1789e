//! Operators between values of unlike types: a text beside a number is a number, beside a day a day.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable as _, Operator, ScalarUDF};
use datafusion::sql::sqlparser::ast::BinaryOperator;

/// Casts the text before the engine compares or reckons; what does not fit is NULL and not an error.
#[derive(Debug)]
pub struct Coercion;

static CASTS: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(crate::functions::scalars);

fn cast(to: &str, value: Expr) -> Option<Expr> {
    CASTS.iter().find(|f| f.name() == to).map(|f| f.call(vec![value]))
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

impl ExprPlanner for Coercion {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let (op, reckons) = match expr.op {
            BinaryOperator::Eq => (Operator::Eq, false),
            BinaryOperator::NotEq => (Operator::NotEq, false),
            BinaryOperator::Lt => (Operator::Lt, false),
            BinaryOperator::LtEq => (Operator::LtEq, false),
            BinaryOperator::Gt => (Operator::Gt, false),
            BinaryOperator::GtEq => (Operator::GtEq, false),
            BinaryOperator::Spaceship => (Operator::IsNotDistinctFrom, false),
            BinaryOperator::Plus => (Operator::Plus, true),
            BinaryOperator::Minus => (Operator::Minus, true),
            BinaryOperator::Multiply => (Operator::Multiply, true),
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let (Ok(left), Ok(right)) = (expr.left.get_type(schema), expr.right.get_type(schema)) else {
            // A name that is not there is told with more words later.
            return Ok(PlannerResult::Original(expr));
        };
        let number = |t: &DataType| t.is_numeric();
        let wanted = match (is_text(&left), is_text(&right)) {
            (true, true) if reckons => Some("hive_double"),
            (true, false) => by(&right, reckons, number(&right)),
            (false, true) => by(&left, reckons, number(&left)),
            _ => None,
        };
        let Some(to) = wanted else { return Ok(PlannerResult::Original(expr)) };
        let side = |value: Expr, data_type: &DataType| {
            // Beside a text every number is a double.
            if is_text(data_type) || to == "hive_double" { cast(to, value.clone()).unwrap_or(value) } else { value }
        };
        let (left, right) = (side(expr.left, &left), side(expr.right, &right));
        Ok(PlannerResult::Planned(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))))
    }
}

/// The cast of a text beside a value of another type.
fn by(other: &DataType, reckons: bool, number: bool) -> Option<&'static str> {
    match other {
        _ if number => Some("hive_double"),
        DataType::Date32 if !reckons => Some("hive_date"),
        DataType::Timestamp(..) if !reckons => Some("hive_timestamp"),
        DataType::Boolean if !reckons => Some("hive_boolean"),
        _ => None,
    }
}
