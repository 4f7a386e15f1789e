//! What a city has served since its store was made.

use std::collections::BTreeMap;

use doorstep_store::{Tx, params};

use crate::error::OrdersError;
use crate::machine::State;

/// Counts and sums over all orders of a tenant in a city.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CityTotals {
    /// Orders ever made.
    pub requests: u64,
    /// Completed.
    pub served: u64,
    /// No driver was found.
    pub lost: u64,
    /// Called off.
    pub cancelled: u64,
    /// Riders ever picked up.
    pub picked_up: u64,
    /// Sum of their waits, milliseconds.
    pub wait_ms: i64,
    /// Sum of the delays of completed orders, milliseconds.
    pub delay_ms: i64,
}

pub(crate) fn read(tx: &mut dyn Tx, city: &str) -> Result<BTreeMap<String, CityTotals>, OrdersError> {
    // The casts keep PostgreSQL's sums, which are NUMERIC, whole numbers.
    let rows = tx.query(
        "SELECT tenant, state, count(*) AS orders, count(wait_ms) AS picked_up,
                CAST(coalesce(sum(wait_ms), 0) AS BIGINT) AS wait_ms,
                CAST(coalesce(sum(delay_ms), 0) AS BIGINT) AS delay_ms
         FROM orders WHERE city = $1 GROUP BY tenant, state",
        params![city],
    )?;
    let mut all: BTreeMap<String, CityTotals> = BTreeMap::new();
    for row in &rows {
        let totals = all.entry(row.text("tenant")?).or_default();
        let count = |column: &str| row.int(column).map(|n| u64::try_from(n).unwrap_or(0));
        let orders = count("orders")?;
        totals.requests += orders;
        totals.picked_up += count("picked_up")?;
        totals.wait_ms += row.int("wait_ms")?;
        totals.delay_ms += row.int("delay_ms")?;
        match State::parse(&row.text("state")?) {
            Some(State::Completed) => totals.served += orders,
            Some(State::NoDriver) => totals.lost += orders,
            Some(State::Cancelled) => totals.cancelled += orders,
            _ => {}
        }
    }
    Ok(all)
}
