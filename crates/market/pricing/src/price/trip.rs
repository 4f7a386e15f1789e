//! The only thing about a ride that a price may depend on.

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use serde::{Deserialize, Serialize};

/// A trip as the price sees it: places, distance, duration and a moment. Nothing says who rides.
///
/// A field more needs a line in the test below, which is where somebody has to argue for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trip {
    /// Where it begins.
    pub pickup: Point,
    /// Where it ends.
    pub dropoff: Point,
    /// Its road distance in metres.
    pub distance_m: u32,
    /// Its driving time.
    pub trip_ms: u32,
    /// When it begins.
    pub at: Timestamp,
    /// Its line, pickup to drop-off, by which toll gates are found; may be empty where there are none.
    #[serde(default)]
    pub route: Vec<Point>,
}

impl Trip {
    /// Whether its line crosses a gate; with `one_way` only from left to right of the gate.
    pub(super) fn crosses(&self, gate: [Point; 2], one_way: bool) -> bool {
        self.route.windows(2).any(|leg| crosses([leg[0], leg[1]], gate, one_way))
    }
}

/// Whether the way `leg` crosses the line `gate`. Gates are short: degrees serve as a plane.
fn crosses(leg: [Point; 2], gate: [Point; 2], one_way: bool) -> bool {
    let side = |[a, b]: [Point; 2], p: Point| {
        (b.lon() - a.lon()) * (p.lat() - a.lat()) - (b.lat() - a.lat()) * (p.lon() - a.lon())
    };
    let (before, after) = (side(gate, leg[0]), side(gate, leg[1]));
    let (first, second) = (side(leg, gate[0]), side(leg, gate[1]));
    // Ends on the line count to one side only, so that a corner on the gate is not paid twice.
    let passes = (before > 0.0) != (after > 0.0);
    passes && (first > 0.0) != (second > 0.0) && (!one_way || before > 0.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{CellSurge, Multiplier, Price, PriceBook, SurgeMap, price};

    fn p(lat: f64, lon: f64) -> Point {
        Point::new(lat, lon).unwrap()
    }

    #[test]
    fn no_personal_attribute_can_enter_a_price() {
        // The price is a plain function of these three and captures nothing besides.
        let function: fn(&PriceBook, &SurgeMap, &Trip) -> Price = price;
        // Exhaustive on purpose: a new field does not compile until it is written here, with its type.
        let trip = |trip: Trip| -> (Point, Point, u32, u32, Timestamp, Vec<Point>) {
            let Trip { pickup, dropoff, distance_m, trip_ms, at, route } = trip;
            (pickup, dropoff, distance_m, trip_ms, at, route)
        };
        // What the surge map keeps of a cell are counts, never who was counted.
        let cell = |cell: CellSurge| -> (Multiplier, Multiplier, [f32; 5]) {
            let CellSurge { multiplier, cleared, demand_per_min, idle, soon_free, pickup_s, pickup_flat_s } = cell;
            (multiplier, cleared, [demand_per_min, idle, soon_free, pickup_s, pickup_flat_s])
        };
        let _ = (function, trip, cell);
        // Nor can one come in as data: a trip with anything else is refused.
        let plain = serde_json::json!({
            "pickup": {"lat": 40.7, "lon": -74.0}, "dropoff": {"lat": 40.8, "lon": -73.9},
            "distance_m": 1, "trip_ms": 1, "at": "2026-01-01T00:00:00Z",
        });
        assert!(serde_json::from_value::<Trip>(plain.clone()).is_ok());
        for personal in [
            "rider",
            "rider_id",
            "age",
            "sex",
            "phone",
            "device",
            "battery",
            "payment",
            "rating",
            "history",
            "seats",
            "needs",
            "wishes",
            "wheelchairs",
            "child_seats",
            "luggage",
            "pet",
            "women_only",
            "no_pets",
            "driver",
            "car",
            "women_rides",
        ] {
            let mut with = plain.clone();
            with[personal] = 1.into();
            let refused = serde_json::from_value::<Trip>(with).unwrap_err().to_string();
            assert!(refused.contains(&format!("unknown field `{personal}`")), "{refused}");
        }
    }

    #[test]
    fn gates_are_crossed_once_and_in_their_direction() {
        let gate = [p(0.0, -1.0), p(0.0, 1.0)];
        let trip = |route: Vec<Point>| Trip {
            pickup: route[0],
            dropoff: route[route.len() - 1],
            distance_m: 0,
            trip_ms: 0,
            at: Timestamp(0),
            route,
        };
        let north = trip(vec![p(-1.0, 0.0), p(0.0, 0.0), p(1.0, 0.0)]);
        let south = trip(vec![p(1.0, 0.0), p(-1.0, 0.0)]);
        let beside = trip(vec![p(-1.0, 2.0), p(1.0, 2.0)]);
        assert!(north.crosses(gate, false) && south.crosses(gate, false) && !beside.crosses(gate, false));
        // Seen from its first end to its second, north is left of this gate.
        assert!(!north.crosses(gate, true) && south.crosses(gate, true));
        let legs = north.route.windows(2).filter(|l| crosses([l[0], l[1]], gate, false)).count();
        assert_eq!(legs, 1);
    }
}
