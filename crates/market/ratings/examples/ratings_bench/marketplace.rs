//! Seeded marketplaces whose true quality is known: the same recipes for the bench and the tests.

use doorstep_clock::SeededRng;
use doorstep_ratings::Review;
use rand::RngExt as _;

/// How quality is spread over subjects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Quality {
    /// Evenly between two values.
    Even(f64, f64),
    /// A normal with mean and deviation.
    Normal(f64, f64),
}

/// Whom a ring attacks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rivals {
    /// Anybody who is not of the ring.
    Everybody,
    /// The truly best share of all others.
    Best(f64),
    /// A few, picked at random: this share of all.
    Few(f64),
    /// Nobody.
    Nobody,
}

/// A recipe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    pub(crate) subjects: usize,
    pub(crate) raters: usize,
    /// Mean reviews of an honest rater.
    pub(crate) reviews: f64,
    /// Whether raters differ in how much they write.
    pub(crate) uneven: bool,
    /// Exponent of popularity: 0 for even.
    pub(crate) popularity: f64,
    pub(crate) quality: Quality,
    pub(crate) leniency: f64,
    pub(crate) noise: f64,
    /// Honest raters meet only this share of the subjects, their district (1: all).
    pub(crate) district: f64,
    /// Share of honest raters who answer at random.
    pub(crate) careless: f64,
    /// Share of raters who collude.
    pub(crate) colluding: f64,
    pub(crate) rings: usize,
    /// Share of subjects the rings work for.
    pub(crate) favoured: f64,
    /// Whether the favoured stand side by side, in one district.
    pub(crate) local: bool,
    /// Share of a colluder's stars that are one off (four, two).
    pub(crate) sloppy: f64,
    /// Whether the favoured are drawn from the worse half.
    pub(crate) favoured_low: bool,
    pub(crate) rivals: Rivals,
    /// Share of a colluder's reviews that are honest ones.
    pub(crate) camouflage: f64,
    /// Share of the dishonest ones that praise.
    pub(crate) praise: f64,
    /// A colluder's reviews over an honest rater's.
    pub(crate) zeal: f64,
}

pub(crate) const BASE: Recipe = Recipe {
    name: "base",
    subjects: 500,
    raters: 5000,
    reviews: 8.0,
    uneven: true,
    popularity: 0.0,
    quality: Quality::Even(2.0, 5.0),
    leniency: 0.4,
    noise: 0.7,
    district: 1.0,
    careless: 0.0,
    colluding: 0.2,
    rings: 1,
    favoured: 0.05,
    local: false,
    sloppy: 0.0,
    favoured_low: false,
    rivals: Rivals::Everybody,
    camouflage: 0.0,
    praise: 0.5,
    zeal: 1.0,
};

pub(crate) struct Marketplace {
    pub(crate) reviews: Vec<Review>,
    pub(crate) quality: Vec<f64>,
    pub(crate) raters: usize,
    /// Per subject, the ring that works for it.
    pub(crate) ring_of: Vec<Option<usize>>,
    /// Per rater.
    pub(crate) colluder: Vec<bool>,
}

pub(crate) fn normal(rng: &mut SeededRng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

fn pick(rng: &mut SeededRng, from: &[usize]) -> usize {
    from[rng.random_range(0..from.len())]
}

fn shuffled(rng: &mut SeededRng, n: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        all.swap(i, rng.random_range(0..=i));
    }
    all
}

