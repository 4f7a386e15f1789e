//! Rings of several kinds: the ranking beats the plain mean, the Bayesian mean and Wilson's bound, and who
//! colludes is named.

use doorstep_ratings::{Market, Reason, Settings, score};

use crate::marketplace::{BASE, Marketplace, Quality, Recipe, Rivals, make};
use crate::peers;

fn recipes() -> Vec<Recipe> {
    vec![
        BASE,
        Recipe { name: "inflated", quality: Quality::Normal(4.6, 0.4), ..BASE },
        Recipe { name: "few reviews", reviews: 3.0, ..BASE },
        Recipe { name: "the best attacked", rivals: Rivals::Best(0.05), ..BASE },
        Recipe { name: "five rings", rings: 5, favoured: 0.1, ..BASE },
        Recipe { name: "camouflaged", camouflage: 0.5, ..BASE },
        Recipe { name: "one district", district: 0.1, local: true, ..BASE },
        Recipe { name: "only praise", rivals: Rivals::Nobody, favoured_low: true, ..BASE },
        Recipe { name: "small", subjects: 100, raters: 600, ..BASE },
    ]
}

struct Ranking {
    tau: f64,
    in_top: usize,
}

fn ranked(scores: &[f64], market: &Marketplace) -> Ranking {
    Ranking { tau: peers::kendall(scores, &market.quality), in_top: peers::in_top_decile(scores, &market.ring_of) }
}

#[test]
fn every_ring_is_seen_through_better_than_by_any_mean() {
    for recipe in recipes() {
        for colluding in [0.1, 0.2, 0.3] {
            let market = make(&Recipe { colluding, ..recipe }, 7);
            let subjects = market.quality.len();
            let report = score(
                &Market { reviews: &market.reviews, raters: market.raters, subjects, twins: &[] },
                &Settings::default(),
            );
            let ours = ranked(&report.standings.iter().map(|s| s.score).collect::<Vec<_>>(), &market);
            for peer in [peers::mean, peers::bayes, peers::wilson] {
                let theirs = ranked(&peer(&market.reviews, subjects), &market);
                let name = recipe.name;
                assert!(ours.tau > theirs.tau + 0.01, "{name} {colluding}: {} against {}", ours.tau, theirs.tau);
                assert!(ours.in_top <= theirs.in_top, "{name} {colluding}: {} {}", ours.in_top, theirs.in_top);
            }
            let accused: Vec<_> = report.discounts.iter().filter(|d| d.weight < 0.5).collect();
            let wrong = accused.iter().filter(|d| !market.colluder[d.rater as usize]).count();
            let honest = market.colluder.iter().filter(|c| !**c).count();
            assert!(wrong * 50 < honest, "{} {colluding}: {wrong} of {honest} honest raters accused", recipe.name);
        }
    }
}

#[test]
fn where_nobody_colludes_nothing_is_lost() {
    for recipe in recipes() {
        let (mut ours, mut mean) = (0.0, 0.0);
        for seed in 0..4 {
            let market = make(&Recipe { colluding: 0.0, ..recipe }, seed);
            let subjects = market.quality.len();
            let report = score(
                &Market { reviews: &market.reviews, raters: market.raters, subjects, twins: &[] },
                &Settings::default(),
            );
            ours += ranked(&report.standings.iter().map(|s| s.score).collect::<Vec<_>>(), &market).tau;
            mean += ranked(&peers::mean(&market.reviews, subjects), &market).tau;
            assert!(report.discounts.len() * 200 <= market.raters, "{}: {}", recipe.name, report.discounts.len());
        }
        assert!(ours >= mean - 0.004, "{}: {ours} against {mean} in the sum of four", recipe.name);
    }
}

#[test]
fn a_ring_is_named_with_its_favourite() {
    let market = make(&Recipe { colluding: 0.2, ..BASE }, 3);
    let report = score(
        &Market { reviews: &market.reviews, raters: market.raters, subjects: market.quality.len(), twins: &[] },
        &Settings::default(),
    );
    let told: Vec<_> = report
        .discounts
        .iter()
        .filter_map(|d| match d.reason {
            Reason::Ring { favourite: Some(subject), .. } if market.colluder[d.rater as usize] => Some(subject),
            _ => None,
        })
        .collect();
    let right = told.iter().filter(|&&s| market.ring_of[s as usize].is_some()).count();
    assert!(told.len() > 700 && right * 100 > told.len() * 98, "{right} of {}", told.len());
    let sentence = report.discounts[0].reason.sentence(|_| "D12");
    assert!(sentence.contains("D12") && sentence.starts_with(report.discounts[0].reason.as_str()), "{sentence}");
}
