//! The recorded afternoon as a script: who asks for a ride when, and where the taxis stand at the start.
//!
//! The records are compiled into the binary (see `demo/manhattan/NOTICE.md` for their sources), so that
//! the demo needs nothing beside it. When the afternoon is over it begins again: lap after lap, each
//! shuffled inside the minute by its own seed, so that no two laps are equal and every run is.

use anyhow::Context as _;
use doorstep_clock::{SeededRng, Timestamp};
use doorstep_geo::Point;
use flate2::read::GzDecoder;
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};

/// The road network's node table, gzip CSV.
pub(super) const ROAD_NODES: &[u8] = include_bytes!("../../../../demo/manhattan/road_nodes.csv.gz");
/// The road network's edge table, gzip CSV.
pub(super) const ROAD_EDGES: &[u8] = include_bytes!("../../../../demo/manhattan/road_edges.csv.gz");
const REQUESTS: &[u8] = include_bytes!("../../../../demo/manhattan/requests.csv.gz");
const TAXIS: &[u8] = include_bytes!("../../../../demo/manhattan/taxis.csv.gz");

/// 16:00 in New York on the recorded day.
pub(super) const START: Timestamp = Timestamp::from_millis(1_384_808_400_000);
/// How long the recorded period is, in milliseconds.
pub(super) const LAP_MS: i64 = 40 * 60_000;

/// One rider's wish.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish {
    /// Milliseconds after the start of the lap.
    pub(super) after_ms: i64,
    pub(super) pickup: Point,
    pub(super) dropoff: Point,
    pub(super) seats: u8,
    /// What the rider needs and wishes; drawn, the record does not say.
    pub(super) special: Special,
}

/// What is special about a rider. Few are: the shares are of the size that large cities report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Special {
    wheelchair: bool,
    child_seat: bool,
    luggage: u8,
    pet: bool,
    women_only: bool,
    no_pets: bool,
}

impl Special {
    /// In the words of the API.
    pub(super) fn needs(self) -> Value {
        json!({"wheelchairs": u8::from(self.wheelchair), "child_seats": u8::from(self.child_seat), "luggage": self.luggage, "pet": self.pet})
    }

    /// In the words of the API.
    pub(super) fn wishes(self) -> Value {
        json!({"women_only": self.women_only, "no_pets": self.no_pets})
    }

    fn draw(rng: &mut SeededRng, seats: u8) -> Self {
        let mut of = |permille: u32| rng.random_range(0..1000) < permille;
        let (wheelchair, child_seat) = (of(3), of(8) && seats > 1);
        let luggage = u8::from(of(90)) + u8::from(of(40));
        Self {
            wheelchair: wheelchair && !child_seat,
            child_seat,
            luggage,
            pet: of(8),
            women_only: of(10),
            no_pets: of(10),
        }
    }
}

/// Where a taxi stands when the afternoon begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stand {
    pub(super) at: Point,
    pub(super) seats: u8,
    pub(super) gear: Gear,
}

/// What is special about a taxi and its driver; drawn, the record does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gear {
    ramp: bool,
    child_seat: bool,
    van: bool,
    pets: bool,
    women: Option<bool>,
}

impl Gear {
    /// In the words of the API.
    pub(super) fn car(self) -> Value {
        let luggage = if self.van { 4 } else { 2 };
        json!({"wheelchairs": u8::from(self.ramp), "child_seats": u8::from(self.child_seat), "luggage": luggage, "pets": self.pets})
    }

    /// In the words of the API.
    pub(super) fn women_rides(self) -> &'static str {
        match self.women {
            None => "none",
            Some(false) => "takes",
            Some(true) => "only",
        }
    }

    fn draw(rng: &mut SeededRng, seats: u8) -> Self {
        let mut of = |permille: u32| rng.random_range(0..1000) < permille;
        let (ramp, woman, only) = (of(40), of(50), of(100));
        Self { ramp, child_seat: of(60), van: ramp || seats > 4, pets: of(600), women: woman.then_some(only) }
    }
}

/// The whole script.
#[derive(Debug)]
pub(super) struct Script {
    wishes: Vec<Wish>,
    stands: Vec<Stand>,
}