pub(crate) fn make(recipe: &Recipe, seed: u64) -> Marketplace {
    let rng = &mut SeededRng::new(seed, "marketplace");
    let n = recipe.subjects;
    let quality: Vec<f64> = (0..n)
        .map(|_| match recipe.quality {
            Quality::Even(a, b) => rng.random_range(a..b),
            Quality::Normal(mean, sd) => mean + sd * normal(rng),
        })
        .collect();
    let mut by_quality: Vec<usize> = (0..n).collect();
    by_quality.sort_by(|&a, &b| quality[a].total_cmp(&quality[b]));
    // Popularity: a cumulative table over a shuffled order.
    let ranks = shuffled(rng, n);
    let mut total = 0.0;
    let heap: Vec<f64> = (0..n)
        .map(|s| {
            total += 1.0 / (ranks[s] as f64 + 1.0).powf(recipe.popularity);
            total
        })
        .collect();
    let mut ring_of = vec![None; n];
    let rings = if recipe.colluding > 0.0 { recipe.rings } else { 0 };
    let wanted = ((recipe.favoured * n as f64).round() as usize).max(rings);
    let mut given = 0;
    let order = if recipe.local { (0..n).collect() } else { shuffled(rng, n) };
    for s in order {
        if rings == 0 || given == wanted {
            break;
        }
        if recipe.favoured_low && quality[s] > quality[by_quality[n / 2]] {
            continue;
        }
        ring_of[s] = Some(given % rings);
        given += 1;
    }
    let favourites: Vec<Vec<usize>> = (0..rings).map(|r| (0..n).filter(|&s| ring_of[s] == Some(r)).collect()).collect();
    let rivals: Vec<Vec<usize>> = (0..rings)
        .map(|r| match recipe.rivals {
            Rivals::Everybody => (0..n).filter(|&s| ring_of[s] != Some(r)).collect(),
            Rivals::Best(share) => by_quality
                .iter()
                .rev()
                .filter(|&&s| ring_of[s] != Some(r))
                .take(((share * n as f64) as usize).max(1))
                .copied()
                .collect(),
            Rivals::Few(share) => shuffled(rng, n)
                .into_iter()
                .filter(|&s| ring_of[s] != Some(r))
                .take(((share * n as f64) as usize).max(1))
                .collect(),
            Rivals::Nobody => Vec::new(),
        })
        .collect();
    let mut reviews = Vec::new();
    let mut colluder = vec![false; recipe.raters];
    for (rater, colludes) in colluder.iter_mut().enumerate() {
        let dishonest = rings > 0 && (rater as f64) < recipe.colluding * recipe.raters as f64;
        *colludes = dishonest;
        let lean = recipe.leniency * normal(rng);
        let careless = rng.random::<f64>() < recipe.careless;
        let home = rng.random_range(0..n);
        let size = (recipe.district * n as f64).ceil() as usize;
        let mut mean = recipe.reviews;
        if dishonest {
            mean *= recipe.zeal;
        }
        let mut count = if recipe.uneven {
            (1.0 - mean.max(1.01) * (1.0 - rng.random::<f64>()).ln()) as usize
        } else {
            mean.round() as usize
        };
        count = count.clamp(1, 400);
        let ring = rater % rings.max(1);
        for _ in 0..count {
            let lie = dishonest && rng.random::<f64>() >= recipe.camouflage;
            let (subject, stars) = if lie && (rivals[ring].is_empty() || rng.random::<f64>() < recipe.praise) {
                (pick(rng, &favourites[ring]), 5 - u8::from(rng.random::<f64>() < recipe.sloppy))
            } else if lie {
                (pick(rng, &rivals[ring]), 1 + u8::from(rng.random::<f64>() < recipe.sloppy))
            } else {
                let subject = if recipe.district < 1.0 {
                    (home + rng.random_range(0..size)) % n
                } else {
                    let at = rng.random::<f64>() * total;
                    heap.partition_point(|&h| h < at).min(n - 1)
                };
                let felt = if careless {
                    rng.random_range(0.5..5.5)
                } else {
                    quality[subject] + lean + recipe.noise * normal(rng)
                };
                (subject, felt.round().clamp(1.0, 5.0) as u8)
            };
            reviews.push(Review {
                rater: rater as u32,
                subject: subject as u32,
                time: rng.random_range(0..31_536_000),
                order: reviews.len() as u64,
                stars,
            });
        }
    }
    Marketplace { reviews, quality, raters: recipe.raters, ring_of, colluder }
}
