//! What a query costs: asked for before it runs, held to its caps while it does, charged when it has ended.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::execution::SessionState;
use doorstep_meter::{Amounts, CapKind, Estimate, MeterError, Outcome, Resource, Usage};

use super::answer::planned_bytes;
use super::query::{Cost, Query, QueryEnd, Statistics};
use super::rates::Guess;
use super::scope::Scope;
use super::{Statement, statements};
use crate::{LakeError, Limit};

/// The session's setting that names the speed of its queries.
pub const SPEED: &str = "speed";

/// Time and memory for which every query has leave from the start.
const BEGIN_MS: u64 = 100;
const BEGIN_MIB: u64 = 64;

/// What a query used, in the meter's words.
pub(super) fn amounts(used: &Statistics) -> Amounts {
    of(used.cpu_ms, used.memory_mib_ms, used.bytes_scanned)
}

fn of(cpu_ms: u64, memory_mib_ms: u64, scan_bytes: u64) -> Amounts {
    let pairs =
        [(Resource::QueryCpu, cpu_ms), (Resource::QueryMemory, memory_mib_ms), (Resource::QueryScan, scan_bytes)];
    let whole = |quantity| i64::try_from(quantity).unwrap_or(i64::MAX);
    pairs.into_iter().filter(|(_, quantity)| *quantity > 0).map(|(r, quantity)| (r, whole(quantity))).collect()
}

/// What is reserved for a query before it runs: until it is looked at for the first time it may use so much. Many short
/// ones at once then cannot pass the month's cap together.
pub(super) fn to_begin_with(cores: usize) -> Amounts {
    of(BEGIN_MS * cores as u64, BEGIN_MS * BEGIN_MIB, 0)
}

/// The record of a query that ended.
pub(super) fn usage(query: &Query, end: QueryEnd, used: &Statistics, speed: &str) -> Usage {
    let who = query.principal();
    let mut usage = Usage::new(query.id(), who.tenant.as_str(), query.asked_at())
        .by(who.key.as_str())
        .at_speed(speed)
        .ended(match end {
            QueryEnd::Done => Outcome::Done,
            QueryEnd::Cancelled => Outcome::Cancelled,
            QueryEnd::Failed => Outcome::Failed,
        });
    usage.amounts = amounts(used);
    usage
}

impl From<&Estimate> for Cost {
    fn from(estimate: &Estimate) -> Self {
        Self { amount: estimate.total.decimal(), currency: estimate.total.currency.to_string() }
    }
}

impl From<MeterError> for LakeError {
    fn from(error: MeterError) -> Self {
        match error {
            MeterError::CapReached { cap: CapKind::QueryScan, .. } => {
                Self::Limit { limit: Limit::Bytes, detail: error.to_string() }
            }
            MeterError::CapReached { .. } => Self::Limit { limit: Limit::Cost, detail: error.to_string() },
            MeterError::Field { field, reason, fix } => Self::Invalid { field: field.to_owned(), reason, fix },
            MeterError::Overloaded { waiting } => Self::Overloaded { waiting },
            MeterError::Store(error) => Self::Store(error),
            MeterError::Journal(error) => Self::Journal(error),
            other => Self::Execution(other.to_string()),
        }
    }
}

/// The statement behind `EXPLAIN COST`.
pub(super) fn asks_for_cost(text: &str) -> Option<&str> {
    statements::behind(&["EXPLAIN", "COST"], text)
}

/// What a query over so many bytes of files is likely to cost the session.
pub(super) async fn estimate(scope: &Scope, bytes_planned: u64) -> Result<Estimate, LakeError> {
    let Guess { scan_bytes, cpu_ms, memory_mib_ms } = scope.engine.guess(bytes_planned);
    let speed = scope.session.setting(SPEED).unwrap_or_else(|| doorstep_meter::STANDARD.to_owned());
    let wanted = of(cpu_ms, memory_mib_ms, scan_bytes);
    Ok(scope.engine.meter().estimate(scope.session.tenant(), &speed, &wanted).await?)
}

/// What a statement would cost: a row for each resource, and one for all.
pub(super) async fn explain(
    scope: &Arc<Scope>,
    state: &SessionState,
    statement: &Statement,
) -> Result<RecordBatch, LakeError> {
    let (plan, _) = statements::logical(scope, state, statement).await?;
    let bytes = planned_bytes(&state.create_physical_plan(&plan).await?);
    let estimate = estimate(scope, bytes).await?;
    let (mut resources, mut quantities, mut units, mut costs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (resource, quantity, cost) in &estimate.lines {
        resources.push(resource.as_str().to_owned());
        quantities.push(Some(*quantity));
        units.push(Some(resource.base()));
        costs.push(cost.decimal());
    }
    resources.push("total".to_owned());
    quantities.push(None);
    units.push(None);
    costs.push(estimate.total.decimal());
    let currencies = vec![estimate.total.currency.to_string(); resources.len()];
    let field = |name: &str, kind, nullable| Field::new(name, kind, nullable);
    let schema = Schema::new(vec![
        field("resource", DataType::Utf8, false),
        field("quantity", DataType::Int64, true),
        field("unit", DataType::Utf8, true),
        field("cost", DataType::Utf8, false),
        field("currency", DataType::Utf8, false),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(resources)),
        Arc::new(Int64Array::from(quantities)),
        Arc::new(StringArray::from(units)),
        Arc::new(StringArray::from(costs)),
        Arc::new(StringArray::from(currencies)),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).map_err(|e| LakeError::Execution(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::asks_for_cost;

    #[test]
    fn the_statement_behind_is_found() {
        assert_eq!(asks_for_cost("explain  Cost\nSELECT 1"), Some("SELECT 1"));
        assert_eq!(asks_for_cost("EXPLAIN SELECT cost FROM t"), None);
        assert_eq!(asks_for_cost("EXPLAIN COSTS"), None);
        assert_eq!(asks_for_cost("SELECT 1"), None);
    }
}
