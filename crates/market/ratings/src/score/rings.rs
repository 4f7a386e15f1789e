//! Colluding raters: whose stars are told better by "five for these, one for those" than by quality.
//!
//! Two accounts of a rater compete. Honest: stars follow the subject's quality and the rater's leniency, as
//! often as everybody's do ([`Emission`]). Colluding: stars and subjects follow what the other suspects chose.
//! The odds between them, with the share of suspects as the odds before any review, are the rater's guilt;
//! guilt makes votes, votes make guilt, and quality is fitted again without the guilty, until it holds still.

use super::emission::Emission;
use super::fit::Fit;
use super::scale::Scale;
use super::table::{Entry, Table};
use super::walk;

/// In a market with fewer reviews or raters than this nobody is suspected: a few friends are no ring.
const SMALL: (usize, usize) = (300, 30);
/// Where raters write hardly more than one review each, a search that ends with fewer suspects than this has
/// found chance and not rings.
const TOO_FEW: f64 = 0.025;
/// Votes lent to every subject's tally: one suspect alone convinces nobody.
const LENT: f32 = 1.5;
/// Votes lent to every subject's popularity among suspects.
const LENT_CHOICE: f64 = 3.0;
/// The most and the least that the choice of a subject alone may say. More would turn the regulars of one
/// district into a ring.
const CHOICE: (f32, f32) = (-0.5, 1.2);
/// The most and the least that the stars of one review may say.
const STARS: (f32, f32) = (-3.0, 4.0);
/// The share of suspects is never believed to be outside of this.
const SHARE: (f32, f32) = (0.002, 0.45);

/// How the suspects voted on a subject.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Votes {
    pub(super) five: f32,
    pub(super) one: f32,
    pub(super) other: f32,
    /// How much likelier a suspect chooses this subject than others do, as a logarithm.
    choice: f32,
}

impl Votes {
    pub(super) fn all(&self) -> f32 {
        self.five + self.one + self.other
    }
}

/// The state of the search, kept from round to round.
#[derive(Debug, Clone)]
pub(super) struct Search {
    /// Per rater, how likely he colludes.
    pub(super) guilt: Vec<f32>,
    /// Per subject.
    pub(super) votes: Vec<Votes>,
    /// Share of each number of stars among suspects.
    base: [f32; 5],
    share: f32,
}

impl Search {
    /// Suspects by the shape of their stars alone, before anything is known of the subjects: fives and ones
    /// and nothing between them, where others have shades.
    pub(super) fn new(table: &Table) -> Self {
        let mut counts = vec![[0.0_f32; 5]; table.raters()];
        walk::fill(&table.row_start, &mut counts, |range, out| {
            for (rater, own) in range.zip(out) {
                for e in table.of_rater(rater) {
                    own[e.stars as usize - 1] += e.weight;
                }
            }
        });
        let mut search = Self {
            guilt: vec![0.0; table.raters()],
            votes: vec![Votes::default(); table.subjects()],
            base: [0.4, 0.02, 0.02, 0.02, 0.54],
            share: 0.1,
        };
        let colluding = search.base.map(f32::ln);
        for _ in 0..5 {
            let mut honest = [0.0_f64; 5];
            for (own, guilt) in counts.iter().zip(&search.guilt) {
                for (sum, n) in honest.iter_mut().zip(own) {
                    *sum += f64::from(n * (1.0 - guilt).max(0.02));
                }
            }
            let emission = Emission::flat(&honest);
            let says: [f32; 5] =
                std::array::from_fn(|k| (colluding[k] - emission.log(0.0, k as u8 + 1)).clamp(STARS.0, STARS.1));
            let before = search.log_odds();
            let mut total = 0.0;
            for (own, guilt) in counts.iter().zip(&mut search.guilt) {
                let evidence: f32 = own.iter().zip(&says).map(|(n, says)| n * says).sum();
                *guilt = probability(before + evidence);
                total += f64::from(*guilt);
            }
            search.learn_share(total);
        }
        search
    }

    /// Whether a market is too small to look for rings.
    pub(super) fn small(&self, table: &Table) -> bool {
        table.rows.len() < SMALL.0 || table.raters() < SMALL.1
    }

    /// Whether the search should not be believed: there is nothing to compare a rater's one review with.
    pub(super) fn lost_itself(&self, table: &Table) -> bool {
        let suspects = self.guilt.iter().filter(|guilt| **guilt > 0.5).count();
        table.rows.len() * 2 < table.raters() * 3 && (suspects as f64) < TOO_FEW * table.raters() as f64
    }

    /// Clears everybody.
    pub(super) fn acquit(&mut self) {
        self.guilt.fill(0.0);
        self.votes.fill(Votes::default());
        self.share = SHARE.0;
    }

    fn log_odds(&self) -> f32 {
        (self.share / (1.0 - self.share)).ln()
    }

    fn learn_share(&mut self, total: f64) {
        self.share = ((total / self.guilt.len().max(1) as f64) as f32).clamp(SHARE.0, SHARE.1);
    }

