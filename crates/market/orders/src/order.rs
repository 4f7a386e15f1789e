//! An order, the event a change leaves behind, and the view of both that the world sees.

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_money::Money;
use serde::{Deserialize, Serialize};

use crate::ids::{DriverId, OrderId, QuoteId};
use crate::machine::{Actor, EventKind, State};
use crate::needs::{Asked, RideNeeds, RideWishes};
use crate::quote::QuoteClaims;
use crate::share::SharePromise;

/// Who rides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiderRef {
    /// Name shown to the driver.
    pub name: String,
    /// The caller's own id of the rider.
    #[serde(rename = "ref", default)]
    pub reference: Option<String>,
}

/// The driver as the rider sees him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverRef {
    /// Id.
    pub id: DriverId,
    /// Name.
    pub name: String,
    /// Number plate.
    pub plate: String,
}

/// Who called an order off, why and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cancelled {
    /// Who.
    pub by: Actor,
    /// In the caller's words.
    pub reason: String,
    /// City time.
    pub at: Timestamp,
}

/// An order as the store keeps it. Times are city time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Id.
    pub id: OrderId,
    /// Whose it is.
    pub tenant: String,
    /// City id.
    pub city: String,
    /// Industry: `rides`.
    pub industry: String,
    /// State.
    pub state: State,
    /// Counts changes, from 1.
    pub version: i64,
    /// The quote it was made from; a quote makes one order.
    pub quote_id: QuoteId,
    /// Who rides.
    pub rider: RiderRef,
    /// Where from.
    pub pickup: Point,
    /// Where to.
    pub dropoff: Point,
    /// Road node nearest to the pickup.
    pub pickup_node: u32,
    /// Road node nearest to the drop-off.
    pub dropoff_node: u32,
    /// Seats.
    pub seats: u8,
    /// What has to fit into the car beside people on seats.
    #[serde(default)]
    pub needs: RideNeeds,
    /// With whom the rider wants to ride: for the choice of a car alone, in no view of the order.
    #[serde(default)]
    pub wishes: RideWishes,
    /// The quoted price; after a shared ride what it came to, which is never more.
    pub fare: Money,
    /// The rider's note to the driver.
    pub note: Option<String>,
    /// The driver it is with; stays for the record when the order closes.
    pub driver: Option<DriverRef>,
    /// When it was made.
    pub requested_at: Timestamp,
    /// Since when a driver is looked for: the request, or the loss of a driver who had accepted.
    pub searching_since: Timestamp,
    /// When the present offer was made.
    pub offered_at: Option<Timestamp>,
    /// When the present offer runs out.
    pub offer_expires_at: Option<Timestamp>,
    /// When the driver took it.
    pub accepted_at: Option<Timestamp>,
    /// When the driver set out.
    pub arriving_at: Option<Timestamp>,
    /// When the driver was at the pickup.
    pub arrived_at: Option<Timestamp>,
    /// When the rider was aboard.
    pub picked_up_at: Option<Timestamp>,
    /// When the rider was dropped off.
    pub completed_at: Option<Timestamp>,
    /// Who called it off.
    pub cancelled: Option<Cancelled>,
    /// Estimated drive to the pickup at the time of the quote or of the last offer, milliseconds.
    pub pickup_eta_ms: Option<u32>,
    /// The direct trip, milliseconds.
    pub direct_ms: u32,
    /// How often it left a driver who had accepted.
    pub reassigned: u32,
    /// What is promised to a rider who shares; `None`: the car is the rider's own.
    #[serde(default)]
    pub share: Option<SharePromise>,
    /// The most orders that the driver may have at once, when it is on a route with others; `None`: this one, and one
    /// to follow.
    #[serde(default)]
    pub route: Option<u8>,
}

