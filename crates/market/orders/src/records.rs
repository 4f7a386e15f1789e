//! Orders and their events in the store: reading, and the one way to write a change.

use doorstep_clock::Timestamp;
use doorstep_store::{StoreError, Tx, Value, outbox, params};
use serde::de::DeserializeOwned;

use crate::error::OrdersError;
use crate::holds;
use crate::ids::{DriverId, OrderId, QuoteId};
use crate::machine::State;
use crate::metrics;
use crate::order::{Order, OrderEvent};
use crate::page::{Conditions, Page, check, limit};

/// The journal stream of a city's order events.
pub(crate) fn stream(city: &str) -> String {
    format!("orders.{city}")
}

/// Which orders a list shows; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// In this city.
    pub city: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// Only those where something can still happen.
    pub open: bool,
    /// With this driver.
    pub driver: Option<DriverId>,
    /// Of this rider (the caller's own id).
    pub rider: Option<String>,
}

pub(crate) fn decode<T: DeserializeOwned>(key: &str, body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|e| StoreError::Decode { key: key.to_owned(), reason: e.to_string() })
}

fn bodies<T: DeserializeOwned>(tx: &mut dyn Tx, key: &str, sql: &str, params: &[Value]) -> Result<Vec<T>, OrdersError> {
    let rows = tx.query(sql, params)?;
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.push(decode(key, &row.text("body")?)?);
    }
    Ok(items)
}

pub(crate) fn get(tx: &mut dyn Tx, tenant: &str, id: OrderId) -> Result<Order, OrdersError> {
    bodies(tx, "order", "SELECT body FROM orders WHERE id = $1 AND tenant = $2", params![id.to_string(), tenant])?
        .pop()
        .ok_or_else(|| OrdersError::NotFound { what: "order", id: id.to_string() })
}

pub(crate) fn of_quote(tx: &mut dyn Tx, quote: QuoteId) -> Result<Option<OrderId>, OrdersError> {
    match tx.query_opt("SELECT id FROM orders WHERE quote_id = $1", params![quote.to_string()])? {
        Some(row) => Ok(Some(OrderId::parse(&row.text("id")?)?)),
        None => Ok(None),
    }
}

/// Every open order of a city, oldest first: what a service starts from.
pub(crate) fn open(tx: &mut dyn Tx, city: &str) -> Result<Vec<Order>, OrdersError> {
    bodies(tx, "order", "SELECT body FROM orders WHERE city = $1 AND open = 1 ORDER BY id", params![city])
}

