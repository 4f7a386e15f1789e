//! Demand over time: a curve, bursts in places, and the riders drawn from them.

use doorstep_clock::SeededRng;
use doorstep_geo::{Point, haversine_m};
use rand::RngExt as _;

use super::{People, Town};

/// A burst of demand in one place: a concert ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// When it begins, seconds.
    pub from_s: f64,
    /// When it ends, seconds.
    pub to_s: f64,
    /// Where.
    pub place: Point,
    /// Riders per minute who would ride at the flat fare.
    pub per_min: f64,
}

/// Demand as a multiple of the recorded one, over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Points of the curve: seconds and multiple, in order of time; straight between them, level outside.
    pub curve: Vec<(f64, f64)>,
    /// Bursts on top.
    pub bursts: Vec<Burst>,
    /// Standard deviation of a slow random swing around the curve (half-life 20 minutes), as a share.
    pub swing: f64,
}

/// Somebody who thinks of riding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish {
    pub(super) at_ms: i64,
    pub(super) journey: u32,
    /// What the ride is worth, in usual costs.
    pub(super) worth: f64,
}

impl Demand {
    /// The same multiple all the time.
    #[must_use]
    pub fn steady(multiple: f64) -> Self {
        Self { curve: vec![(0.0, multiple)], bursts: Vec::new(), swing: 0.0 }
    }

    /// The multiple at a moment.
    pub(super) fn at(&self, s: f64) -> f64 {
        match self.curve.iter().position(|(t, _)| *t > s) {
            Some(0) => self.curve[0].1,
            Some(next) => {
                let ((t0, a), (t1, b)) = (self.curve[next - 1], self.curve[next]);
                a + (b - a) * (s - t0) / (t1 - t0)
            }
            None => self.curve.last().map_or(0.0, |(_, m)| *m),
        }
    }

    /// Everybody who thinks of riding until `until_s`, in order of time. Depends on nothing but the seed.
    pub(super) fn wishes(&self, town: &Town, people: &People, until_s: f64, seed: u64) -> Vec<Wish> {
        let mut rng = SeededRng::new(seed, "simulate.wishes");
        let mut swings = SeededRng::new(seed, "simulate.swing");
        let bursts: Vec<(Burst, Vec<u32>)> =
            self.bursts.iter().map(|burst| (*burst, journeys_near(town, burst.place))).collect();
        let (mut wishes, mut swing) = (Vec::new(), 0.0_f64);
        // Half-life of 20 minutes at a step of one minute.
        let keep = 0.5_f64.powf(1.0 / 20.0);
        let minutes = (until_s / 60.0).ceil() as u32;
        for minute in 0..minutes {
            let s = f64::from(minute) * 60.0;
            swing = swing * keep + gauss(&mut swings) * self.swing * (1.0 - keep * keep).sqrt();
            let everywhere = town.per_min * self.at(s) * swing.exp();
            draw(&mut wishes, &mut rng, people, s, everywhere, |rng| rng.random_range(0..town.journeys.len() as u32));
            for (burst, near) in bursts.iter().filter(|(b, near)| (b.from_s..b.to_s).contains(&s) && !near.is_empty()) {
                draw(&mut wishes, &mut rng, people, s, burst.per_min, |rng| near[rng.random_range(0..near.len())]);
            }
        }
        wishes.sort_by_key(|w| w.at_ms);
        wishes
    }
}

fn draw(
    wishes: &mut Vec<Wish>,
    rng: &mut SeededRng,
    people: &People,
    from_s: f64,
    usual_per_min: f64,
    mut journey: impl FnMut(&mut SeededRng) -> u32,
) {
    let mean_gap_s = 60.0 / (usual_per_min / people.usual_share()).max(1e-9);
    let mut s = 0.0;
    loop {
        s -= (1.0 - rng.random::<f64>()).ln() * mean_gap_s;
        if s >= 60.0 {
            return;
        }
        // Hours in milliseconds, far inside the range.
        let at_ms = ((from_s + s) * 1000.0) as i64;
        wishes.push(Wish { at_ms, journey: journey(rng), worth: people.worth(rng.random()) });
    }
}

/// Journeys that begin within 700 m of a place.
fn journeys_near(town: &Town, place: Point) -> Vec<u32> {
    let near = |(_, journey): &(usize, &super::town::Journey)| haversine_m(town.point(journey.from), place) < 700.0;
    town.journeys.iter().enumerate().filter(near).map(|(ix, _)| ix as u32).collect()
}

/// A normal draw (Box and Muller).
pub(super) fn gauss(rng: &mut SeededRng) -> f64 {
    let (a, b): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}
