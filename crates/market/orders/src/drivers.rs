//! Drivers as the store knows them: who they are and whether they are on shift.
//!
//! Where they are at this second is not here: positions live in memory.

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_store::{Row, StoreError, Tx, params};
use serde::{Deserialize, Serialize};

use crate::error::OrdersError;
use crate::holds;
use crate::ids::DriverId;
use crate::needs::{Asked, CarKind, CarProfile, WomenRides};
use crate::order::DriverRef;
use crate::page::{Conditions, Page, check, limit};

/// Whether a driver takes orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// Takes orders.
    Online,
    /// Not at work.
    Offline,
    /// At work, takes no orders for now.
    Break,
}

impl Shift {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Online, Self::Offline, Self::Break];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Break => "break",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.as_str() == word)
    }
}

/// A driver and the vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// Id.
    pub id: DriverId,
    /// Whose.
    #[serde(skip)]
    pub tenant: String,
    /// City id.
    pub city: String,
    /// Name.
    pub name: String,
    /// Number plate.
    pub plate: String,
    /// Seats for riders.
    pub seats: u8,
    /// What else the vehicle has.
    pub car: CarProfile,
    /// The driver's own word on rides among women: for the choice of riders alone, in no view of the driver.
    #[serde(skip)]
    pub women_rides: WomenRides,
    /// At work or not.
    pub shift: Shift,
    /// May work at all.
    pub active: bool,
    /// Where the driver was when the shift last changed.
    pub position: Option<Point>,
    /// When registered.
    pub created_at: Timestamp,
    /// When the shift last changed.
    pub shift_at: Timestamp,
}

impl Driver {
    /// The vehicle and its driver as far as riders' needs and wishes go.
    #[must_use]
    pub fn kind(&self) -> CarKind {
        CarKind { seats: self.seats, car: self.car, women_rides: self.women_rides }
    }

    /// As riders see him.
    #[must_use]
    pub fn reference(&self) -> DriverRef {
        DriverRef { id: self.id, name: self.name.clone(), plate: self.plate.clone() }
    }
}

/// Who is to be registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDriver {
    /// City id.
    pub city: String,
    /// Name.
    pub name: String,
    /// Number plate.
    pub plate: String,
    /// Seats for riders, 1 to 60.
    pub seats: u8,
    /// What else the vehicle has.
    #[serde(default)]
    pub car: CarProfile,
    /// The driver's own word on rides among women.
    #[serde(default)]
    pub women_rides: WomenRides,
}

/// What is to be changed of a vehicle; the rest stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// Places for wheelchairs.
    pub wheelchairs: Option<u8>,
    /// Child seats.
    pub child_seats: Option<u8>,
    /// Pieces of luggage that fit.
    pub luggage: Option<u8>,
    /// Whether pets may ride.
    pub pets: Option<bool>,
    /// The driver's own word on rides among women.
    pub women_rides: Option<WomenRides>,
}

/// Which drivers a list shows.
#[derive(Debug, Clone, Default)]
pub struct DriverFilter {
    /// In this city.
    pub city: Option<String>,
    /// On this shift.
    pub shift: Option<Shift>,
}

const COLUMNS: &str = "id, tenant, city, name, plate, seats, wheelchairs, child_seats, luggage, pets, women_rides,
    active, shift, lat, lon, created_at, shift_at";
/// Those that say what a car is good for.
const KIND: &str = "seats, wheelchairs, child_seats, luggage, pets, women_rides";

fn read(row: &Row) -> Result<Driver, OrdersError> {
    let damaged = |column: &str, found: &str| StoreError::Decode {
        key: format!("drivers.{column}"),
        reason: format!("`{found}` cannot be"),
    };
    let shift = row.text("shift")?;
    let kind = CarKind::read(row)?;
    let position = match (row.opt_real("lat")?, row.opt_real("lon")?) {
        (Some(lat), Some(lon)) => Some(Point::new(lat, lon).map_err(|e| damaged("lat", &e.to_string()))?),
        _ => None,
    };
    Ok(Driver {
        id: DriverId::parse(&row.text("id")?)?,
        tenant: row.text("tenant")?,
        city: row.text("city")?,
        name: row.text("name")?,
        plate: row.text("plate")?,
        seats: kind.seats,
        car: kind.car,
        women_rides: kind.women_rides,
        shift: Shift::parse(&shift).ok_or_else(|| damaged("shift", &shift))?,
        active: row.flag("active")?,
        position,
        created_at: row.time("created_at")?,
        shift_at: row.time("shift_at")?,
    })
}

pub(crate) fn register(tx: &mut dyn Tx, tenant: &str, new: &NewDriver, now: Timestamp) -> Result<Driver, OrdersError> {
    if !(1..=60).contains(&new.seats) {
        return Err(OrdersError::InvalidField {
            field: "/seats",
            reason: format!("{} seats are no vehicle's", new.seats),
            fix: "write 1 to 60".to_owned(),
        });
    }
    new.car.check()?;
    let driver = Driver {
        id: DriverId::generate(now),
        tenant: tenant.to_owned(),
        city: new.city.clone(),
        name: new.name.clone(),
        plate: new.plate.clone(),
        seats: new.seats,
        car: new.car,
        women_rides: new.women_rides,
        shift: Shift::Offline,
        active: true,
        position: None,
        created_at: now,
        shift_at: now,
    };
    tx.execute(
        "INSERT INTO drivers (id, tenant, city, name, plate, seats, active, shift, created_at, shift_at,
            wheelchairs, child_seats, luggage, pets, women_rides)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            driver.id.to_string(),
            tenant,
            driver.city.as_str(),
            driver.name.as_str(),
            driver.plate.as_str(),
            driver.seats,
            driver.shift.as_str(),
            now,
            now,
            driver.car.wheelchairs,
            driver.car.child_seats,
            driver.car.luggage,
            driver.car.pets,
            driver.women_rides.as_str()
        ],
    )?;
    Ok(driver)
}