impl Script {
    /// Reads the compiled-in records and keeps `taxis` of the stands and a `share` (0 to 1) of the wishes,
    /// both drawn by `seed`.
    pub(super) fn load(taxis: usize, share: f64, seed: u64) -> anyhow::Result<Self> {
        let mut stands = rows(TAXIS, |row| {
            let seats = field(row, 3)?.parse().context("capacity")?;
            Ok(Stand { at: point(row, 1)?, seats, gear: Gear::default() })
        })
        .context("the demo's taxis")?;
        let mut wishes = rows(REQUESTS, |row| {
            let at = Timestamp::parse_local_as_utc(field(row, 0)?)?;
            let of_day = at.millis().rem_euclid(86_400_000);
            Ok(Wish {
                after_ms: of_day - 16 * 3_600_000,
                pickup: point(row, 1)?,
                dropoff: point(row, 3)?,
                seats: field(row, 5)?.parse::<u8>().context("passengers")?.clamp(1, 4),
                special: Special::default(),
            })
        })
        .context("the demo's requests")?;

        let mut rng = SeededRng::new(seed, "demo.stands");
        stands.shuffle(&mut rng);
        stands.truncate(taxis);
        let mut rng = SeededRng::new(seed, "demo.wishes");
        wishes.retain(|_| rng.random::<f64>() < share);
        anyhow::ensure!(!stands.is_empty(), "the demo needs at least one taxi");
        let mut rng = SeededRng::new(seed, "demo.special");
        for stand in &mut stands {
            stand.gear = Gear::draw(&mut rng, stand.seats);
        }
        for wish in &mut wishes {
            wish.special = Special::draw(&mut rng, wish.seats);
        }
        Ok(Self { wishes, stands })
    }

    /// Where the taxis stand at the start.
    pub(super) fn stands(&self) -> &[Stand] {
        &self.stands
    }

    /// The wishes of lap `lap` in the order of their times. From the second lap on each moves by up to
    /// half a minute, so that laps differ.
    pub(super) fn lap(&self, lap: u32, seed: u64) -> Vec<Wish> {
        let mut wishes = self.wishes.clone();
        if lap > 0 {
            let mut rng = SeededRng::new(seed.wrapping_add(u64::from(lap)), "demo.lap");
            for wish in &mut wishes {
                wish.after_ms = (wish.after_ms + rng.random_range(-30_000..=30_000)).clamp(0, LAP_MS - 1);
            }
            wishes.sort_by_key(|w| w.after_ms);
        }
        wishes
    }

    /// A corner near `from` (at most `reach_m` metres as the crow flies) where riders are known to ask for
    /// rides: where a taxi driver with nothing to do would go. Tries a few draws, then gives up.
    pub(super) fn busy_corner(&self, from: Point, reach_m: f64, rng: &mut SeededRng) -> Option<Point> {
        (0..24)
            .filter_map(|_| self.wishes.get(rng.random_range(0..self.wishes.len().max(1))))
            .map(|w| w.pickup)
            .find(|p| (80.0..reach_m).contains(&doorstep_geo::haversine_m(from, *p)))
    }
}

fn rows<T>(gz: &[u8], mut read: impl FnMut(&csv::StringRecord) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    let mut out = Vec::new();
    for record in csv::Reader::from_reader(GzDecoder::new(gz)).records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        out.push(read(&record).with_context(|| format!("line {line}"))?);
    }
    Ok(out)
}

fn field(row: &csv::StringRecord, ix: usize) -> anyhow::Result<&str> {
    row.get(ix).with_context(|| format!("column {} is missing", ix + 1))
}

/// A point from two columns: longitude, then latitude.
fn point(row: &csv::StringRecord, ix: usize) -> anyhow::Result<Point> {
    let lon = field(row, ix)?.parse().context("longitude")?;
    let lat = field(row, ix + 1)?.parse().context("latitude")?;
    Ok(Point::new(lat, lon)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_afternoon_is_whole() {
        let script = Script::load(3000, 1.0, 1).unwrap();
        assert_eq!(script.stands().len(), 3000);
        let lap = script.lap(0, 1);
        assert_eq!(lap.len(), 10_545);
        assert!(lap.windows(2).all(|w| w[0].after_ms <= w[1].after_ms));
        assert!(lap.iter().all(|w| (0..LAP_MS).contains(&w.after_ms)));
        assert_eq!(START.to_string(), "2013-11-18T21:00:00.000Z");
    }

    #[test]
    fn few_riders_are_special_and_few_cars() {
        let script = Script::load(3000, 1.0, 1).unwrap();
        let lap = script.lap(0, 1);
        let of = |special: fn(&Special) -> bool| lap.iter().filter(|w| special(&w.special)).count();
        assert!((10..80).contains(&of(|s| s.wheelchair)) && (50..200).contains(&of(|s| s.women_only)));
        assert!(of(|s| *s == Special::default()) > lap.len() * 4 / 5);
        let ramps = script.stands().iter().filter(|s| s.gear.ramp).count();
        assert!((60..200).contains(&ramps), "{ramps}");
        assert!(lap.iter().all(|w| w.special.luggage <= 2), "no more than a usual boot takes");
    }

    #[test]
    fn laps_differ_and_seeds_repeat() {
        let script = Script::load(10, 0.1, 7).unwrap();
        assert_ne!(script.lap(0, 7), script.lap(1, 7));
        assert_eq!(script.lap(2, 7), script.lap(2, 7));
        assert_eq!(Script::load(10, 0.1, 7).unwrap().stands(), script.stands());
    }
}
