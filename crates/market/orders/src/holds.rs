//! One open order per driver: the row whose primary key is the driver.
//!
//! Two orders that reach for one driver meet here; the store lets one of them in.

use doorstep_store::{StoreError, Tx, params};

use crate::error::OrdersError;
use crate::ids::{DriverId, OrderId};

/// Takes the driver for the order, or says which order has him.
pub(crate) fn take(tx: &mut dyn Tx, driver: DriverId, order: OrderId) -> Result<(), OrdersError> {
    let inserted = tx.execute(
        "INSERT INTO driver_holds (driver, order_id) VALUES ($1, $2) ON CONFLICT (driver) DO NOTHING",
        params![driver.to_string(), order.to_string()],
    )?;
    if inserted == 1 {
        return Ok(());
    }
    Err(OrdersError::DriverBusy { driver, order: held_by(tx, driver)? })
}

/// Lets the driver go, if it is this order that has him.
pub(crate) fn leave(tx: &mut dyn Tx, driver: DriverId, order: OrderId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM driver_holds WHERE driver = $1 AND order_id = $2",
        params![driver.to_string(), order.to_string()],
    )?;
    Ok(())
}

/// The order that has the driver.
pub(crate) fn held_by(tx: &mut dyn Tx, driver: DriverId) -> Result<Option<OrderId>, OrdersError> {
    let row = tx.query_opt("SELECT order_id FROM driver_holds WHERE driver = $1", params![driver.to_string()])?;
    match row {
        Some(row) => Ok(Some(OrderId::parse(&row.text("order_id")?)?)),
        None => Ok(None),
    }
}
