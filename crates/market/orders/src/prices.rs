//! What an order costs and why, kept as it was quoted: it can be asked long after the ride.

use doorstep_pricing::Price;
use doorstep_store::{Tx, params};

use crate::error::OrdersError;
use crate::ids::OrderId;
use crate::records::decode;

/// Keeps the price of a new order.
pub(crate) fn keep(tx: &mut dyn Tx, order: OrderId, price: &Price) -> Result<(), OrdersError> {
    let body = serde_json::to_string(price).expect("a price has string keys and finite numbers");
    tx.execute("INSERT INTO order_prices (order_id, body) VALUES ($1, $2)", params![order.to_string(), body])?;
    Ok(())
}

/// The price of an order.
pub(crate) fn of(tx: &mut dyn Tx, order: OrderId) -> Result<Price, OrdersError> {
    let row = tx.query_opt("SELECT body FROM order_prices WHERE order_id = $1", params![order.to_string()])?;
    let row = row.ok_or_else(|| OrdersError::NotFound { what: "price of order", id: order.to_string() })?;
    Ok(decode("order price", &row.text("body")?)?)
}