/// Orders of a city made since a moment, and after `after` in the order of ids, which sort by time.
pub(crate) fn made_after(
    tx: &mut dyn Tx,
    city: &str,
    after: Option<OrderId>,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Order>, OrdersError> {
    let from = after.unwrap_or_else(|| OrderId::first_of(since)).to_string();
    let sql = format!("SELECT body FROM orders WHERE city = $1 AND id > $2 ORDER BY id LIMIT {limit}");
    bodies(tx, "order", &sql, params![city, from])
}

pub(crate) fn list(
    tx: &mut dyn Tx,
    tenant: &str,
    filter: &OrderFilter,
    cursor: Option<&str>,
    asked: usize,
) -> Result<Page<Order>, OrdersError> {
    let size = limit(asked);
    let mut conditions = Conditions::tenant(tenant);
    conditions.and_if("city = ?", filter.city.as_deref());
    conditions.and_if("state = ?", filter.state.map(State::as_str));
    conditions.and_if("driver = ?", filter.driver.map(|d| d.to_string()));
    conditions.and_if("rider_ref = ?", filter.rider.as_deref());
    conditions.and_if("id < ?", check::<OrderId>(cursor)?);
    if filter.open {
        conditions.and_fixed("open = 1");
    }
    let sql = format!("SELECT body FROM orders WHERE {} ORDER BY id DESC LIMIT {}", conditions.sql(), size + 1);
    Ok(Page::cut(bodies(tx, "order", &sql, conditions.params())?, size, |o: &Order| o.id.to_string()))
}

pub(crate) fn events(
    tx: &mut dyn Tx,
    order: OrderId,
    after_version: i64,
    asked: usize,
) -> Result<Vec<OrderEvent>, OrdersError> {
    let sql = format!(
        "SELECT body FROM order_events WHERE order_id = $1 AND version > $2 ORDER BY version LIMIT {}",
        limit(asked)
    );
    bodies(tx, "order event", &sql, params![order.to_string(), after_version])
}

/// The latest events that concern a driver, newest first.
pub(crate) fn events_of_driver(
    tx: &mut dyn Tx,
    driver: DriverId,
    asked: usize,
) -> Result<Vec<OrderEvent>, OrdersError> {
    let sql = format!(
        "SELECT body FROM order_events WHERE driver = $1 ORDER BY at DESC, version DESC LIMIT {}",
        limit(asked)
    );
    bodies(tx, "order event", &sql, params![driver.to_string()])
}

/// Writes a new order; refuses the second order of one quote.
pub(crate) fn insert(tx: &mut dyn Tx, order: &Order, event: &OrderEvent) -> Result<(), OrdersError> {
    let inserted = tx.execute(
        "INSERT INTO orders (id, tenant, city, state, open, version, quote_id, driver, rider_ref, wait_ms, delay_ms, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (quote_id) DO NOTHING",
        params![
            order.id.to_string(),
            order.tenant.as_str(),
            order.city.as_str(),
            order.state.as_str(),
            order.state.is_open(),
            order.version,
            order.quote_id.to_string(),
            order.driver.as_ref().map(|d| d.id.to_string()),
            order.rider.reference.as_deref(),
            order.wait_ms(),
            order.delay_ms(),
            encode(order),
        ],
    )?;
    if inserted == 0 {
        return Err(OrdersError::QuoteUsed { quote: order.quote_id, order: of_quote(tx, order.quote_id)? });
    }
    record(tx, order, event)
}

/// Writes a decided change: holds, the order (compare-and-set on the version), event, outbox.
///
/// A refusal leaves nothing behind, so that a transaction may try several orders and go on.
pub(crate) fn update(tx: &mut dyn Tx, before: &Order, after: &Order, event: &OrderEvent) -> Result<(), OrdersError> {
    let (held, holds_now) = (before.holder(), after.holder());
    let taken = if holds_now == held { None } else { holds_now };
    if let Some(driver) = taken {
        holds::take(tx, driver, after)?;
    }
    if let Some(driver) = holds_now.filter(|_| taken.is_none() && before.route.is_some() && after.route.is_none()) {
        holds::stay_alone(tx, driver, after)?;
    }
    if let (Some(driver), State::Arriving | State::Arrived | State::OnTrip) = (holds_now, after.state) {
        holds::require_current(tx, driver, after)?;
    }
    let boarding = match holds_now.filter(|_| after.state == State::OnTrip && before.state != State::OnTrip) {
        Some(driver) => Some((driver, holds::room_for(tx, driver, after)?)),
        None => None,
    };
    let updated = tx.execute(
        "UPDATE orders SET state = $1, open = $2, version = $3, driver = $4, wait_ms = $5, delay_ms = $6, body = $7
         WHERE id = $8 AND version = $9",
        params![
            after.state.as_str(),
            after.state.is_open(),
            after.version,
            after.driver.as_ref().map(|d| d.id.to_string()),
            after.wait_ms(),
            after.delay_ms(),
            encode(after),
            after.id.to_string(),
            before.version,
        ],
    )?;
    if updated == 0 {
        if let Some(driver) = taken {
            holds::leave(tx, driver, after.id)?;
        }
        let actual = get(tx, &before.tenant, before.id)?.version;
        return Err(OrdersError::VersionConflict { order: before.id, expected: before.version, actual });
    }
    if let Some((driver, boarding)) = boarding {
        holds::board(tx, driver, after.id, &boarding)?;
    }
    if let Some(driver) = held
        && holds_now != held
    {
        holds::leave(tx, driver, before.id)?;
    }
    record(tx, after, event)
}

fn record(tx: &mut dyn Tx, order: &Order, event: &OrderEvent) -> Result<(), OrdersError> {
    let payload = serde_json::to_value(event).expect("an event has string keys and finite numbers");
    let at: Timestamp = event.at;
    tx.execute(
        "INSERT INTO order_events (order_id, version, kind, at, driver, body) VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            order.id.to_string(),
            event.version,
            event.kind.as_str(),
            at,
            event.driver.map(|d| d.to_string()),
            payload.to_string()
        ],
    )?;
    outbox::append(tx, &stream(&order.city), event.kind.as_str(), &order.id.to_string(), &payload, at)?;
    metrics::changed(event.kind);
    Ok(())
}

fn encode(order: &Order) -> String {
    serde_json::to_string(order).expect("an order has string keys and finite numbers")
}
