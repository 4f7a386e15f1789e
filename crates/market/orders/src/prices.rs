//! What an order costs and why, kept as it was quoted and as it was settled: it can be asked long after the ride.

use doorstep_money::Money;
use doorstep_pricing::{Price, ShareTerms};
use doorstep_store::{StoreError, Tx, params};
use serde::{Deserialize, Serialize};

use crate::error::OrdersError;
use crate::holds;
use crate::ids::OrderId;
use crate::machine::State;
use crate::order::{Order, OrderEvent};
use crate::records::decode;

/// The price of an order: the quoted one, and from the end of a ride that was really shared the lower one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptPrice {
    /// What is paid, its lines and its reason.
    #[serde(flatten)]
    pub price: Price,
    /// How it came to be lower than quoted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
    /// What comes off when others ride along; for who shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<ShareTerms>,
}

/// Why a shared ride cost less in the end than was quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// With how many other parties the ride was in fact shared.
    pub shared_with: u32,
    /// What was quoted.
    pub quoted: Money,
    /// What came off at the end.
    pub saved: Money,
}

/// Keeps the price of a new order.
pub(crate) fn keep(tx: &mut dyn Tx, order: OrderId, price: &KeptPrice) -> Result<(), OrdersError> {
    let body = body(price);
    tx.execute("INSERT INTO order_prices (order_id, body) VALUES ($1, $2)", params![order.to_string(), body])?;
    Ok(())
}

/// The price of an order.
pub(crate) fn of(tx: &mut dyn Tx, order: OrderId) -> Result<KeptPrice, OrdersError> {
    find(tx, order)?.ok_or_else(|| OrdersError::NotFound { what: "price of order", id: order.to_string() })
}

fn find(tx: &mut dyn Tx, order: OrderId) -> Result<Option<KeptPrice>, OrdersError> {
    let row = tx.query_opt("SELECT body FROM order_prices WHERE order_id = $1", params![order.to_string()])?;
    let read = |body: String| decode("order price", &body);
    Ok(row.map(|row| row.text("body")).transpose()?.map(read).transpose()?)
}

/// At the end of a ride that was shared with others: lowers the fare of the order that is about to be written and of
/// its event, and gives the price to be kept then. Nothing is written here.
pub(crate) fn settle(
    tx: &mut dyn Tx,
    order: &mut Order,
    event: &mut OrderEvent,
) -> Result<Option<KeptPrice>, OrdersError> {
    let (State::Completed, Some(_), Some(driver)) = (order.state, order.share, &order.driver) else {
        return Ok(None);
    };
    let shared_with = holds::met(tx, driver.id, order.id)?;
    if shared_with == 0 {
        return Ok(None);
    }
    let Some(kept) = find(tx, order.id)? else { return Ok(None) };
    let Some(lower) = kept.settle(shared_with) else { return Ok(None) };
    (order.fare, event.order.fare) = (lower.price.total, lower.price.total);
    Ok(Some(lower))
}

/// Keeps the price that a ride came to.
pub(crate) fn lower(tx: &mut dyn Tx, order: OrderId, price: &KeptPrice) -> Result<(), StoreError> {
    tx.execute("UPDATE order_prices SET body = $1 WHERE order_id = $2", params![body(price), order.to_string()])?;
    Ok(())
}

impl KeptPrice {
    /// What was quoted.
    pub(crate) fn quoted(price: Price, terms: Option<ShareTerms>) -> Self {
        Self { price, settled: None, terms }
    }

    /// After a ride that was shared with so many others; none where that takes nothing off: no price ever rises.
    fn settle(&self, shared_with: u32) -> Option<Self> {
        let terms = self.terms.as_ref()?;
        let (quoted, price) = (self.price.total, terms.settle(&self.price, shared_with));
        let minor = quoted.minor - price.total.minor;
        let saved = Money::new(minor, quoted.currency);
        (minor > 0).then_some(Self { price, settled: Some(Settled { shared_with, quoted, saved }), terms: None })
    }
}

fn body(price: &KeptPrice) -> String {
    serde_json::to_string(price).expect("a price has string keys and finite numbers")
}
