//! Drivers as the store knows them: who they are and whether they are on shift.
//!
//! Where they are at this second is not here: positions live in memory.

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_store::{Row, StoreError, Tx, params};
use serde::{Deserialize, Serialize};

use crate::error::OrdersError;
use crate::ids::DriverId;
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
}

/// Which drivers a list shows.
#[derive(Debug, Clone, Default)]
pub struct DriverFilter {
    /// In this city.
    pub city: Option<String>,
    /// On this shift.
    pub shift: Option<Shift>,
}

const COLUMNS: &str = "id, tenant, city, name, plate, seats, active, shift, lat, lon, created_at, shift_at";

fn read(row: &Row) -> Result<Driver, OrdersError> {
    let damaged = |column: &str, found: &str| StoreError::Decode {
        key: format!("drivers.{column}"),
        reason: format!("`{found}` cannot be"),
    };
    let shift = row.text("shift")?;
    let seats = row.int("seats")?;
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
        seats: u8::try_from(seats).map_err(|_| damaged("seats", &seats.to_string()))?,
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
    let driver = Driver {
        id: DriverId::generate(now),
        tenant: tenant.to_owned(),
        city: new.city.clone(),
        name: new.name.clone(),
        plate: new.plate.clone(),
        seats: new.seats,
        shift: Shift::Offline,
        active: true,
        position: None,
        created_at: now,
        shift_at: now,
    };
    tx.execute(
        "INSERT INTO drivers (id, tenant, city, name, plate, seats, active, shift, created_at, shift_at)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9)",
        params![
            driver.id.to_string(),
            tenant,
            driver.city.as_str(),
            driver.name.as_str(),
            driver.plate.as_str(),
            driver.seats,
            driver.shift.as_str(),
            now,
            now
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
