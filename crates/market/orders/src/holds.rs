//! Who has a driver: the rows of `driver_orders`, each in a numbered place of the driver's own.
//!
//! The primary key is driver and place: orders that reach for one place of one driver meet there, and the store lets
//! one of them in; its check lets no driver have more than [`MOST_ORDERS`](crate::MOST_ORDERS) places.
//!
//! - Alone, an order takes place 0: it is the driver's *current* order. While its rider is aboard, a *next* one may
//!   wait in place 1 and becomes current when the one before it leaves the driver.
//! - On a route ([`Order::route`]), an order takes any place that is free.

use doorstep_store::{StoreError, Tx, params};

use crate::drivers;
use crate::error::OrdersError;
use crate::ids::{DriverId, OrderId};
use crate::machine::State;
use crate::order::Order;

/// Takes the driver for the order, or says which order has him.
pub(crate) fn take(tx: &mut dyn Tx, driver: DriverId, order: &Order) -> Result<(), OrdersError> {
    drivers::require_suited(tx, driver, &order.asked())?;
    let taken = match order.route {
        Some(room) => take_any(tx, driver, order, room)?,
        None => take_current_or_next(tx, driver, order)?,
    };
    if taken { Ok(()) } else { Err(OrdersError::DriverBusy { driver, order: held_by(tx, driver)? }) }
}

fn take_current_or_next(tx: &mut dyn Tx, driver: DriverId, order: &Order) -> Result<bool, OrdersError> {
    if insert(tx, driver, 0, order)? {
        // On a route place 0 may be free while others are not.
        let alone = places(tx, driver)?.len() == 1;
        if !alone {
            leave(tx, driver, order.id)?;
        }
        return Ok(alone);
    }
    // Changing nothing locks the row: the current order cannot end before the next one stands behind it.
    let on_trip = tx.execute(
        "UPDATE driver_orders SET order_id = order_id WHERE driver = $1 AND place = 0
         AND EXISTS (SELECT 1 FROM orders WHERE orders.id = driver_orders.order_id AND orders.state = $2)",
        params![driver.to_string(), State::OnTrip.as_str()],
    )?;
    Ok(on_trip == 1 && places(tx, driver)?.len() == 1 && insert(tx, driver, 1, order)?)
}

fn take_any(tx: &mut dyn Tx, driver: DriverId, order: &Order, room: u8) -> Result<bool, OrdersError> {
    // Another transaction may be quicker at a place: then the next free one is tried.
    for _ in 0..=room {
        let taken = places(tx, driver)?;
        let Some(free) = (0..i64::from(room)).find(|place| !taken.contains(place)) else { return Ok(false) };
        if taken.len() >= usize::from(room) {
            return Ok(false);
        }
        if insert(tx, driver, free, order)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn insert(tx: &mut dyn Tx, driver: DriverId, place: i64, order: &Order) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO driver_orders (driver, place, order_id, seats, aboard) VALUES ($1, $2, $3, $4, 0)
         ON CONFLICT (driver, place) DO NOTHING",
        params![driver.to_string(), place, order.id.to_string(), order.seats],
    )?;
    Ok(inserted == 1)
}

fn places(tx: &mut dyn Tx, driver: DriverId) -> Result<Vec<i64>, StoreError> {
    let rows = tx.query("SELECT place FROM driver_orders WHERE driver = $1", params![driver.to_string()])?;
    rows.iter().map(|row| row.int("place")).collect()
}

/// Lets the driver go, if this order has him; the one that waited behind it becomes current.
pub(crate) fn leave(tx: &mut dyn Tx, driver: DriverId, order: OrderId) -> Result<(), StoreError> {
    let (who, which) = (driver.to_string(), order.to_string());
    tx.execute("DELETE FROM driver_orders WHERE driver = $1 AND order_id = $2", params![&who, &which])?;
    tx.execute(
        "UPDATE driver_orders SET place = 0 WHERE driver = $1 AND place = 1
         AND NOT EXISTS (SELECT 1 FROM driver_orders front WHERE front.driver = $1 AND front.place = 0)",
        params![&who],
    )?;
    Ok(())
}

