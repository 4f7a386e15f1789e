//! Quotes: only memory is read, so they stay quick while positions pour in.

use doorstep_dispatch::supply::Filter;
use doorstep_geo::Point;
use doorstep_orders::{Asked, Lack, Quote, QuoteInput, RideNeeds, RideWishes, SharedRide};
use doorstep_pricing::{Price, Trip};
use serde::Serialize;

use crate::live::error::LiveError;
use crate::live::map::trip;
use crate::live::service::Shared;

/// Cars nearest as the crow flies whose drive is looked up for one pickup time.
const CARS_LOOKED_AT: usize = 12;

/// A ride that is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// Where it begins.
    pub pickup: Point,
    /// Where it ends.
    pub dropoff: Point,
    /// Seats.
    pub seats: u8,
    /// What has to fit beside people on seats.
    pub needs: RideNeeds,
    /// With whom the rider wants to ride.
    pub wishes: RideWishes,
}

impl Wanted {
    /// Seats, and nothing else.
    #[must_use]
    pub fn plain(pickup: Point, dropoff: Point, seats: u8) -> Self {
        Self { pickup, dropoff, seats, needs: RideNeeds::default(), wishes: RideWishes::default() }
    }

    fn asked(&self) -> Asked {
        Asked { seats: self.seats, needs: self.needs, wishes: self.wishes }
    }
}

/// A quote with the trip's line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuoteAnswer {
    /// The quote.
    #[serde(flatten)]
    pub quote: Quote,
    /// The trip's way, pickup to drop-off, as `[lon, lat]`.
    pub geometry: Vec<[f64; 2]>,
}

impl Shared {
    /// What a trip costs, one party alone, by the city's tariff and the surge of the moment. `Price::shared` gives
    /// the same with sharing.
    pub(crate) fn price(&self, tenant: &str, trip: &Trip) -> Price {
        doorstep_pricing::price(&self.map.tariff, &self.surge.map(tenant), trip)
    }

    pub(crate) fn quote(&self, tenant: &str, wanted: &Wanted) -> Result<QuoteAnswer, LiveError> {
        let now = self.clock.now();
        let (asked, Wanted { pickup, dropoff, seats, needs, wishes }) = (wanted.asked(), *wanted);
        asked.check()?;
        let mut lacking = self.garage.lacks(tenant, &asked);
        // That somebody here drives among women only is nobody's business.
        lacking.retain(|lack| *lack != Lack::ForWomen);
        if !lacking.is_empty() {
            return Err(LiveError::NoSuchCar { lacking });
        }
        let from = self.map.snap("/pickup", pickup)?;
        let to = self.map.snap("/dropoff", dropoff)?;
        if from == to {
            return Err(LiveError::SamePlace);
        }
        let hour = self.map.roads.now();
        let trip = trip(hour.roads(), from, to)?;
        let idle = Filter::idle(seats);
        let cars = self.nearest_of(tenant, pickup, CARS_LOOKED_AT, self.config.quote_radius_m, (&idle, &asked));
        let soonest = cars.iter().filter_map(|car| hour.time_ms(self.node_of(car)?, from)).min();
        self.surge.asked(tenant, (from, to), pickup, now);
        let ride = Trip {
            pickup,
            dropoff,
            distance_m: trip.distance_m,
            trip_ms: trip.time_ms,
            at: now,
            route: trip.geometry.clone(),
        };
        let price = self.price(tenant, &ride);
        let pooled = self.config.pooled.filter(|pooled| seats <= pooled.seats);
        let share = pooled.and_then(|pooled| {
            let shared = price.shared(&self.map.tariff)?;
            let payout = shared.payout(&self.map.tariff);
            let (promise, terms) = (pooled.promise(self.config.max_wait_s), self.map.tariff.share_terms()?);
            Some(SharedRide { price: shared, payout, promise, terms })
        });
        let input = QuoteInput {
            tenant: tenant.to_owned(),
            city: self.map.id().to_owned(),
            pickup,
            dropoff,
            pickup_node: from,
            dropoff_node: to,
            seats,
            needs,
            wishes,
            trip_ms: trip.time_ms,
            distance_m: trip.distance_m,
            pickup_eta_ms: soonest,
            price,
            share,
        };
        let quote = self.orders.quote(input, now)?;
        Ok(QuoteAnswer { quote, geometry: trip.geometry.iter().map(|p| [p.lon(), p.lat()]).collect() })
    }
}
