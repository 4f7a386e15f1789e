//! The JSON that other crates write, as the API page shows it. A test reads real answers into these types,
//! so what is documented here is what is sent.

mod bill;
mod live;
mod needs;
mod order;
mod price;
mod review;

use doorstep_geo::{GeoError, Point};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use bill::{Bill, BillLine, Caps, PriceBook, ResourcePrice, Speed, Tier, UsageRecord};
pub use live::{Clock, Frame, Stats};
pub use needs::{CarProfile, RideNeeds};
pub(crate) use needs::{RideWishes, WomenRides};
pub use order::{
    Cancelled, DriverRef, Event, EventKind, FareSplit, Order, OrderState, Quote, RiderRef, ShareOffer, StoryLine,
};
pub use price::{
    Band, CapApplied, HeatCell, HeatMap, Price, PricePart, Seen, Settled, SurgeCell, SurgeMap, SurgeSwitch, Why,
};
pub use review::{Review, ReviewSide, ReviewStep, Standing};

use super::problem::{Answer, FieldError, Problem};

/// A place, in WGS 84 degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Point)]
pub struct LatLon {
    /// Latitude, -90 to 90.
    #[schema(example = 40.7527, minimum = -90, maximum = 90)]
    pub lat: f64,
    /// Longitude, -180 to 180.
    #[schema(example = -73.9772, minimum = -180, maximum = 180)]
    pub lon: f64,
}

impl LatLon {
    /// The point, if it is one on the globe; `field` is the JSON pointer of this object.
    pub(crate) fn point(self, field: &str) -> Answer<Point> {
        Point::new(self.lat, self.lon).map_err(|error| Problem::fields(vec![not_on_the_globe(field, &error)]))
    }
}

impl From<Point> for LatLon {
    fn from(point: Point) -> Self {
        Self { lat: point.lat(), lon: point.lon() }
    }
}

pub(crate) fn not_on_the_globe(field: &str, error: &GeoError) -> FieldError {
    let (name, fix) = match error {
        GeoError::OutOfRange { field, min, max, .. } => (format!("/{field}"), format!("choose from {min} to {max}")),
        GeoError::NotFinite { field } => (format!("/{field}"), "send a finite number".to_owned()),
        _ => (String::new(), "send latitude and longitude in degrees".to_owned()),
    };
    FieldError { field: format!("{field}{name}"), reason: error.to_string(), fix }
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In the currency's smallest unit: cents.
    #[schema(example = 1234)]
    pub minor: i64,
    /// ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
}