/// Refuses what only the driver's current order may do.
pub(crate) fn require_current(tx: &mut dyn Tx, driver: DriverId, order: &Order) -> Result<(), OrdersError> {
    if order.route.is_some() {
        return Ok(());
    }
    match held_by(tx, driver)? {
        Some(current) if current != order.id => Err(OrdersError::DriverBusy { driver, order: Some(current) }),
        _ => Ok(()),
    }
}

/// Keeps the driver for an order that has left its route: beside none of his others, since alone he has one.
pub(crate) fn stay_alone(tx: &mut dyn Tx, driver: DriverId, order: &Order) -> Result<(), OrdersError> {
    if let Some(other) = all_of(tx, driver)?.into_iter().find(|held| *held != order.id) {
        return Err(OrdersError::DriverBusy { driver, order: Some(other) });
    }
    tx.execute("UPDATE driver_orders SET place = 0 WHERE driver = $1", params![driver.to_string()])?;
    Ok(())
}

/// Who gets in, as it was checked.
pub(crate) struct Boarding {
    /// Seats taken: all of the car for who rides alone.
    seats: i64,
    /// Orders whose riders are aboard already.
    others: i64,
}

/// Whether the rider can get in: refused where others are aboard and the car has no seat left, or one of them rides
/// alone.
pub(crate) fn room_for(tx: &mut dyn Tx, driver: DriverId, order: &Order) -> Result<Boarding, OrdersError> {
    let who = driver.to_string();
    // Locks the car: two who get in at once meet here.
    tx.execute("UPDATE driver_orders SET aboard = aboard WHERE driver = $1", params![&who])?;
    let aboard = tx.query("SELECT seats FROM driver_orders WHERE driver = $1 AND aboard = 1", params![&who])?;
    let car = match tx.query_opt("SELECT seats FROM drivers WHERE id = $1", params![&who])? {
        Some(row) => row.int("seats")?,
        None => return Err(OrdersError::NotFound { what: "driver", id: who }),
    };
    // Who rides alone takes the whole car.
    let seats = if order.share.is_some() { i64::from(order.seats) } else { car };
    let (mut taken, mut others) = (0, 0);
    for other in &aboard {
        taken += other.int("seats")?;
        others += 1;
    }
    if others > 0 && taken + seats > car {
        return Err(OrdersError::CarFull { driver, seats: car, taken });
    }
    Ok(Boarding { seats, others })
}

/// The rider is in, and everybody aboard has met one more.
pub(crate) fn board(tx: &mut dyn Tx, driver: DriverId, order: OrderId, boarding: &Boarding) -> Result<(), StoreError> {
    let who = driver.to_string();
    tx.execute("UPDATE driver_orders SET met = met + 1 WHERE driver = $1 AND aboard = 1", params![&who])?;
    tx.execute(
        "UPDATE driver_orders SET aboard = 1, seats = $1, met = $2 WHERE driver = $3 AND order_id = $4",
        params![boarding.seats, boarding.others, &who, order.to_string()],
    )?;
    Ok(())
}

/// With how many other orders this one has been aboard so far.
pub(crate) fn met(tx: &mut dyn Tx, driver: DriverId, order: OrderId) -> Result<u32, StoreError> {
    let sql = "SELECT met FROM driver_orders WHERE driver = $1 AND order_id = $2";
    let row = tx.query_opt(sql, params![driver.to_string(), order.to_string()])?;
    Ok(row.map(|row| row.int("met")).transpose()?.and_then(|met| u32::try_from(met).ok()).unwrap_or(0))
}

/// The driver's current order: of several the one in the lowest place.
pub(crate) fn held_by(tx: &mut dyn Tx, driver: DriverId) -> Result<Option<OrderId>, OrdersError> {
    Ok(all_of(tx, driver)?.first().copied())
}

/// All orders of a driver, the current one first.
pub(crate) fn all_of(tx: &mut dyn Tx, driver: DriverId) -> Result<Vec<OrderId>, OrdersError> {
    let sql = "SELECT order_id FROM driver_orders WHERE driver = $1 ORDER BY place";
    let rows = tx.query(sql, params![driver.to_string()])?;
    rows.iter().map(|row| Ok(OrderId::parse(&row.text("order_id")?)?)).collect()
}
