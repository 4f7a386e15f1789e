//! Who asked for a price, counted once however often the same trip is asked again.

use std::collections::HashMap;
use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_orders::QUOTE_TTL_MS;
use doorstep_roads::NodeIx;

/// So many different trips are told apart within a quote's time; beyond that askers are not counted.
const MOST: usize = 65_536;

/// A rider who wants to go from somewhere.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asking {
    pub(crate) tenant: Arc<str>,
    pub(crate) at: Timestamp,
    pub(crate) pickup: Point,
}

/// Trips priced of late. A rider looks at a price several times, and nobody shall push it up by asking: the same
/// trip counts again only when an earlier quote of it has run out.
#[derive(Default)]
pub(crate) struct Quoted {
    known: HashMap<(Arc<str>, NodeIx, NodeIx), Timestamp>,
    tenants: HashMap<String, Arc<str>>,
    fresh: Vec<Asking>,
}

impl Quoted {
    pub(crate) fn note(&mut self, tenant: &str, (from, to): (NodeIx, NodeIx), pickup: Point, now: Timestamp) {
        let tenant = match self.tenants.get(tenant) {
            Some(known) => Arc::clone(known),
            None => Arc::clone(self.tenants.entry(tenant.to_owned()).or_insert_with(|| tenant.into())),
        };
        let trip = (Arc::clone(&tenant), from, to);
        let again = self.known.get(&trip).is_some_and(|at| now.ms_since(*at) < QUOTE_TTL_MS);
        if !again && self.known.len() < MOST {
            self.known.insert(trip, now);
            self.fresh.push(Asking { tenant, at: now, pickup });
        }
    }

    /// Those who are new since the last time.
    pub(crate) fn take(&mut self, now: Timestamp) -> Vec<Asking> {
        self.known.retain(|_, at| now.ms_since(*at) < QUOTE_TTL_MS);
        std::mem::take(&mut self.fresh)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn asking_again_does_not_count_until_the_quote_has_run_out() {
        let place = Point::new(40.75, -73.98).unwrap();
        let at = |s: i64| Timestamp::from_millis(s * 1_000);
        let mut quoted = Quoted::default();
        for s in 0..100 {
            quoted.note("a", (1, 2), place, at(s));
        }
        quoted.note("a", (1, 3), place, at(5));
        quoted.note("b", (1, 2), place, at(6));
        assert_eq!(quoted.take(at(100)).len(), 3);
        quoted.note("a", (1, 2), place, at(200));
        assert!(quoted.take(at(200)).is_empty());
        quoted.note("a", (1, 2), place, at(301));
        assert_eq!(quoted.take(at(301)).len(), 1);
    }

    #[test]
    fn a_flood_of_trips_takes_no_more_room() {
        let place = Point::new(40.75, -73.98).unwrap();
        let mut quoted = Quoted::default();
        for to in 0..200_000 {
            quoted.note("a", (1, to), place, Timestamp::from_millis(0));
        }
        assert_eq!(quoted.take(Timestamp::from_millis(1)).len(), MOST);
    }
}
