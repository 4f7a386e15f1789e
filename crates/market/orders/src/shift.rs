//! Beginning, pausing and ending a shift, and what becomes of an order the driver holds.

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_store::Tx;

use crate::drivers::{self, Driver, Shift};
use crate::error::OrdersError;
use crate::holds;
use crate::ids::DriverId;
use crate::machine::{Actor, Command, ReassignReason, State};
use crate::order::Order;
use crate::recorded;
use crate::service::Orders;

/// A shift as it is now, and the orders that went back to searching because of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftChange {
    /// The driver after it.
    pub driver: Driver,
    /// Orders that were offered to him or accepted by him; they search again.
    pub released: Vec<Order>,
}

pub(crate) fn set(
    orders: &Orders,
    tx: &mut dyn Tx,
    tenant: &str,
    id: DriverId,
    shift: Shift,
    position: Option<Point>,
    now: Timestamp,
) -> Result<ShiftChange, OrdersError> {
    let mut driver = drivers::get(tx, tenant, id)?;
    let released = if shift == Shift::Online { Vec::new() } else { release(orders, tx, tenant, id, now)? };
    driver.shift = shift;
    driver.shift_at = now;
    driver.position = position.or(driver.position);
    drivers::write_shift(tx, &driver)?;
    recorded::note_shift(tx, &driver)?;
    Ok(ShiftChange { driver, released })
}

/// Orders before the pickup leave the driver; with a rider aboard the shift cannot end.
fn release(
    orders: &Orders,
    tx: &mut dyn Tx,
    tenant: &str,
    id: DriverId,
    now: Timestamp,
) -> Result<Vec<Order>, OrdersError> {
    let mut held = Vec::new();
    for order in holds::all_of(tx, id)? {
        let state = orders.get_in(tx, tenant, order)?.state;
        if state == State::OnTrip {
            return Err(OrdersError::DriverBusy { driver: id, order: Some(order) });
        }
        held.push((order, state));
    }
    let mut released = Vec::with_capacity(held.len());
    for (order, state) in held {
        let (command, actor) = match state {
            State::Offered => (Command::Withdraw { reason: ReassignReason::DriverOffline }, Actor::Dispatcher),
            _ => (Command::Release { driver: Some(id), reason: ReassignReason::DriverOffline }, Actor::Driver),
        };
        released.push(orders.command_in(tx, tenant, order, &command, actor, None, now)?);
    }
    Ok(released)
}
