//! How long many reviews take.

use std::io::Write as _;

use doorstep_ratings::{Live, Market, Settings, score};

use crate::marketplace::{BASE, Marketplace, Recipe, make};

/// A market of about so many reviews: ten each, a hundred raters to a subject, a fifth of them in 50 rings.
fn market(reviews: usize) -> Marketplace {
    let raters = reviews / 10;
    let recipe = Recipe {
        raters,
        subjects: (raters / 100).max(60),
        reviews: 10.0,
        uneven: false,
        popularity: 0.5,
        rings: 50,
        favoured: 0.1,
        ..BASE
    };
    make(&recipe, 1)
}

/// Scores them from scratch, and says how long it took.
pub(crate) fn measure(reviews: usize) {
    let market = market(reviews);
    let given = Market { reviews: &market.reviews, raters: market.raters, subjects: market.quality.len(), twins: &[] };
    let started = doorstep_clock::monotonic();
    let report = score(&given, &Settings::default());
    println!(
        "{} reviews, {} raters, {} subjects: scored in {:.2} s, {} raters discounted",
        market.reviews.len(),
        market.raters,
        market.quality.len(),
        started.elapsed().as_secs_f64(),
        report.discounts.len()
    );
    let (first, rest) = given.reviews.split_at(given.reviews.len() - given.reviews.len().min(10_000) / 2);
    let mut live = Live::new(&Market { reviews: first, ..given }, &Settings::default());
    let mut took: Vec<f64> = Vec::with_capacity(rest.len());
    for review in rest {
        let started = doorstep_clock::monotonic();
        live.add(review);
        took.push(started.elapsed().as_secs_f64() * 1e6);
    }
    took.sort_by(f64::total_cmp);
    println!(
        "one more review: {:.2} µs at the median, {:.2} µs at the 99th percentile, {:.2} µs at most",
        took[took.len() / 2],
        took[took.len() * 99 / 100],
        took[took.len() - 1]
    );
}

/// Writes them as a table.
pub(crate) fn write(reviews: usize) {
    let market = market(reviews);
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    // Nothing can be told to a reader that has left.
    let _ = writeln!(out, "time,order,rater,subject,stars");
    for r in &market.reviews {
        let _ = writeln!(out, "{},o{},r{},s{},{}", r.time, r.order, r.rater, r.subject, r.stars);
    }
}
