//! A recorded period: what riders asked for and which drivers were there, read back so that it can be played again
//! under another policy.

use std::collections::HashMap;

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_store::{Row, Tx, params};
use serde::{Deserialize, Serialize};

use crate::drivers::{Driver, Shift};
use crate::error::OrdersError;
use crate::ids::{DriverId, OrderId};
use crate::machine::State;
use crate::needs::{CarKind, CarProfile, RideNeeds};
use crate::order::Order;
use crate::records::decode;

/// Most requests of a recording.
pub const MOST_REQUESTS: usize = 200_000;
/// Most changes of shifts of a recording.
const MOST_CHANGES: usize = 200_000;
/// The longest recording, milliseconds: a day.
pub const LONGEST_MS: i64 = 86_400_000;
/// Orders read at once.
const CHUNK: usize = 2_000;

/// A recorded period of a tenant in a city. Times are city time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// City id.
    pub city: String,
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Orders made in it, in order of time.
    pub requests: Vec<RecordedRequest>,
    /// Shifts that touch it.
    pub shifts: Vec<RecordedShift>,
}

/// An order that was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// When.
    pub at: Timestamp,
    /// From where.
    pub pickup: Point,
    /// To where.
    pub dropoff: Point,
    /// Seats.
    pub seats: u8,
    /// What had to fit beside people on seats.
    #[serde(default)]
    pub needs: RideNeeds,
    /// What became of it.
    pub state: State,
}

/// A driver at work.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecordedShift {
    /// Who.
    pub driver: DriverId,
    /// From when he can take the period's riders: the shift's start, the period's, or the end of the ride that he
    /// was on.
    pub from: Timestamp,
    /// Until when; the period's end for who went on.
    pub until: Timestamp,
    /// Where he was at first.
    pub place: Point,
    /// What his vehicle has now.
    #[serde(default)]
    pub car: CarProfile,
}

/// Notes a change of shift for ever: the driver's row knows the last one only.
pub(crate) fn note_shift(tx: &mut dyn Tx, driver: &Driver) -> Result<(), OrdersError> {
    tx.execute(
        "INSERT INTO driver_shifts (driver, at, tenant, city, shift, lat, lon) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (driver, at) DO UPDATE SET shift = excluded.shift, lat = excluded.lat, lon = excluded.lon",
        params![
            driver.id.to_string(),
            driver.shift_at,
            driver.tenant.as_str(),
            driver.city.as_str(),
            driver.shift.as_str(),
            driver.position.map(|p| p.lat()),
            driver.position.map(|p| p.lon()),
        ],
    )?;
    Ok(())
}

