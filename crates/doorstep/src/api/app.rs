//! What every handler can reach.

use std::{collections::BTreeMap, net::SocketAddr, ops::Deref, sync::Arc};

use doorstep_city::{live::LiveCity, trials::Trials};
use doorstep_clock::{SharedClock, Timestamp};
use doorstep_identity::Keys;
use doorstep_journal::Journal;
use doorstep_meter::Meter;
use doorstep_objects::Objects;
use doorstep_orders::{DriverId, OrderId, Orders};
use doorstep_pictures::Pictures;
use doorstep_ratings::Ratings;
use doorstep_store::Store;
use metrics::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    feed::Feed,
    problem::{Answer, Code, Problem},
    rate_limit::RateLimit,
    tile_cache::TileCache,
};
#[cfg(feature = "lake")]
use crate::roles::lake::Lake;
use crate::{
    config::Limits,
    facts::Facts,
    node::{Shutdown, metrics::STREAMS},
};

/// The handlers' shared state. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// The engine of buckets and objects, and where its S3 face listens.
#[derive(Clone)]
pub(crate) struct Buckets {
    pub(crate) engine: Objects,
    pub(crate) pictures: Pictures,
    pub(crate) at: SocketAddr,
}

/// What [`App`] is made of.
pub(crate) struct Parts {
    pub(crate) limits: Limits,
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) orders: Orders,
    pub(crate) ratings: Ratings,
    pub(crate) trials: Trials,
    /// Buckets and objects, where this process serves them.
    pub(crate) buckets: Option<Buckets>,
    pub(crate) journal: Journal,
    pub(crate) meter: Meter,
    /// Real time; a city has its own.
    pub(crate) wall: SharedClock,
    pub(crate) cities: BTreeMap<String, LiveCity>,
    pub(crate) feeds: BTreeMap<String, Feed>,
    /// Where this process serves objects as well.
    pub(crate) rate: RateLimit,
    pub(crate) tiles: TileCache,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) shutdown: Shutdown,
    pub(crate) facts: Facts,
    /// Only where this process has the role.
    #[cfg(feature = "lake")]
    pub(crate) lake: Option<Lake>,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The city with this id.
    pub(crate) fn city(&self, id: &str) -> Answer<&LiveCity> {
        self.cities.get(id).ok_or_else(|| Problem::not_found("city", id))
    }

    /// Buckets and objects.
    pub(crate) fn buckets(&self) -> Answer<&Buckets> {
        self.buckets.as_ref().ok_or_else(|| {
            Problem::new(Code::Unavailable, "this process serves no objects: its roles leave `objects` out")
        })
    }

    /// The time of the city that is farthest on, for what concerns people and no one city.
    pub(crate) fn latest_city_time(&self) -> Timestamp {
        self.cities.values().map(|city| city.clock().now()).max().unwrap_or_else(|| self.wall.now())
    }

    /// The making of pictures, in a process that serves objects.
    pub(crate) fn pictures(&self) -> Answer<&Pictures> {
        self.buckets().map(|buckets| &buckets.pictures)
    }

    /// A place among the streams that may be open at once.
    pub(crate) fn stream(&self, kind: &'static str) -> Answer<StreamPlace> {
        let permit = Arc::clone(&self.streams).try_acquire_owned().map_err(|_| {
            Problem::new(Code::Overloaded, "too many streams are open; close one or come again").retry_after(5)
        })?;
        let gauge = metrics::gauge!(STREAMS, "kind" => kind);
        gauge.increment(1.0);
        Ok(StreamPlace { _permit: permit, gauge })
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Held while a stream is open.
pub(crate) struct StreamPlace {
    _permit: OwnedSemaphorePermit,
    gauge: Gauge,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}

/// An order's id out of a path; whatever is none names no order.
pub(crate) fn order_id(text: &str) -> Answer<OrderId> {
    OrderId::parse(text).map_err(|_| Problem::not_found("order", text))
}

/// A driver's id out of a path.
pub(crate) fn driver_id(text: &str) -> Answer<DriverId> {
    DriverId::parse(text).map_err(|_| Problem::not_found("driver", text))
}

/// A driver's id out of a body or a query.
pub(crate) fn driver_in(field: &str, text: &str) -> Answer<DriverId> {
    DriverId::parse(text)
        .map_err(|error| Problem::field(field, error.to_string(), "send the id that POST /v1/drivers gave"))
}
