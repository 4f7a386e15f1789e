//! One more review at a time comes to about what an estimate from scratch says.

use doorstep_ratings::{Live, Market, Review, Settings, score};

use crate::marketplace::{BASE, Recipe, make};
use crate::peers;

#[test]
fn a_twentieth_added_one_by_one_is_about_an_estimate_of_all() {
    let market = make(&Recipe { colluding: 0.2, ..BASE }, 11);
    let subjects = market.quality.len();
    // In another order than that of the raters, so that what is left out is a bit of everybody's.
    let mut reviews = market.reviews.clone();
    reviews.sort_by_key(|r| r.order.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (first, rest) = reviews.split_at(reviews.len() - reviews.len() / 20);
    let given = Market { reviews: first, raters: market.raters, subjects, twins: &[] };
    let mut live = Live::new(&given, &Settings::default());
    let before = score(&given, &Settings::default());
    let all = score(&Market { reviews: &reviews, ..given }, &Settings::default());
    for subject in 0..subjects {
        let (kept, scratch) = (live.standing(subject as u32).unwrap(), before.standings[subject]);
        assert!((kept.score - scratch.score).abs() < 1e-9 && (kept.lower - scratch.lower).abs() < 1e-9);
    }
    for review in rest {
        live.add(review);
    }
    let (mut far, mut stale) = (0.0_f64, 0.0_f64);
    for subject in 0..subjects {
        let (kept, scratch) = (live.standing(subject as u32).unwrap(), all.standings[subject]);
        assert_eq!(kept.reviews, scratch.reviews);
        far += (kept.score - scratch.score).abs() / subjects as f64;
        stale += (before.standings[subject].score - scratch.score).abs() / subjects as f64;
    }
    assert!(far < 0.5 * stale && far < 0.01, "{far} from scratch, {stale} without the added");
    let scores: Vec<f64> = (0..subjects).map(|s| live.standing(s as u32).unwrap().score).collect();
    let scratch: Vec<f64> = all.standings.iter().map(|s| s.score).collect();
    let (ours, theirs) = (peers::kendall(&scores, &market.quality), peers::kendall(&scratch, &market.quality));
    assert!(ours > theirs - 0.005, "{ours} against {theirs}");
}

#[test]
fn newcomers_find_room_and_a_new_colluder_is_seen() {
    let market = make(&Recipe { colluding: 0.2, ..BASE }, 12);
    let subjects = market.quality.len();
    let given = Market { reviews: &market.reviews, raters: market.raters, subjects, twins: &[] };
    let mut live = Live::new(&given, &Settings::default());
    let (new_rater, new_subject) = (market.raters as u32 + 5, subjects as u32 + 2);
    assert_eq!(live.standing(new_subject), None);
    let mut order = 1_000_000;
    let mut say = |live: &mut Live, rater: u32, subject: u32, stars: u8| {
        order += 1;
        live.add(&Review { rater, subject, time: 0, order, stars })
    };
    let one = say(&mut live, new_rater, new_subject, 5);
    assert_eq!(one.reviews, 1);
    assert!(one.score < 4.9 && one.lower < one.score, "one review is no proof: {one:?}");
    assert!(live.trust(new_rater) > 0.5, "one five condemns nobody: {}", live.trust(new_rater));
    // A newcomer who does what the ring does.
    let favourites: Vec<u32> = (0..subjects as u32).filter(|&s| market.ring_of[s as usize].is_some()).collect();
    let mut best: Vec<u32> = (0..subjects as u32).filter(|&s| market.ring_of[s as usize].is_none()).collect();
    best.sort_by(|&a, &b| market.quality[b as usize].total_cmp(&market.quality[a as usize]));
    let before = live.standing(best[0]).unwrap();
    for i in 0..4 {
        say(&mut live, new_rater + 1, favourites[i], 5);
        say(&mut live, new_rater + 1, best[i], 1);
    }
    assert!(live.trust(new_rater + 1) < 0.1, "{}", live.trust(new_rater + 1));
    assert!(before.score - live.standing(best[0]).unwrap().score < 0.01);
}