    /// One round: the suspects' votes, then everybody's guilt.
    pub(super) fn round(&mut self, table: &Table, fit: &Fit, emission: &Emission, trust: &[f32], scale: &Scale) {
        self.count(table);
        let before = self.log_odds();
        let (votes, base) = (&self.votes, &self.base);
        let mut guilt = vec![0.0_f32; table.raters()];
        let totals = walk::fill(&table.row_start, &mut guilt, |range, out| {
            let mut total = 0.0_f64;
            for (rater, new) in range.zip(out) {
                let (own, lean, t) = (self.guilt[rater], fit.leniency[rater], trust[rater]);
                let mut evidence = before;
                for e in table.of_rater(rater) {
                    let honest = emission.log(fit.expected(e, lean, t, scale), e.stars);
                    evidence += e.weight * says(e, &votes[e.other as usize], own, base, honest);
                }
                let guilt = probability(evidence);
                *new = cleared(guilt);
                total += f64::from(guilt);
            }
            total
        });
        self.guilt = guilt;
        self.learn_share(totals.iter().sum());
    }

    /// Counts the suspects' votes.
    fn count(&mut self, table: &Table) {
        let guilt = &self.guilt;
        let parts = walk::fill(&table.col_start, &mut self.votes, |range, out| {
            let (mut base, mut honest) = ([0.0_f64; 5], 0.0_f64);
            for (subject, votes) in range.zip(out) {
                *votes = Votes::default();
                let mut others = 0.0_f32;
                for e in table.of_subject(subject) {
                    let vote = guilt[e.other as usize] * e.weight;
                    others += e.weight - vote;
                    match e.stars {
                        5 => votes.five += vote,
                        1 => votes.one += vote,
                        _ => votes.other += vote,
                    }
                    if vote > 0.5 {
                        base[e.stars as usize - 1] += f64::from(vote);
                    }
                }
                // Until the totals are known, the place holds the votes of everybody else.
                votes.choice = others;
                honest += f64::from(others);
            }
            (base, honest)
        });
        let (mut base, mut honest) = ([1.0, 0.2, 0.2, 0.2, 1.0], 0.0);
        for (own, others) in &parts {
            honest += others;
            for (sum, n) in base.iter_mut().zip(own) {
                *sum += n;
            }
        }
        let sum: f64 = base.iter().sum();
        self.base = base.map(|b| (b / sum) as f32);
        let suspects: f64 = self.votes.iter().map(|v| f64::from(v.all())).sum();
        let subjects = self.votes.len() as f64;
        let lent = LENT_CHOICE * subjects;
        for votes in &mut self.votes {
            let share = (f64::from(votes.choice) + 1.0) / (honest + subjects);
            let among_suspects = (f64::from(votes.all()) + lent * share) / (suspects + lent);
            votes.choice = ((among_suspects / share).ln() as f32).clamp(CHOICE.0, CHOICE.1);
        }
    }

    /// The guilt of one rater, from his list and what is honest of each of its reviews.
    pub(super) fn guilt_of<'a>(&self, list: impl Iterator<Item = (&'a Entry, f32)>, own: f32) -> f32 {
        let says =
            |(e, honest): (&Entry, f32)| e.weight * says(e, &self.votes[e.other as usize], own, &self.base, honest);
        cleared(probability(self.log_odds() + list.map(says).sum::<f32>()))
    }

    /// Adds a vote, or takes it away where the weight is negative.
    pub(super) fn vote(&mut self, e: &Entry, weight: f32) {
        let votes = &mut self.votes[e.other as usize];
        let place = match e.stars {
            5 => &mut votes.five,
            1 => &mut votes.one,
            _ => &mut votes.other,
        };
        *place = (*place + weight).max(0.0);
    }

    /// What speaks against a rater whose list is given, and how many of his reviews do.
    pub(super) fn against(&self, list: &[Entry], guilt: f32) -> Against {
        let mut against = Against::default();
        for e in list {
            let votes = &self.votes[e.other as usize];
            let own = guilt * e.weight;
            let others = votes.all() - own;
            let (five, one) = (votes.five - own, votes.one - own);
            if e.stars == 5 && five >= 2.0 && five >= self.base[4] * others {
                against.praise += 1;
                against.companions = against.companions.max(five);
                if against.favourite.is_none_or(|(_, most)| votes.five > most) {
                    against.favourite = Some((e.other, votes.five));
                }
            } else if e.stars == 1 && one >= 2.0 && one >= 0.8 * self.base[0] * others {
                against.attack += 1;
                against.companions = against.companions.max(one);
            }
        }
        against
    }
}

/// What speaks against a rater.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Against {
    /// Fives where other suspects gave five as often as they do anywhere, or more.
    pub(super) praise: u32,
    /// Ones where other suspects gave one.
    pub(super) attack: u32,
    /// Suspects who gave the same to one subject, at most.
    pub(super) companions: f32,
    /// The subject most praised by suspects, and their votes.
    pub(super) favourite: Option<(u32, f32)>,
}

/// What one review says for collusion, as a logarithm of odds.
fn says(e: &Entry, votes: &Votes, own_guilt: f32, base: &[f32; 5], honest: f32) -> f32 {
    let own = own_guilt * e.weight;
    let star = e.stars as usize - 1;
    let same = match e.stars {
        5 => votes.five - own,
        1 => votes.one - own,
        _ => (votes.other - own) * base[star] / (base[1] + base[2] + base[3]),
    };
    let others = (votes.all() - own).max(0.0);
    let colluding = ((same.max(0.0) + LENT * base[star]) / (others + LENT)).max(1e-4).ln();
    (colluding - honest).clamp(STARS.0, STARS.1) + votes.choice
}

/// Little guilt is none.
fn cleared(guilt: f32) -> f32 {
    if guilt < 0.01 { 0.0 } else { guilt }
}

fn probability(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds.clamp(-30.0, 30.0)).exp())
}
