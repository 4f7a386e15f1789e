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

/// A shift as it is now, and the order that went back to searching because of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftChange {
    /// The driver after it.
    pub driver: Driver,
    /// An order that was offered to him or accepted by him; it searches again.
    pub released: Option<Order>,
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
    let released = if shift == Shift::Online { None } else { release(orders, tx, tenant, id, now)? };
    driver.shift = shift;
    driver.shift_at = now;
    driver.position = position.or(driver.position);
    drivers::write_shift(tx, &driver)?;
    recorded::note_shift(tx, &driver)?;
    Ok(ShiftChange { driver, released })
}

/// An order before the pickup leaves the driver; with the rider aboard the shift cannot end.
fn release(
    orders: &Orders,
    tx: &mut dyn Tx,
    tenant: &str,
    id: DriverId,
    now: Timestamp,
) -> Result<Option<Order>, OrdersError> {
    let Some(held) = holds::held_by(tx, id)? else {
        return Ok(None);
    };
    let state = orders.get_in(tx, tenant, held)?.state;
    let (command, actor) = match state {
        State::OnTrip => return Err(OrdersError::DriverBusy { driver: id, order: Some(held) }),
        State::Offered => (Command::Withdraw { reason: ReassignReason::DriverOffline }, Actor::Dispatcher),
        _ => (Command::Release { driver: Some(id), reason: ReassignReason::DriverOffline }, Actor::Driver),
    };
    orders.command_in(tx, tenant, held, &command, actor, None, now).map(Some)
}