pub(crate) fn get(tx: &mut dyn Tx, tenant: &str, id: DriverId) -> Result<Driver, OrdersError> {
    let sql = format!("SELECT {COLUMNS} FROM drivers WHERE id = $1 AND tenant = $2");
    match tx.query_opt(&sql, params![id.to_string(), tenant])? {
        Some(row) => read(&row),
        None => Err(OrdersError::NotFound { what: "driver", id: id.to_string() }),
    }
}

pub(crate) fn list(
    tx: &mut dyn Tx,
    tenant: &str,
    filter: &DriverFilter,
    cursor: Option<&str>,
    asked: usize,
) -> Result<Page<Driver>, OrdersError> {
    let size = limit(asked);
    let mut conditions = Conditions::tenant(tenant);
    conditions.and_if("city = ?", filter.city.as_deref());
    conditions.and_if("shift = ?", filter.shift.map(Shift::as_str));
    conditions.and_if("id > ?", check::<DriverId>(cursor)?);
    let sql = format!("SELECT {COLUMNS} FROM drivers WHERE {} ORDER BY id LIMIT {}", conditions.sql(), size + 1);
    let rows = tx.query(&sql, conditions.params())?;
    let drivers = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(drivers, size, |d| d.id.to_string()))
}

/// Changes what a vehicle has. Refused while the driver has an order: its rider counts on the car as it was.
pub(crate) fn set_profile(
    tx: &mut dyn Tx,
    tenant: &str,
    id: DriverId,
    change: &ProfileChange,
) -> Result<Driver, OrdersError> {
    let mut driver = get(tx, tenant, id)?;
    if let Some(order) = holds::held_by(tx, id)? {
        return Err(OrdersError::DriverBusy { driver: id, order: Some(order) });
    }
    let car = &mut driver.car;
    car.wheelchairs = change.wheelchairs.unwrap_or(car.wheelchairs);
    car.child_seats = change.child_seats.unwrap_or(car.child_seats);
    car.luggage = change.luggage.unwrap_or(car.luggage);
    car.pets = change.pets.unwrap_or(car.pets);
    driver.women_rides = change.women_rides.unwrap_or(driver.women_rides);
    driver.car.check()?;
    tx.execute(
        "UPDATE drivers SET wheelchairs = $1, child_seats = $2, luggage = $3, pets = $4, women_rides = $5
         WHERE id = $6",
        params![
            driver.car.wheelchairs,
            driver.car.child_seats,
            driver.car.luggage,
            driver.car.pets,
            driver.women_rides.as_str(),
            id.to_string()
        ],
    )?;
    Ok(driver)
}

/// Refuses a driver whose car lacks what a rider asks for.
pub(crate) fn require_suited(tx: &mut dyn Tx, driver: DriverId, asked: &Asked) -> Result<(), OrdersError> {
    let sql = format!("SELECT {KIND} FROM drivers WHERE id = $1");
    let Some(row) = tx.query_opt(&sql, params![driver.to_string()])? else {
        return Err(OrdersError::NotFound { what: "driver", id: driver.to_string() });
    };
    match CarKind::read(&row)?.lacks(asked).first() {
        Some(lack) => Err(OrdersError::NotSuited { driver, lack: *lack }),
        None => Ok(()),
    }
}

/// Every kind of car that may work in a city, by tenant.
pub(crate) fn kinds(tx: &mut dyn Tx, city: &str) -> Result<Vec<(String, CarKind)>, OrdersError> {
    let sql = format!("SELECT DISTINCT tenant, {KIND} FROM drivers WHERE city = $1 AND active = 1");
    let rows = tx.query(&sql, params![city])?;
    rows.iter().map(|row| Ok((row.text("tenant")?, CarKind::read(row)?))).collect()
}

pub(crate) fn on_shift(tx: &mut dyn Tx, city: &str) -> Result<Vec<Driver>, OrdersError> {
    let sql = format!("SELECT {COLUMNS} FROM drivers WHERE city = $1 AND shift <> 'offline' ORDER BY id");
    tx.query(&sql, params![city])?.iter().map(read).collect()
}

pub(crate) fn write_shift(tx: &mut dyn Tx, driver: &Driver) -> Result<(), OrdersError> {
    tx.execute(
        "UPDATE drivers SET shift = $1, lat = $2, lon = $3, shift_at = $4 WHERE id = $5",
        params![
            driver.shift.as_str(),
            driver.position.map(|p| p.lat()),
            driver.position.map(|p| p.lon()),
            driver.shift_at,
            driver.id.to_string()
        ],
    )?;
    Ok(())
}