/// Reads a period.
pub(crate) fn read(
    tx: &mut dyn Tx,
    tenant: &str,
    city: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Recording, OrdersError> {
    let wrong =
        |reason: String, fix: &str| Err(OrdersError::InvalidField { field: "/to", reason, fix: fix.to_owned() });
    if to <= from {
        return wrong("the period ends before it begins".to_owned(), "name a later moment");
    }
    if to.ms_since(from) > LONGEST_MS {
        return wrong("the period is longer than a day".to_owned(), "name at most 24 hours");
    }
    let requests = requests(tx, tenant, city, from, to)?;
    if requests.len() > MOST_REQUESTS {
        return wrong(format!("the period holds more than {MOST_REQUESTS} orders"), "name a shorter one");
    }
    let Some(shifts) = shifts(tx, tenant, city, from, to)? else {
        return wrong(format!("the period holds more than {MOST_CHANGES} changes of shifts"), "name a shorter one");
    };
    Ok(Recording { city: city.to_owned(), from, to, requests, shifts })
}

fn requests(
    tx: &mut dyn Tx,
    tenant: &str,
    city: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<RecordedRequest>, OrdersError> {
    // Ids sort by city time.
    let (mut after, end) = (OrderId::first_of(from).to_string(), OrderId::first_of(to).to_string());
    let mut all = Vec::new();
    let sql = format!(
        "SELECT id, body FROM orders WHERE city = $1 AND tenant = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT {CHUNK}"
    );
    loop {
        let rows = tx.query(&sql, params![city, tenant, after.as_str(), end.as_str()])?;
        for row in &rows {
            let order: Order = decode("order", &row.text("body")?)?;
            all.push(RecordedRequest {
                at: order.requested_at,
                pickup: order.pickup,
                dropoff: order.dropoff,
                seats: order.seats,
                needs: order.needs,
                state: order.state,
            });
        }
        match rows.last() {
            Some(last) if rows.len() == CHUNK && all.len() <= MOST_REQUESTS => after = last.text("id")?,
            _ => break,
        }
    }
    all.sort_by_key(|r| r.at);
    Ok(all)
}

struct Change {
    driver: DriverId,
    at: Timestamp,
    shift: Shift,
    place: Option<Point>,
}

fn change(row: &Row) -> Result<Change, OrdersError> {
    let place = match (row.opt_real("lat")?, row.opt_real("lon")?) {
        (Some(lat), Some(lon)) => Point::new(lat, lon).ok(),
        _ => None,
    };
    Ok(Change {
        driver: DriverId::parse(&row.text("driver")?)?,
        at: row.time("at")?,
        shift: Shift::parse(&row.text("shift")?).unwrap_or(Shift::Offline),
        place,
    })
}

/// `None` when there are too many.
fn shifts(
    tx: &mut dyn Tx,
    tenant: &str,
    city: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<Vec<RecordedShift>>, OrdersError> {
    let before = tx.query(
        "SELECT s.driver, s.at, s.shift, s.lat, s.lon FROM drivers d JOIN driver_shifts s ON s.driver = d.id
         AND s.at = (SELECT max(p.at) FROM driver_shifts p WHERE p.driver = d.id AND p.at <= $1)
         WHERE d.tenant = $2 AND d.city = $3 AND s.shift = 'online' ORDER BY s.driver",
        params![from, tenant, city],
    )?;
    let sql = format!(
        "SELECT driver, at, shift, lat, lon FROM driver_shifts
         WHERE city = $1 AND tenant = $2 AND at > $3 AND at < $4 ORDER BY at, driver LIMIT {}",
        MOST_CHANGES + 1
    );
    let during = tx.query(&sql, params![city, tenant, from, to])?;
    if during.len() > MOST_CHANGES {
        return Ok(None);
    }
    let cars = cars(tx, tenant, city)?;
    let car = |driver: DriverId| cars.get(&driver).copied().unwrap_or_default();
    let mut open: std::collections::BTreeMap<DriverId, (Timestamp, Point)> = std::collections::BTreeMap::new();
    for row in &before {
        let shift = change(row)?;
        if let Some(start) = at_start(tx, &shift, from)? {
            open.insert(shift.driver, start);
        }
    }
    let mut all = Vec::new();
    for row in &during {
        let Change { driver, at, shift, place } = change(row)?;
        if let Some((since, place)) = open.remove(&driver)
            && since < at
        {
            all.push(RecordedShift { driver, from: since, until: at, place, car: car(driver) });
        }
        if let (Shift::Online, Some(place)) = (shift, place) {
            open.insert(driver, (at, place));
        }
    }
    let still = open.into_iter().filter(|(_, (since, _))| *since < to);
    all.extend(still.map(|(driver, (from, place))| RecordedShift { driver, from, until: to, place, car: car(driver) }));
    all.sort_by_key(|s| (s.from, s.driver));
    Ok(Some(all))
}

/// The vehicles of a city that are not quite usual.
fn cars(tx: &mut dyn Tx, tenant: &str, city: &str) -> Result<HashMap<DriverId, CarProfile>, OrdersError> {
    let rows = tx.query(
        "SELECT id, seats, wheelchairs, child_seats, luggage, pets, women_rides FROM drivers
         WHERE tenant = $1 AND city = $2 AND (wheelchairs > 0 OR child_seats > 0 OR luggage <> 2 OR pets = 1)",
        params![tenant, city],
    )?;
    rows.iter().map(|row| Ok((DriverId::parse(&row.text("id")?)?, CarKind::read(row)?.car))).collect()
}

/// When and where a driver who is at work is free at the start of a period: after the shift's last ride, at its goal.
fn at_start(tx: &mut dyn Tx, shift: &Change, from: Timestamp) -> Result<Option<(Timestamp, Point)>, OrdersError> {
    let rows = tx.query(
        "SELECT body FROM orders WHERE driver = $1 AND id < $2 ORDER BY id DESC LIMIT 1",
        params![shift.driver.to_string(), OrderId::first_of(from).to_string()],
    )?;
    let last: Option<Order> = match rows.first() {
        Some(row) => Some(decode("order", &row.text("body")?)?),
        None => None,
    };
    Ok(match last {
        Some(order) if order.picked_up_at.is_some_and(|at| at >= shift.at) => {
            let expected = order.picked_up_at.map(|at| at.plus_ms(i64::from(order.direct_ms)));
            let free = order.completed_at.or(expected).unwrap_or(from);
            Some((free.max(from), order.dropoff))
        }
        _ => shift.place.map(|place| (from, place)),
    })
}
