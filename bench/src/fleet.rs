//! A made-up fleet that reports its positions: the same for every candidate.

use doorstep_clock::SeededRng;
use doorstep_geo::{Point, destination};
use rand::RngExt;

/// Seconds between two reports of a driver.
pub const REPORT_EVERY_S: f64 = 5.0;

/// How the drivers lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// On the streets and avenues of a strip like Manhattan (21 by 3.4 km, turned by 29 degrees), two
    /// thirds of them in the southern two fifths.
    Manhattan,
    /// Anywhere in a square of 50 km.
    Uniform,
}

impl Spread {
    /// The name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manhattan => "manhattan-like",
            Self::Uniform => "uniform",
        }
    }

    /// The axis the streets follow, degrees clockwise from north.
    const fn axis(self) -> f64 {
        match self {
            Self::Manhattan => 29.0,
            Self::Uniform => 0.0,
        }
    }

    /// A place where somebody might stand.
    pub fn place(self, rng: &mut SeededRng) -> Point {
        let corner = Point::new(40.700, -74.015).expect("invariant: a constant in range");
        let (along, across) = match self {
            Self::Manhattan => {
                let dense = rng.random_bool(2.0 / 3.0);
                let along: f64 =
                    if dense { rng.random_range(0.0..8_400.0) } else { rng.random_range(8_400.0..21_000.0) };
                let across: f64 = rng.random_range(0.0..3_400.0);
                // Half of the traffic keeps to avenues 274 m apart, half to streets 80 m apart.
                if rng.random_bool(0.5) {
                    (along, (across / 274.0).round() * 274.0)
                } else {
                    ((along / 80.0).round() * 80.0, across)
                }
            }
            Self::Uniform => (rng.random_range(0.0..50_000.0), rng.random_range(0.0..50_000.0)),
        };
        destination(destination(corner, self.axis(), along), self.axis() + 90.0, across)
    }
}

/// Drivers with their ids and positions.
pub struct Fleet {
    /// Ids in the form the product mints.
    pub ids: Vec<String>,
    /// Positions now.
    pub points: Vec<Point>,
    spread: Spread,
    headings: Vec<(f64, f64)>,
    rng: SeededRng,
}

impl Fleet {
    /// So many drivers, fully given by the seed.
    #[must_use]
    pub fn new(spread: Spread, drivers: usize, seed: u64) -> Self {
        let mut rng = SeededRng::new(seed, "bench.fleet");
        let ids = (0..drivers).map(|_| format!("drv_{:032x}", rng.random::<u128>())).collect();
        let points = (0..drivers).map(|_| spread.place(&mut rng)).collect();
        let headings = (0..drivers).map(|_| heading(spread, &mut rng)).collect();
        Self { ids, points, spread, headings, rng }
    }

    /// Lets the seconds between two reports pass: two fifths of the drivers stand, the others drive at
    /// up to 12 m/s and turn at one report in ten.
    pub fn step(&mut self) {
        for (point, heading_of) in self.points.iter_mut().zip(&mut self.headings) {
            if self.rng.random_bool(0.1) {
                *heading_of = heading(self.spread, &mut self.rng);
            }
            *point = destination(*point, heading_of.0, heading_of.1 * REPORT_EVERY_S);
        }
    }

    /// The drivers in the order in which they report in one round.
    pub fn order(&mut self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, self.rng.random_range(0..=i));
        }
        order
    }
}

fn heading(spread: Spread, rng: &mut SeededRng) -> (f64, f64) {
    let bearing = spread.axis() + 90.0 * f64::from(rng.random_range(0..4_u8));
    let speed = if rng.random_bool(0.4) { 0.0 } else { rng.random_range(1.0..12.0) };
    (bearing, speed)
}
