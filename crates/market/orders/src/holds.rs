//! Who has a driver: at most one order at a time, and one more to follow it.
//!
//! The *current* order is the row of `driver_holds`, whose primary key is the driver; while its rider is aboard, a
//! *next* order may wait in `driver_next`, with the same key. Two orders that reach for one driver meet here; the
//! store lets one of them in. When the current order leaves the driver, the next one becomes current.

use doorstep_store::{StoreError, Tx, params};

use crate::error::OrdersError;
use crate::ids::{DriverId, OrderId};
use crate::machine::State;

/// Takes the driver for the order, as his current or his next, or says which order has him.
pub(crate) fn take(tx: &mut dyn Tx, driver: DriverId, order: OrderId) -> Result<(), OrdersError> {
    let inserted = tx.execute(
        "INSERT INTO driver_holds (driver, order_id) VALUES ($1, $2) ON CONFLICT (driver) DO NOTHING",
        params![driver.to_string(), order.to_string()],
    )?;
    if inserted == 1 {
        return Ok(());
    }
    // Changing nothing locks the row: the current order cannot end before the next one stands behind it.
    let on_trip = tx.execute(
        "UPDATE driver_holds SET order_id = order_id WHERE driver = $1
         AND EXISTS (SELECT 1 FROM orders WHERE orders.id = driver_holds.order_id AND orders.state = $2)",
        params![driver.to_string(), State::OnTrip.as_str()],
    )?;
    if on_trip == 1 {
        let inserted = tx.execute(
            "INSERT INTO driver_next (driver, order_id) VALUES ($1, $2) ON CONFLICT (driver) DO NOTHING",
            params![driver.to_string(), order.to_string()],
        )?;
        if inserted == 1 {
            return Ok(());
        }
    }
    Err(OrdersError::DriverBusy { driver, order: held_by(tx, driver)? })
}

/// Lets the driver go, if it is this order that has him; the one that waited behind it becomes current.
pub(crate) fn leave(tx: &mut dyn Tx, driver: DriverId, order: OrderId) -> Result<(), StoreError> {
    let (who, which) = (driver.to_string(), order.to_string());
    let current = tx.execute("DELETE FROM driver_holds WHERE driver = $1 AND order_id = $2", params![&who, &which])?;
    if current == 1 {
        tx.execute(
            "INSERT INTO driver_holds (driver, order_id) SELECT driver, order_id FROM driver_next WHERE driver = $1",
            params![&who],
        )?;
        tx.execute("DELETE FROM driver_next WHERE driver = $1", params![&who])?;
    } else {
        tx.execute("DELETE FROM driver_next WHERE driver = $1 AND order_id = $2", params![&who, &which])?;
    }
    Ok(())
}

/// Refuses what only the driver's current order may do.
pub(crate) fn require_current(tx: &mut dyn Tx, driver: DriverId, order: OrderId) -> Result<(), OrdersError> {
    match held_by(tx, driver)? {
        Some(current) if current != order => Err(OrdersError::DriverBusy { driver, order: Some(current) }),
        _ => Ok(()),
    }
}

/// The driver's current order.
pub(crate) fn held_by(tx: &mut dyn Tx, driver: DriverId) -> Result<Option<OrderId>, OrdersError> {
    let row = tx.query_opt("SELECT order_id FROM driver_holds WHERE driver = $1", params![driver.to_string()])?;
    match row {
        Some(row) => Ok(Some(OrderId::parse(&row.text("order_id")?)?)),
        None => Ok(None),
    }
}
