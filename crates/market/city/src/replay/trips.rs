//! The recorded period: requests and taxis from their tables, on the city's corners.

use std::path::{Path, PathBuf};

use doorstep_clock::{SeededRng, Timestamp};
use doorstep_geo::Point;
use doorstep_orders::{Asked, CarKind, CarProfile, RideNeeds, RideWishes};
use doorstep_roads::{NodeIx, Snapper};
use rand::RngExt as _;
use serde::Serialize;

use super::table::Table;
use super::{ReplayError, Request, USUAL_CAR};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
/// A place further than this from every corner is outside the city.
pub const MAX_SNAP_M: f64 = 500.0;

/// How many rows of the request files were not replayed, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Starts and ends on the same corner.
    pub same_node: usize,
    /// An end farther than [`MAX_SNAP_M`] from every corner of the city.
    pub outside_city: usize,
    /// Made before the period's start.
    pub before_start: usize,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "left out: {} that start and end on the same corner, {} outside the city, {} before the start",
            self.same_node, self.outside_city, self.before_start
        )
    }
}

/// The requests of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// When it starts; all other times count from here.
    pub start: Timestamp,
    /// Usable requests in order of time.
    pub requests: Vec<Request>,
    /// What was left out.
    pub left_out: LeftOut,
}

/// One request as it was recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recorded {
    pub(crate) at: Timestamp,
    pub(crate) spread: Spread,
    pub(crate) ends: Option<(NodeIx, NodeIx)>,
    pub(crate) asked: Asked,
}

/// Where a seed may move a recorded moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Nowhere.
    Exact,
    /// The clock showed no seconds, the record was rounded down: anywhere in its minute.
    InMinute,
    /// A minute around it, as the rider could as well have asked.
    Around,
}

/// A taxi as it was recorded: where it begins, and when it works.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stand {
    pub(crate) node: NodeIx,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) kind: CarKind,
}

/// Reads one or more request files as one period.
///
/// Requests recorded in whole minutes are spread inside their minute with `spread_seed` (`None` leaves
/// them). The start defaults to the full hour at or before the earliest request.
///
/// # Errors
/// [`ReplayError`] with file, line and column.
pub fn read_requests(
    paths: &[PathBuf],
    corners: &Snapper,
    start: Option<Timestamp>,
    spread_seed: Option<u64>,
) -> Result<Period, ReplayError> {
    let mut recorded = Vec::new();
    for path in paths {
        recorded.extend(recorded_file(path, corners)?);
    }
    period_of(recorded, start, spread_seed)
}

/// The rows of a file of requests.
pub(crate) fn recorded_file(path: &Path, corners: &Snapper) -> Result<Vec<Recorded>, ReplayError> {
    let mut recorded = Vec::new();
    requests_of(Table::open(path)?, corners, &mut recorded)?;
    Ok(recorded)
}

/// The rows of a table of requests that is at hand as text; `name` is for messages.
pub(crate) fn recorded_requests(name: &Path, text: &str, corners: &Snapper) -> Result<Vec<Recorded>, ReplayError> {
    let mut recorded = Vec::new();
    requests_of(Table::from_reader(name, Box::new(std::io::Cursor::new(text.to_owned())))?, corners, &mut recorded)?;
    Ok(recorded)
}

/// Makes a period of what was recorded, moments spread with the seed.
pub(crate) fn period_of(
    mut recorded: Vec<Recorded>,
    start: Option<Timestamp>,
    spread_seed: Option<u64>,
) -> Result<Period, ReplayError> {
    if let Some(seed) = spread_seed {
        let mut rng = SeededRng::new(seed, "replay.spread");
        for request in &mut recorded {
            match request.spread {
                Spread::Exact => {}
                Spread::InMinute => request.at = request.at.plus_ms(rng.random_range(0..MINUTE_MS)),
                Spread::Around => {
                    let moved = request.at.plus_ms(rng.random_range(-MINUTE_MS / 2..MINUTE_MS / 2));
                    request.at = start.map_or(moved, |start| moved.max(start));
                }
            }
        }
    }
    let earliest = recorded.iter().map(|r| r.at.millis()).min().unwrap_or_default();
    let start = start.unwrap_or(Timestamp::from_millis(earliest.div_euclid(HOUR_MS) * HOUR_MS));
    let mut period = Period { start, requests: Vec::with_capacity(recorded.len()), left_out: LeftOut::default() };
    for request in recorded {
        let at_ms = request.at.ms_since(start);
        match request.ends {
            None => period.left_out.outside_city += 1,
            Some((node, to)) if node == to => period.left_out.same_node += 1,
            Some(_) if at_ms < 0 => period.left_out.before_start += 1,
            Some((node, to)) => period.requests.push(Request { at_ms, node, to, asked: request.asked }),
        }
    }
    if period.requests.is_empty() {
        return Err(ReplayError::NoRequests { left_out: period.left_out.to_string() });
    }
    // Stable: requests of the same millisecond stay in the order of the files.
    period.requests.sort_by_key(|r| r.at_ms);
    Ok(period)
}

