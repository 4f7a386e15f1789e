//! Measures reputations on seeded marketplaces beside the plain mean, the Bayesian mean and Wilson's bound, and
//! how long ten million reviews take.
//!
//!   ratings_bench [--seeds N] [--only TEXT]      a table in Markdown
//!   ratings_bench --speed REVIEWS                time of scoring so many reviews from scratch
//!   ratings_bench --write REVIEWS                such a marketplace as a table, on standard output
#![allow(clippy::print_stdout, reason = "a bench prints its table")]

mod designs;
mod marketplace;
mod peers;
mod speed;

use doorstep_ratings::{Market, Settings, score};
use marketplace::{Marketplace, Recipe, make};

const LEVELS: [f64; 4] = [0.0, 0.1, 0.2, 0.3];
const WAYS: usize = 5;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let after = |flag: &str| args.iter().position(|a| a == flag).and_then(|i| args.get(i + 1));
    let number = |flag: &str| after(flag).and_then(|v| v.parse::<u64>().ok());
    if let Some(reviews) = number("--speed") {
        speed::measure(reviews as usize);
    } else if let Some(reviews) = number("--write") {
        speed::write(reviews as usize);
    } else {
        table(number("--seeds").unwrap_or(5), after("--only").map_or("", String::as_str));
    }
}

/// What one way of ranking achieved over the seeds.
#[derive(Default, Clone, Copy)]
struct Sum {
    tau: f64,
    in_top: usize,
}

fn table(seeds: u64, only: &str) {
    println!(
        "| marketplace | colluding | τ mean | Bayes | Wilson | ours | by `lower` | top decile: mean | Bayes | Wilson | ours | truth | caught | falsely |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let (mut rows, mut behind, mut more_in_top, mut worse_without) = (0, 0, 0, 0.0_f64);
    for design in designs::all().iter().filter(|d| d.name.contains(only)) {
        for level in LEVELS {
            let recipe = Recipe { colluding: level, ..*design };
            let mut sums = [Sum::default(); WAYS + 1];
            let (mut caught, mut colluders, mut falsely, mut honest) = (0, 0, 0, 0);
            for seed in 0..seeds {
                let market = make(&recipe, seed);
                let report = score(
                    &Market {
                        reviews: &market.reviews,
                        raters: market.raters,
                        subjects: market.quality.len(),
                        twins: &[],
                    },
                    &Settings::default(),
                );
                let scores = report.standings.iter().map(|s| s.score).collect();
                let lower = report.standings.iter().map(|s| s.lower).collect();
                add(&mut sums, &market, scores, lower);
                for d in report.discounts.iter().filter(|d| d.weight < 0.5) {
                    if market.colluder[d.rater as usize] { caught += 1 } else { falsely += 1 }
                }
                let dishonest = market.colluder.iter().filter(|c| **c).count();
                colluders += dishonest;
                honest += market.raters - dishonest;
            }
            let tau: Vec<String> = sums[..WAYS].iter().map(|s| format!("{:.3}", s.tau / seeds as f64)).collect();
            let top = [0, 1, 2, 3, 5].map(|i| sums[i].in_top.to_string());
            let share = |n: usize, of: usize| {
                if of == 0 { "".to_owned() } else { format!("{:.2} %", 100.0 * n as f64 / of as f64) }
            };
            println!(
                "| {} | {:.0} % | {} | {} | {} | {} |",
                design.name.trim(),
                100.0 * level,
                tau.join(" | "),
                if level > 0.0 { top.join(" | ") } else { " | | | |".to_owned() },
                share(caught, colluders),
                share(falsely, honest)
            );
            rows += 1;
            if level > 0.0 {
                behind += usize::from(sums[..3].iter().any(|s| s.tau >= sums[3].tau));
                more_in_top += usize::from(sums[..3].iter().any(|s| s.in_top < sums[3].in_top));
            } else {
                let best = sums[..3].iter().map(|s| s.tau).fold(f64::MIN, f64::max);
                worse_without = worse_without.max((best - sums[3].tau) / seeds as f64);
            }
        }
    }
    println!();
    println!(
        "{rows} rows of {seeds} seeds each. With colluders: a peer ranks as well or better in {behind} rows, has fewer ring \
         members in the top decile in {more_in_top}. Without: behind the best peer by at most {worse_without:.4}."
    );
}

fn add(sums: &mut [Sum; WAYS + 1], market: &Marketplace, scores: Vec<f64>, lower: Vec<f64>) {
    let (reviews, n) = (&market.reviews, market.quality.len());
    let ways = [
        peers::mean(reviews, n),
        peers::bayes(reviews, n),
        peers::wilson(reviews, n),
        scores,
        lower,
        market.quality.clone(),
    ];
    for (sum, way) in sums.iter_mut().zip(&ways) {
        sum.tau += peers::kendall(way, &market.quality);
        sum.in_top += peers::in_top_decile(way, &market.ring_of);
    }
}
