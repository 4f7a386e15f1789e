//! Quotes, orders and their events.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LatLon, Money, PricePart, RideNeeds, Why};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// No driver yet; the city looks for one.
    Searching,
    /// Offered to one driver who has not answered.
    Offered,
    /// The driver took it.
    Accepted,
    /// The driver is on the way to the pickup.
    Arriving,
    /// The driver waits at the pickup.
    Arrived,
    /// The rider is aboard.
    OnTrip,
    /// Dropped off.
    Completed,
    /// Called off before the pickup.
    Cancelled,
    /// Nobody was found in time.
    NoDriver,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Made from a quote.
    Requested,
    /// Offered to a driver.
    Offered,
    /// Refused by the driver.
    Declined,
    /// Not answered in time.
    TimedOut,
    /// Taken back from a driver who had not answered.
    Withdrawn,
    /// Taken by the driver.
    Accepted,
    /// Put on the route of a driver who has taken shared rides.
    Assigned,
    /// The driver set out.
    Arriving,
    /// The driver is at the pickup.
    Arrived,
    /// The rider is aboard.
    PickedUp,
    /// Dropped off.
    Completed,
    /// Taken from a driver who had accepted.
    Reassigned,
    /// Called off.
    Cancelled,
    /// Nobody was found.
    NoDriver,
}

/// Who rides.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RiderRef {
    /// Name shown to the driver.
    #[schema(example = "Ada")]
    pub name: String,
    /// The caller's own id of the rider.
    #[serde(rename = "ref", default)]
    pub reference: Option<String>,
}

/// The driver as the rider sees him.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DriverRef {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Number plate.
    pub plate: String,
}

/// Who called an order off, why and when.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancelled {
    /// `rider` or `operator`.
    pub by: String,
    /// In the caller's words.
    pub reason: String,
    /// City time, RFC 3339.
    pub at: String,
}

/// A ride. Times are city time, RFC 3339.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Id.
    #[schema(example = "ord_0193523c9d6a7b1e8f00112233445566")]
    pub id: String,
    /// City id.
    pub city: String,
    /// State.
    pub state: OrderState,
    /// Counts changes, from 1.
    pub version: i64,
    /// Who rides.
    pub rider: RiderRef,
    /// Where from.
    pub pickup: LatLon,
    /// Where to.
    pub dropoff: LatLon,
    /// Seats.
    pub seats: u8,
    /// What has to fit into the car beside people on seats.
    #[serde(default)]
    pub needs: RideNeeds,
    /// The quoted price; after a ride that was really shared what it came to, which is never more.
    pub fare: Money,
    /// The driver it is with.
    pub driver: Option<DriverRef>,
    /// When it was made.
    pub requested_at: String,
    /// When the present offer was made.
    pub offered_at: Option<String>,
    /// When the present offer runs out.
    pub offer_expires_at: Option<String>,
    /// When the driver took it.
    pub accepted_at: Option<String>,
    /// When the driver set out.
    pub arriving_at: Option<String>,
    /// When the driver was at the pickup.
    pub arrived_at: Option<String>,
    /// When the rider was aboard.
    pub picked_up_at: Option<String>,
    /// When the rider was dropped off.
    pub completed_at: Option<String>,
    /// Who called it off.
    pub cancelled: Option<Cancelled>,
    /// Estimated drive to the pickup at the last offer, seconds.
    pub pickup_eta_s: Option<f64>,
    /// From request to pickup, seconds.
    pub wait_s: Option<f64>,
    /// Later than by a direct trip at once, seconds.
    pub delay_s: Option<f64>,
    /// The direct trip, seconds.
    pub direct_s: f64,
    /// How often it left a driver who had accepted.
    pub reassigned: u32,
    /// The quote it was made from.
    pub quote_id: String,
    /// The rider's note to the driver.
    pub note: Option<String>,
    /// Others may ride along.
    #[serde(default)]
    pub shared: bool,
    /// The last moment of the pickup that was promised, for a shared ride; it begins anew when a driver was lost.
    #[serde(default)]
    pub pickup_by: Option<String>,
    /// The last moment of the arrival that was promised, for a shared ride.
    #[serde(default)]
    pub dropoff_by: Option<String>,
}

/// One change of one order, with the order as it was after it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Position in the city's stream; only in that stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Whose order: nobody else is told.
    pub tenant: String,
    /// Which order.
    pub order_id: String,
    /// The order's version after the change.
    pub version: i64,
    /// What happened.
    pub kind: EventKind,
    /// City time, RFC 3339.
    pub at: String,
    /// `rider`, `driver`, `operator` or `dispatcher`.
    pub actor: String,
    /// The driver it concerns: the one it went to, else the one it left.
    pub driver: Option<String>,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// The order after it.
    pub order: Order,
}

/// Who gets what of a shared fare: driver, tolls, platform and tax sum to it. With the discount it is the price for
/// riding alone.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FareSplit {
    /// The driver, tolls besides.
    pub driver: Money,
    /// Tolls, which the driver has laid out.
    pub tolls: Money,
    /// The platform: commission, booking and airport fees.
    pub platform: Money,
    /// Tax on top, for the authority.
    pub tax: Money,
    /// The rider keeps.
    pub discount: Money,
}

/// The same ride with others aboard, as far as the way allows: less to pay, and a promise that holds whoever gets in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareOffer {
    /// The price with sharing.
    pub fare: Money,
    /// What it is made of.
    pub parts: Vec<PricePart>,
    /// Why it is this price.
    pub why: Why,
    /// Who gets what of it.
    pub split: FareSplit,
    /// What it comes to at least: each other party that really rides along takes something off at the end.
    pub least: Money,
    /// The longest wait for the car, seconds.
    pub max_wait_s: f64,
    /// The longest delay, against a direct trip at once, seconds.
    pub max_delay_s: f64,
}

/// A price and an arrival time, signed, good for five minutes of city time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// Id.
    pub id: String,
    /// Hand this back to order.
    pub token: String,
    /// The price.
    pub fare: Money,
    /// What the price is made of.
    pub parts: Vec<PricePart>,
    /// Why it is this price.
    pub why: Why,
    /// Estimated drive to the pickup, seconds; `null` when no car is free.
    pub pickup_eta_s: Option<f64>,
    /// The direct trip, seconds.
    pub trip_s: f64,
    /// The direct trip, metres.
    pub distance_m: u32,
    /// The promise holds until then, city time.
    pub expires_at: String,
    /// The same ride with sharing, where the city offers it; the order says which of the two it wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareOffer>,
    /// The direct trip, as `[lon, lat]` pairs.
    #[serde(default)]
    pub geometry: Vec<[f64; 2]>,
}

/// One line of a driver's story.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoryLine {
    /// City time, RFC 3339.
    pub at: String,
    /// What happened.
    pub kind: EventKind,
    /// The order it happened with.
    pub order_id: Option<String>,
    /// A short sentence.
    pub detail: String,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn the_words_are_those_of_the_machine() {
        for state in doorstep_orders::State::ALL {
            let word = serde_json::to_string(state).unwrap();
            let shown: super::OrderState = serde_json::from_str(&word).unwrap();
            assert_eq!(serde_json::to_string(&shown).unwrap(), word);
        }
        for kind in doorstep_orders::EventKind::ALL {
            let word = serde_json::to_string(kind).unwrap();
            serde_json::from_str::<super::EventKind>(&word).unwrap();
        }
    }
}