fn requests_of(mut table: Table, corners: &Snapper, out: &mut Vec<Recorded>) -> Result<(), ReplayError> {
    let at = table.column(&["request_time"], "when the ride was asked for")?;
    let pickup_lat = table.column(&["pu_node_lat", "pu_lat"], "latitude of the pickup")?;
    let pickup_lon = table.column(&["pu_node_lon", "pu_lon"], "longitude of the pickup")?;
    let dropoff_lat = table.column(&["do_node_lat", "do_lat"], "latitude of the drop-off")?;
    let dropoff_lon = table.column(&["do_node_lon", "do_lon"], "longitude of the drop-off")?;
    let [wheelchairs, child_seats, luggage, pet, women_only, no_pets] =
        ["wheelchairs", "child_seats", "luggage", "pet", "women_only", "no_pets"]
            .map(|name| table.optional_column(&[name]));
    while table.advance()? {
        let moment = table.moment(at)?;
        let pickup = corner(corners, table.place(pickup_lat, pickup_lon)?);
        let dropoff = corner(corners, table.place(dropoff_lat, dropoff_lon)?);
        let spread = if moment.millis() % MINUTE_MS == 0 { Spread::InMinute } else { Spread::Exact };
        let needs = RideNeeds {
            wheelchairs: table.optional_count(wheelchairs)?.unwrap_or(0),
            child_seats: table.optional_count(child_seats)?.unwrap_or(0),
            luggage: table.optional_count(luggage)?.unwrap_or(0),
            pet: table.optional_flag(pet)?.unwrap_or(false),
        };
        let wishes = RideWishes {
            women_only: table.optional_flag(women_only)?.unwrap_or(false),
            no_pets: table.optional_flag(no_pets)?.unwrap_or(false),
        };
        let asked = Asked { seats: 1, needs, wishes };
        out.push(Recorded { at: moment, spread, ends: pickup.zip(dropoff), asked });
    }
    Ok(())
}

pub(crate) fn corner(corners: &Snapper, place: Point) -> Option<NodeIx> {
    corners.snap(place, MAX_SNAP_M).ok().map(|snap| snap.node)
}

/// Reads where the taxis stand; those outside the city are left out.
///
/// # Errors
/// [`ReplayError`] with file, line and column.
pub fn read_taxis(path: &Path, corners: &Snapper) -> Result<Vec<NodeIx>, ReplayError> {
    Ok(stands_of(Table::open(path)?, corners)?.iter().map(|stand| stand.node).collect())
}

/// The same with what each of them has.
///
/// # Errors
/// [`ReplayError`] with file, line and column.
pub fn read_cars(path: &Path, corners: &Snapper) -> Result<Vec<(NodeIx, CarKind)>, ReplayError> {
    Ok(stands_of(Table::open(path)?, corners)?.iter().map(|stand| (stand.node, stand.kind)).collect())
}

/// Taxis with the times at which they work, from a file or from text that is at hand.
pub(crate) fn recorded_stands(path: &Path, text: Option<&str>, corners: &Snapper) -> Result<Vec<Stand>, ReplayError> {
    let table = match text {
        Some(text) => Table::from_reader(path, Box::new(std::io::Cursor::new(text.to_owned())))?,
        None => Table::open(path)?,
    };
    stands_of(table, corners)
}

fn stands_of(mut table: Table, corners: &Snapper) -> Result<Vec<Stand>, ReplayError> {
    let lat = table.column(&["node_lat", "lat"], "latitude of the taxi")?;
    let lon = table.column(&["node_lon", "lon"], "longitude of the taxi")?;
    let (from, until) = (table.optional_column(&["from"]), table.optional_column(&["until"]));
    let [wheelchairs, child_seats, luggage, pets, women_rides] =
        ["wheelchairs", "child_seats", "luggage", "pets", "women_rides"].map(|name| table.optional_column(&[name]));
    let mut stands = Vec::new();
    while table.advance()? {
        let (from, until) = (table.optional_moment(from)?, table.optional_moment(until)?);
        let usual = USUAL_CAR.car;
        let car = CarProfile {
            wheelchairs: table.optional_count(wheelchairs)?.unwrap_or(usual.wheelchairs),
            child_seats: table.optional_count(child_seats)?.unwrap_or(usual.child_seats),
            luggage: table.optional_count(luggage)?.unwrap_or(usual.luggage),
            pets: table.optional_flag(pets)?.unwrap_or(usual.pets),
        };
        let women_rides = table.optional_women(women_rides)?.unwrap_or_default();
        let kind = CarKind { car, women_rides, ..USUAL_CAR };
        stands.extend(corner(corners, table.place(lat, lon)?).map(|node| Stand { node, from, until, kind }));
    }
    Ok(stands)
}

