//! What holds for any reviews whatever.

use doorstep_ratings::{Market, Report, Review, Settings, score};
use proptest::prelude::*;

const RATERS: u32 = 12;
const SUBJECTS: u32 = 6;

fn reviews() -> impl Strategy<Value = Vec<Review>> {
    let review =
        (0..RATERS, 0..SUBJECTS, any::<i32>(), 0..80_u64, 1..=5_u8).prop_map(|(rater, subject, time, order, stars)| {
            Review { rater, subject, time: i64::from(time), order, stars }
        });
    prop::collection::vec(review, 0..200)
}

fn run(reviews: &[Review]) -> Report {
    score(&Market { reviews, raters: RATERS as usize, subjects: SUBJECTS as usize, twins: &[] }, &Settings::default())
}

fn bits(report: &Report) -> Vec<(u64, u64, u32)> {
    report.standings.iter().map(|s| (s.score.to_bits(), s.lower.to_bits(), s.reviews)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn scores_stay_between_one_and_five(reviews in reviews()) {
        let report = run(&reviews);
        for s in &report.standings {
            prop_assert!(s.lower >= 1.0 && s.lower < s.score && s.score <= 5.0, "{s:?}");
        }
        for d in &report.discounts {
            prop_assert!((0.0..1.0).contains(&d.weight), "{d:?}");
        }
        let counted: u32 = report.standings.iter().map(|s| s.reviews).sum();
        prop_assert_eq!(counted as usize + report.duplicates, reviews.len());
    }

    #[test]
    fn the_order_of_reviews_does_not_show(reviews in reviews(), seed in any::<u64>()) {
        let mut other = reviews.clone();
        other.sort_by_key(|r| {
            (r.order ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(r.rater).rotate_left(40) ^ r.time as u64
        });
        other.reverse();
        let (one, two) = (run(&reviews), run(&other));
        prop_assert_eq!(bits(&one), bits(&two));
        prop_assert_eq!(one.discounts, two.discounts);
        prop_assert_eq!(one.duplicates, two.duplicates);
    }
}

#[test]
fn threads_do_not_show() {
    // Large enough for several threads; the same reviews in another order.
    let recipe = crate::marketplace::Recipe { raters: 20_000, ..crate::marketplace::BASE };
    let market = crate::marketplace::make(&recipe, 1);
    assert!(market.reviews.len() > 100_000);
    let run = |reviews: &[Review]| {
        score(
            &Market { reviews, raters: market.raters, subjects: market.quality.len(), twins: &[] },
            &Settings::default(),
        )
    };
    let mut other = market.reviews.clone();
    other.reverse();
    assert_eq!(bits(&run(&market.reviews)), bits(&run(&other)));
}

#[test]
fn nothing_is_a_market_too() {
    let report = score(&Market { reviews: &[], raters: 0, subjects: 0, twins: &[] }, &Settings::default());
    assert!(report.standings.is_empty() && report.discounts.is_empty());
    let silent = score(&Market { reviews: &[], raters: 2, subjects: 3, twins: &[] }, &Settings::default());
    assert!(silent.standings.iter().all(|s| s.reviews == 0 && s.lower < s.score), "{:?}", silent.standings);
}

#[test]
fn one_review_says_little_and_many_say_much() {
    let mut reviews = Vec::new();
    for rater in 0..60_u32 {
        for (subject, stars) in [(0, 4 + (rater % 2) as u8), (1, 3), (2, 2)] {
            reviews.push(Review { rater, subject, time: 0, order: reviews.len() as u64, stars });
        }
    }
    reviews.push(Review { rater: 60, subject: 3, time: 0, order: 9_999, stars: 5 });
    let report = score(&Market { reviews: &reviews, raters: 61, subjects: 4, twins: &[] }, &Settings::default());
    let width = |s: usize| report.standings[s].score - report.standings[s].lower;
    assert!(report.standings[0].lower > report.standings[3].lower, "{:?}", report.standings);
    assert!(width(3) > 3.0 * width(1), "{:?}", report.standings);
}
