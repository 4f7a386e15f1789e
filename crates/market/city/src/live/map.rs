//! The ground the city lives on: its roads, travel times, prices and names.

use std::sync::Arc;

use doorstep_geo::{BoundingBox, Point};
use doorstep_money::Currency;
use doorstep_pricing::{PriceBook, SurgeConfig};
use doorstep_roads::{NodeIx, Roads};

use crate::live::error::LiveError;
use crate::live::hours::CityRoads;

/// A trip along the fastest road.
#[derive(Debug, Clone, PartialEq)]
pub struct Trip {
    /// Milliseconds.
    pub time_ms: u32,
    /// Metres.
    pub distance_m: u32,
    /// Its line.
    pub geometry: Vec<Point>,
}

/// A city as it stands; nothing but its travel times changes while the city lives.
#[derive(Clone)]
pub struct CityMap {
    /// Id, as in addresses and stream names.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// Currency of fares.
    pub currency: Currency,
    /// IANA time zone.
    pub time_zone: String,
    /// Where it lies.
    pub bbox: BoundingBox,
    /// Its roads, with the travel times of the hour.
    pub roads: CityRoads,
    /// Its prices.
    pub tariff: Arc<PriceBook>,
    /// How its prices follow demand and free cars, where surge runs.
    pub surge: SurgeConfig,
    /// A point farther than this from every road is outside the city, metres.
    pub snap_m: f64,
}

impl CityMap {
    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether a point lies in the city or close around it.
    pub(crate) fn covers(&self, point: Point) -> bool {
        self.bbox.expanded(self.snap_m).contains(point)
    }

    /// The road node nearest to a rider's point; `field` is named when there is none.
    pub fn snap(&self, field: &'static str, point: Point) -> Result<NodeIx, LiveError> {
        self.roads
            .now()
            .roads()
            .snap(point, self.snap_m)
            .map(|snap| snap.node)
            .map_err(|e| LiveError::OutsideArea { field, reason: e.to_string() })
    }

    /// The road node nearest to a car, however far.
    pub(crate) fn nearest_node(&self, point: Point) -> Option<NodeIx> {
        self.roads.now().roads().snap(point, f64::INFINITY).ok().map(|snap| snap.node)
    }

    /// The drive from node to node at this hour, milliseconds; `None` where no road leads.
    pub(crate) fn time_ms(&self, from: NodeIx, to: NodeIx) -> Option<u32> {
        self.roads.now().time_ms(from, to)
    }

    /// The fastest trip at this hour.
    pub fn trip(&self, from: NodeIx, to: NodeIx) -> Result<Trip, LiveError> {
        trip(self.roads.now().roads(), from, to)
    }
}

/// The fastest trip on these roads.
pub(crate) fn trip(roads: &Roads, from: NodeIx, to: NodeIx) -> Result<Trip, LiveError> {
    let route = roads.route(from, to).ok_or(LiveError::NoRoute)?;
    Ok(Trip { time_ms: route.time_ms, distance_m: metres(route.length_m), geometry: route.geometry })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a trip's metres fit many times
fn metres(length: impl Into<f64>) -> u32 {
    length.into().round().clamp(0.0, f64::from(u32::MAX)) as u32
}
