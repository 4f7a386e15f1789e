//! What can go wrong in a live city.

use doorstep_geo::GeoError;
use doorstep_journal::JournalError;
use doorstep_orders::{Lack, OrdersError};
use doorstep_store::StoreError;

/// Refusals and failures of a live city.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A setting that cannot be.
    #[error("{field} is {value}: write {least} to {most}")]
    Config {
        /// The setting.
        field: &'static str,
        /// What was written.
        value: f64,
        /// The least.
        least: f64,
        /// The most.
        most: f64,
    },
    /// A point that is not in this city.
    #[error("{field}: {reason}")]
    OutsideArea {
        /// JSON pointer into the request: `/pickup`, `/dropoff`, `/position`.
        field: &'static str,
        /// Where it lies, and whether swapping latitude and longitude would help.
        reason: String,
    },
    /// Pickup and drop-off are the same place.
    #[error("/dropoff: it is at the same street corner as the pickup; choose another")]
    SamePlace,
    /// No road leads there.
    #[error("no road leads from the pickup to the drop-off")]
    NoRoute,
    /// No car of the city's fleet, at work or not, can serve the ride.
    #[error("no car here can serve this ride ({})", lacking.iter().map(|lack| lack.as_str()).collect::<Vec<_>>().join(", "))]
    NoSuchCar {
        /// What all cars lack; where each thing is there and all of it in no car, all of it.
        lacking: Vec<Lack>,
    },
    /// A driver of another city.
    #[error("driver {driver} works in {city}, not here")]
    OtherCity {
        /// The driver.
        driver: String,
        /// His city.
        city: String,
    },
    /// Another process runs this city.
    #[error("city {city} is run by {owner}: ask there")]
    NotOwner {
        /// Which city.
        city: String,
        /// Who runs it.
        owner: String,
    },
    /// Only a demo's clock can be changed.
    #[error("this city runs in real time: its clock cannot be changed")]
    ClockNotControllable,
    /// The city was shut down.
    #[error("city {city} has stopped")]
    Stopped {
        /// Which city.
        city: String,
    },
    /// Orders said no.
    #[error(transparent)]
    Orders(#[from] OrdersError),
    /// A tariff or a surge configuration that cannot be.
    #[error(transparent)]
    Pricing(#[from] doorstep_pricing::PricingError),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The supply could not be set up.
    #[error(transparent)]
    Supply(#[from] doorstep_dispatch::supply::SupplyError),
    /// A point that is none.
    #[error(transparent)]
    Geo(#[from] GeoError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
