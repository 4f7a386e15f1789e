//! From reviews to reputations: who is good, how sure that is, and whose reviews count less and why.
//!
//! *Invariant*: the order of the reviews does not change a bit of the result, nor does the number of threads.

mod bursts;
mod decay;
mod emission;
mod fit;
mod live;
mod retaliation;
mod rings;
mod scale;
mod table;
mod walk;

use crate::report::{Discount, Reason, Report, Standing};
use crate::review::{Decay, Market, Settings};
use bursts::Burst;
use emission::Emission;
use fit::Fit;
pub use live::Live;
use rings::Search;
use scale::Scale;
use table::{Entry, Table};

/// How often the suspects are sought, and quality fitted again without them.
const TURNS: usize = 6;
/// When trust moves less than this in the mean, the search is over.
const STILL: f64 = 5e-4;
/// Rounds of the search in a turn.
const ROUNDS: usize = 2;
/// Less guilt than this takes no weight away.
const DOUBT: f32 = 0.3;
/// What is left of the guiltiest.
const LEAST_TRUST: f32 = 0.02;
/// A review given back for another counts this.
const RETALIATION: f32 = 0.25;
/// Nine of ten: the normal deviate of `lower`.
const NINE_OF_TEN: f64 = 1.2816;

/// Estimates all reputations of a market.
///
/// # Panics
/// When a review names a rater or subject that the market does not have, or stars that are not one to five.
#[must_use]
pub fn score(market: &Market<'_>, settings: &Settings) -> Report {
    let known = |r: &crate::Review| (r.rater as usize) < market.raters && (r.subject as usize) < market.subjects;
    assert!(
        market.reviews.iter().all(|r| known(r) && (1..=5).contains(&r.stars)),
        "reviews name raters and subjects of the market, and one to five stars"
    );
    Estimate::new(market, settings).report()
}

/// A finished estimate with all that led to it.
#[derive(Debug, Clone)]
struct Estimate {
    table: Table,
    scale: Scale,
    fit: Fit,
    search: Search,
    emission: Emission,
    trust: Vec<f32>,
    bursts: Vec<Burst>,
    retaliations: Vec<(u32, u64)>,
    half_life: Option<f64>,
}

impl Estimate {
    fn new(market: &Market<'_>, settings: &Settings) -> Self {
        let retaliations = retaliation::find(market.reviews, market.twins);
        let mut table = Table::new(market.reviews, market.raters, market.subjects, &retaliations);
        let mut trust = vec![1.0_f32; market.raters];
        let plain = Scale::of(&stars(&table, &trust));
        let bursts = bursts::dampen(&mut table, &plain);
        let mut search = Search::new(&table);
        if search.small(&table) {
            search.acquit();
        }
        suspect(&mut trust, &search, 0.0);
        let mut scale = Scale::of(&stars(&table, &trust));
        let mut fit = Fit::blank(&table);
        fit.again(&table, &trust, &scale, 6);
        let mut emission = Emission::flat(&[1.0; 5]);
        for _ in 0..if search.small(&table) { 0 } else { TURNS } {
            emission = Emission::learn(&table, &fit, &trust, &scale);
            for _ in 0..ROUNDS {
                search.round(&table, &fit, &emission, &trust, &scale);
            }
            let moved = suspect(&mut trust, &search, DOUBT);
            scale = Scale::of(&stars(&table, &trust));
            fit.again(&table, &trust, &scale, 3);
            if moved < STILL {
                break;
            }
        }
        if search.lost_itself(&table) {
            search.acquit();
            suspect(&mut trust, &search, DOUBT);
            scale = Scale::of(&stars(&table, &trust));
            fit.again(&table, &trust, &scale, 4);
        }
        let share = match settings.decay {
            Decay::Learned => decay::learn(&table, &fit, &trust, &scale),
            Decay::HalfLife(time) if table.span > 0 => Some((time / table.span as f64).max(1e-6)),
            Decay::None | Decay::HalfLife(_) => None,
        };
        if let Some(share) = share {
            decay::apply(&mut table, share);
            fit.again(&table, &trust, &scale, 4);
        }
        fit.subjects_again(&table, &trust, &scale);
        let half_life = share.map(|share| share * table.span as f64);
        Self { table, scale, fit, search, emission, trust, bursts, retaliations, half_life }
    }