impl Order {
    /// A new order from what a quote promised.
    #[must_use]
    pub fn from_quote(claims: QuoteClaims, rider: RiderRef, note: Option<String>, now: Timestamp) -> Self {
        Self {
            id: OrderId::generate(now),
            tenant: claims.tenant,
            city: claims.city,
            industry: claims.industry,
            state: State::Searching,
            version: 1,
            quote_id: claims.id,
            rider,
            pickup: claims.pickup,
            dropoff: claims.dropoff,
            pickup_node: claims.pickup_node,
            dropoff_node: claims.dropoff_node,
            seats: claims.seats,
            needs: claims.needs,
            wishes: claims.wishes,
            fare: claims.price.total,
            note,
            driver: None,
            requested_at: now,
            searching_since: now,
            offered_at: None,
            offer_expires_at: None,
            accepted_at: None,
            arriving_at: None,
            arrived_at: None,
            picked_up_at: None,
            completed_at: None,
            cancelled: None,
            pickup_eta_ms: claims.pickup_eta_ms,
            direct_ms: claims.trip_ms,
            reassigned: 0,
            share: None,
            route: None,
        }
    }

    /// All that its rider asks for of a car.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked { seats: self.seats, needs: self.needs, wishes: self.wishes }
    }

    /// The last moment of the pickup that a rider who shares was promised. It begins anew when a driver was lost.
    #[must_use]
    pub fn pickup_by(&self) -> Option<Timestamp> {
        self.share.map(|promise| promise.pickup_by(self.searching_since))
    }

    /// The last moment of the arrival that a rider who shares was promised.
    #[must_use]
    pub fn dropoff_by(&self) -> Option<Timestamp> {
        self.share.map(|promise| promise.dropoff_by(self.searching_since, self.direct_ms))
    }

    /// The driver this order holds, who can hold no other.
    #[must_use]
    pub fn holder(&self) -> Option<DriverId> {
        if self.state.holds_driver() { self.driver.as_ref().map(|d| d.id) } else { None }
    }

    /// From request to pickup, once picked up, milliseconds.
    #[must_use]
    pub fn wait_ms(&self) -> Option<i64> {
        self.picked_up_at.map(|at| at.ms_since(self.requested_at))
    }

    /// How much later than by a direct trip at once, once completed, milliseconds.
    #[must_use]
    pub fn delay_ms(&self) -> Option<i64> {
        self.completed_at.map(|at| at.ms_since(self.requested_at) - i64::from(self.direct_ms))
    }

    pub(crate) fn offer_to(&mut self, driver: DriverRef, expires_at: Timestamp, eta_ms: Option<u32>, now: Timestamp) {
        self.driver = Some(driver);
        self.offered_at = Some(now);
        self.offer_expires_at = Some(expires_at);
        self.pickup_eta_ms = eta_ms.or(self.pickup_eta_ms);
    }

    pub(crate) fn join_route(&mut self, driver: DriverRef, eta_ms: Option<u32>, room: u8, now: Timestamp) {
        self.driver = Some(driver);
        self.accepted_at = Some(now);
        self.pickup_eta_ms = eta_ms.or(self.pickup_eta_ms);
        self.route = Some(room);
    }

    /// Forgets the driver and everything that happened with him.
    pub(crate) fn leave_driver(&mut self) {
        self.driver = None;
        self.offered_at = None;
        self.offer_expires_at = None;
        self.accepted_at = None;
        self.arriving_at = None;
        self.arrived_at = None;
        self.route = None;
    }

    /// What the world sees.
    #[must_use]
    pub fn view(&self) -> OrderView {
        OrderView {
            id: self.id,
            city: self.city.clone(),
            state: self.state,
            version: self.version,
            rider: self.rider.clone(),
            pickup: self.pickup,
            dropoff: self.dropoff,
            seats: self.seats,
            needs: self.needs,
            fare: self.fare,
            driver: self.driver.clone(),
            requested_at: self.requested_at,
            offered_at: self.offered_at,
            offer_expires_at: self.offer_expires_at,
            accepted_at: self.accepted_at,
            arriving_at: self.arriving_at,
            arrived_at: self.arrived_at,
            picked_up_at: self.picked_up_at,
            completed_at: self.completed_at,
            cancelled: self.cancelled.clone(),
            pickup_eta_s: self.pickup_eta_ms.map(|ms| seconds(i64::from(ms))),
            wait_s: self.wait_ms().map(seconds),
            delay_s: self.delay_ms().map(seconds),
            direct_s: seconds(i64::from(self.direct_ms)),
            reassigned: self.reassigned,
            quote_id: self.quote_id,
            note: self.note.clone(),
            shared: self.share.is_some(),
            pickup_by: self.pickup_by(),
            dropoff_by: self.dropoff_by(),
        }
    }
}

