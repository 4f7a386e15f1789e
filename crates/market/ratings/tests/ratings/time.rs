//! What time tells: forgetting, bursts, retaliation, a review written again.

use doorstep_clock::SeededRng;
use doorstep_ratings::{Decay, Market, Reason, Review, Settings, score};
use rand::RngExt as _;

use crate::marketplace::normal;
use crate::peers;

fn run(reviews: &[Review], decay: Decay) -> doorstep_ratings::Report {
    let raters = reviews.iter().map(|r| r.rater as usize + 1).max().unwrap();
    let subjects = reviews.iter().map(|r| r.subject as usize + 1).max().unwrap();
    score(&Market { reviews, raters, subjects, twins: &[] }, &Settings { decay })
}

/// 200 subjects with 60 reviews each over 1,000 days; quality moves by `drift` from the first to the last.
fn moving(drift: f64, seed: u64) -> (Vec<Review>, Vec<f64>) {
    let rng = &mut SeededRng::new(seed, "moving");
    let (mut reviews, mut last) = (Vec::new(), Vec::new());
    for subject in 0..200 {
        let (start, change) = (3.6 + 0.5 * normal(rng), drift * normal(rng));
        last.push(start + change);
        for _ in 0..60 {
            let time = rng.random_range(0..1_000_i64);
            let felt = start + change * time as f64 / 1_000.0 + 0.7 * normal(rng);
            reviews.push(Review {
                rater: rng.random_range(0..1_500),
                subject,
                time,
                order: reviews.len() as u64,
                stars: felt.round().clamp(1.0, 5.0) as u8,
            });
        }
    }
    (reviews, last)
}

#[test]
fn the_past_fades_where_quality_moves() {
    let (reviews, last) = moving(0.8, 1);
    let learned = run(&reviews, Decay::Learned);
    let kept = run(&reviews, Decay::None);
    let tau = |report: &doorstep_ratings::Report| {
        peers::kendall(&report.standings.iter().map(|s| s.score).collect::<Vec<_>>(), &last)
    };
    assert!(learned.half_life.is_some_and(|h| (50.0..=1_000.0).contains(&h)), "{:?}", learned.half_life);
    assert!(tau(&learned) > tau(&kept) + 0.02, "{} against {}", tau(&learned), tau(&kept));
    let set = run(&reviews, Decay::HalfLife(250.0));
    assert!(tau(&set) > tau(&kept), "{} against {}", tau(&set), tau(&kept));
}

#[test]
fn nothing_is_forgotten_where_quality_stays() {
    for seed in 0..6 {
        let (reviews, _) = moving(0.0, seed);
        assert_eq!(run(&reviews, Decay::Learned).half_life, None, "seed {seed}");
    }
}

#[test]
fn a_burst_of_praise_is_dampened_and_said() {
    let (mut reviews, _) = moving(0.0, 3);
    let before = run(&reviews, Decay::None).standings[0];
    // Thirty newcomers in two days, for a subject made mediocre.
    for r in reviews.iter_mut().filter(|r| r.subject == 0) {
        r.stars = r.stars.min(3);
    }
    let mediocre = run(&reviews, Decay::None).standings[0];
    for i in 0..30 {
        let order = 1_000_000 + u64::from(i);
        reviews.push(Review { rater: 1_500 + i, subject: 0, time: 500 + i64::from(i % 2), order, stars: 5 });
    }
    let report = run(&reviews, Decay::None);
    let named = report.discounts.iter().filter(|d| matches!(d.reason, Reason::Burst { subject: 0, .. })).count();
    assert!(named >= 30, "{named} named, {:?}", report.discounts.len());
    assert!(report.standings[0].score - mediocre.score < 0.25, "{mediocre:?} {:?} {before:?}", report.standings[0]);
}

#[test]
fn a_bad_review_for_a_bad_review_counts_less() {
    let (mut reviews, _) = moving(0.0, 4);
    // Subject 0 is rater 7; rater 3 is subject 9.
    let mut twins = vec![None; 200];
    (twins[0], twins[9]) = (Some(7), Some(3));
    reviews.push(Review { rater: 3, subject: 0, time: 400, order: 77_777_777, stars: 1 });
    reviews.push(Review { rater: 7, subject: 9, time: 410, order: 77_777_777, stars: 1 });
    let market = Market { reviews: &reviews, raters: 1_500, subjects: 200, twins: &twins };
    let report = score(&market, &Settings::default());
    let named: Vec<_> = report.discounts.iter().filter(|d| matches!(d.reason, Reason::Retaliation { .. })).collect();
    assert_eq!(named.len(), 1, "{named:?}");
    assert_eq!(named[0].rater, 7, "the answer, not the review it answers");
    let unknown = score(&Market { twins: &[], ..market }, &Settings::default());
    assert!(report.standings[9].score > unknown.standings[9].score);
}

#[test]
fn the_later_review_of_an_order_counts() {
    let (mut reviews, _) = moving(0.0, 5);
    let first = reviews[0];
    reviews.push(Review { time: first.time + 1, stars: 6 - first.stars, ..first });
    let report = run(&reviews, Decay::None);
    assert_eq!(report.duplicates, 1);
    let replaced: Vec<Review> = reviews[1..].to_vec();
    assert_eq!(report.standings[0].score.to_bits(), run(&replaced, Decay::None).standings[0].score.to_bits());
}