    fn report(&self) -> Report {
        Report {
            standings: (0..self.table.subjects()).map(|subject| self.standing(subject)).collect(),
            discounts: self.discounts(),
            duplicates: self.table.duplicates,
            half_life: self.half_life,
        }
    }

    fn standing(&self, subject: usize) -> Standing {
        let list = self.table.of_subject(subject);
        let says = |e: &Entry| {
            self.precision(e.weight * self.trust[e.other as usize], self.table.of_rater(e.other as usize).len())
        };
        self.stands(subject, list.iter().map(says).sum(), list.len())
    }

    /// What a review of this weight says of its subject, as the inverse of a variance; the unknown part of its
    /// rater's leniency adds to the noise.
    fn precision(&self, weight: f32, reviews_of_rater: usize) -> f64 {
        let var = &self.fit.var;
        let unknown = var.leniency * var.noise / (var.noise + reviews_of_rater as f64 * var.leniency);
        f64::from(weight) / (var.noise + unknown)
    }

    fn stands(&self, subject: usize, precision: f64, reviews: usize) -> Standing {
        let deviation = (1.0 / (precision.max(0.0) + 1.0 / self.fit.var.quality.max(1e-6))).sqrt();
        let level = f64::from(self.fit.mean + self.fit.subjects[subject].quality);
        Standing {
            score: self.scale.stars(level),
            lower: self.scale.stars(level - NINE_OF_TEN * deviation),
            reviews: reviews as u32,
        }
    }

    fn discounts(&self) -> Vec<Discount> {
        let mut all: Vec<Discount> = Vec::new();
        for (rater, &trust) in self.trust.iter().enumerate() {
            if trust >= 1.0 {
                continue;
            }
            let list = self.table.of_rater(rater);
            let against = self.search.against(list, self.search.guilt[rater]);
            let reviews = list.len() as u32;
            let reason = if against.praise + against.attack > 0 {
                Reason::Ring {
                    praise: against.praise,
                    attack: against.attack,
                    reviews,
                    favourite: against.favourite.map(|(subject, _)| subject),
                    companions: against.companions.round() as u32,
                }
            } else {
                Reason::Erratic { reviews }
            };
            all.push(Discount { rater: rater as u32, weight: f64::from(trust), reason });
        }
        for burst in &self.bursts {
            for rater in burst.raters() {
                let reason = Reason::Burst { subject: burst.subject, reviews: burst.reviews as u32 };
                all.push(Discount { rater, weight: f64::from(burst.weight), reason });
            }
        }
        for run in self.retaliations.chunk_by(|a, b| a.0 == b.0) {
            let reason = Reason::Retaliation { reviews: run.len() as u32 };
            all.push(Discount { rater: run[0].0, weight: f64::from(RETALIATION), reason });
        }
        // The heaviest reason of each.
        all.sort_by(|a, b| a.rater.cmp(&b.rater).then(a.weight.total_cmp(&b.weight)));
        all.dedup_by_key(|d| d.rater);
        all
    }
}

/// Takes trust away from the suspects; says how far the mean rater's moved.
fn suspect(trust: &mut [f32], search: &Search, doubt: f32) -> f64 {
    let (mut moved, raters) = (0.0, trust.len().max(1) as f64);
    for (trust, &guilt) in trust.iter_mut().zip(&search.guilt) {
        let new = trusted(guilt, doubt);
        moved += f64::from((*trust - new).abs());
        *trust = new;
    }
    moved / raters
}

fn trusted(guilt: f32, doubt: f32) -> f32 {
    if guilt <= doubt { 1.0 } else { (1.0 - guilt).max(LEAST_TRUST) }
}

/// How often each number of stars is given by those who are trusted.
fn stars(table: &Table, trust: &[f32]) -> [f64; 5] {
    let mut nothing = vec![(); table.raters()];
    let parts = walk::fill(&table.row_start, &mut nothing, |range, _| {
        let mut counts = [0.0_f64; 5];
        for rater in range {
            for e in table.of_rater(rater) {
                counts[e.stars as usize - 1] += f64::from(trust[rater] * e.weight);
            }
        }
        counts
    });
    let mut counts = [0.0; 5];
    for part in parts {
        for (sum, n) in counts.iter_mut().zip(part) {
            *sum += n;
        }
    }
    counts
}