/// Milliseconds as seconds.
#[allow(clippy::cast_precision_loss)] // exact below 2^53 ms
pub(crate) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

/// An order in the public API and in events: the same JSON everywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderView {
    /// Id.
    pub id: OrderId,
    /// City id.
    pub city: String,
    /// State.
    pub state: State,
    /// Counts changes, from 1.
    pub version: i64,
    /// Who rides.
    pub rider: RiderRef,
    /// Where from.
    pub pickup: Point,
    /// Where to.
    pub dropoff: Point,
    /// Seats.
    pub seats: u8,
    /// What has to fit into the car beside people on seats.
    #[serde(default)]
    pub needs: RideNeeds,
    /// The quoted price; after a shared ride what it came to, which is never more.
    pub fare: Money,
    /// The driver it is with.
    pub driver: Option<DriverRef>,
    /// When it was made.
    pub requested_at: Timestamp,
    /// When the present offer was made.
    pub offered_at: Option<Timestamp>,
    /// When the present offer runs out.
    pub offer_expires_at: Option<Timestamp>,
    /// When the driver took it.
    pub accepted_at: Option<Timestamp>,
    /// When the driver set out.
    pub arriving_at: Option<Timestamp>,
    /// When the driver was at the pickup.
    pub arrived_at: Option<Timestamp>,
    /// When the rider was aboard.
    pub picked_up_at: Option<Timestamp>,
    /// When the rider was dropped off.
    pub completed_at: Option<Timestamp>,
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
    pub quote_id: QuoteId,
    /// The rider's note to the driver.
    pub note: Option<String>,
    /// Others may ride along.
    #[serde(default)]
    pub shared: bool,
    /// The last moment of the pickup that was promised, for a shared ride.
    #[serde(default)]
    pub pickup_by: Option<Timestamp>,
    /// The last moment of the arrival that was promised, for a shared ride.
    #[serde(default)]
    pub dropoff_by: Option<Timestamp>,
}

/// One change of one order, with the order as it was after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderEvent {
    /// Whose order: nobody else is told.
    #[serde(default = "first_tenant")]
    pub tenant: String,
    /// Which order.
    pub order_id: OrderId,
    /// The order's version after the change.
    pub version: i64,
    /// What happened.
    pub kind: EventKind,
    /// City time.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// The driver it concerns: the one it went to, else the one it left.
    pub driver: Option<DriverId>,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// The order after it.
    pub order: OrderView,
}

/// Events of the time when there was one tenant do not name it.
fn first_tenant() -> String {
    "main".to_owned()
}

impl OrderEvent {
    pub(crate) fn of(
        order: &Order,
        kind: EventKind,
        actor: Actor,
        driver: Option<DriverId>,
        reason: Option<String>,
        at: Timestamp,
    ) -> Self {
        Self {
            tenant: order.tenant.clone(),
            order_id: order.id,
            version: order.version,
            kind,
            at,
            actor,
            driver,
            reason,
            order: order.view(),
        }
    }

    /// The event of an order's beginning.
    #[must_use]
    pub fn requested(order: &Order, actor: Actor) -> Self {
        Self::of(order, EventKind::Requested, actor, None, None, order.requested_at)
    }
}