/// Draws `fleet` of the taxis with `seed`, without replacement, in the order of the draw.
///
/// # Errors
/// [`ReplayError::FleetTooLarge`].
pub fn sample_fleet<T>(mut taxis: Vec<T>, fleet: usize, seed: u64) -> Result<Vec<T>, ReplayError> {
    if fleet > taxis.len() {
        return Err(ReplayError::FleetTooLarge { asked: fleet, there: taxis.len() });
    }
    let mut rng = SeededRng::new(seed, "replay.fleet");
    for drawn in 0..fleet {
        let other = rng.random_range(drawn..taxis.len());
        taxis.swap(drawn, other);
    }
    taxis.truncate(fleet);
    Ok(taxis)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use doorstep_roads::import;

    fn corners() -> Snapper {
        let nodes = "node,lon,lat\n7,-73.99,40.75\n8,-73.98,40.75\n9,-73.97,40.75\n";
        let edges = "from,to,length,speed\n7,8,0.8,20\n8,9,0.8,20\n9,7,1.6,20\n";
        Snapper::new(&import::tables(nodes.as_bytes(), edges.as_bytes()).unwrap().graph)
    }

    fn period(rows: &str, spread: Option<u64>) -> Result<Period, ReplayError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("requests.csv");
        std::fs::write(&path, format!("request_time,pu_lon,pu_lat,do_lon,do_lat\n{rows}")).unwrap();
        read_requests(&[path], &corners(), None, spread)
    }

    #[test]
    fn whole_minutes_are_spread_and_others_stay() {
        let rows = "2013-11-18T16:07:00,-73.99,40.75,-73.98,40.75\n2013-11-18T16:07:31,-73.99,40.75,-73.97,40.75\n";
        let spread = period(rows, Some(1)).unwrap();
        assert_eq!(spread, period(rows, Some(1)).unwrap());
        assert_eq!(spread.start.to_string(), "2013-11-18T16:00:00.000Z");
        assert!(spread.requests.iter().all(|r| r.at_ms / MINUTE_MS == 7));
        assert!(spread.requests.iter().any(|r| r.at_ms == 451_000));
        assert_eq!(period(rows, None).unwrap().requests[0].at_ms, 420_000);
    }

    #[test]
    fn what_cannot_be_used_is_counted() {
        let rows = "2013-11-18T16:07:01,-73.99,40.75,-73.99,40.75\n\
                    2013-11-18T16:07:02,-73.99,40.75,-72.0,40.75\n\
                    2013-11-18T16:07:03,-73.99,40.75,-73.98,40.75\n";
        let left_out = period(rows, None).unwrap().left_out;
        assert_eq!(left_out, LeftOut { same_node: 1, outside_city: 1, before_start: 0 });
    }

    #[test]
    fn broken_rows_are_named() {
        for (row, wanted) in [
            ("yesterday,-73.99,40.75,-73.98,40.75", "line 2, column request_time: `yesterday` is not a time"),
            ("2013-11-18T16:07:01,x,40.75,-73.98,40.75", "line 2, column pu_lon: `x` is not a number"),
            ("2013-11-18T16:07:01,-73.99,NaN,-73.98,40.75", "line 2, column pu_lat: `NaN`"),
            ("2013-11-18T16:07:01,-73.99,40.75,-73.98,95", "line 2, column do_lat: `95`"),
            ("2013-11-18T16:07:01,-73.99", "line 2"),
            ("", "no usable request"),
        ] {
            let message = period(row, None).unwrap_err().to_string();
            assert!(message.contains(wanted), "{message} should contain {wanted}");
        }
    }

    #[test]
    fn a_missing_column_is_named() {
        let table = Table::from_reader(Path::new("r.csv"), Box::new("request_time,pu_lat\n".as_bytes())).unwrap();
        let message = requests_of(table, &corners(), &mut Vec::new()).unwrap_err().to_string();
        assert!(message.contains("r.csv: there is no column `pu_node_lon`"), "{message}");
    }

    #[test]
    fn a_fleet_is_a_seeded_sample() {
        let all: Vec<NodeIx> = (0..100).collect();
        let one = sample_fleet(all.clone(), 30, 1).unwrap();
        assert_eq!(one, sample_fleet(all.clone(), 30, 1).unwrap());
        assert_ne!(one, sample_fleet(all.clone(), 30, 2).unwrap());
        let mut distinct = one;
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 30);
        assert!(sample_fleet(all, 101, 1).unwrap_err().to_string().contains("at most 100"));
    }
}
