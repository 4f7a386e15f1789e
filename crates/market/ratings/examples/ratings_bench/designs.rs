//! The marketplaces of the bench: one base, and what each differs in.

use crate::marketplace::{BASE, Quality, Recipe, Rivals};

/// All designs.
pub(crate) fn all() -> Vec<Recipe> {
    let inflated = Quality::Normal(4.6, 0.4);
    vec![
        BASE,
        Recipe { name: "no leniency", leniency: 0.0, ..BASE },
        Recipe { name: "no leniency, 20 reviews each", leniency: 0.0, uneven: false, reviews: 20.0, ..BASE },
        Recipe { name: "strong leniency and noise", leniency: 0.8, noise: 1.0, ..BASE },
        Recipe { name: "noisy", noise: 1.4, quality: Quality::Even(1.0, 5.0), ..BASE },
        Recipe { name: "15 % at random", careless: 0.15, ..BASE },
        Recipe { name: "inflated", quality: inflated, ..BASE },
        Recipe { name: "inflated more", quality: Quality::Normal(5.0, 0.4), leniency: 0.3, noise: 0.8, ..BASE },
        Recipe { name: "3 reviews each", reviews: 3.0, ..BASE },
        Recipe { name: "3 reviews each, inflated", reviews: 3.0, quality: Quality::Normal(4.7, 0.4), ..BASE },
        Recipe { name: "1 review each", reviews: 1.0, uneven: false, raters: 20_000, ..BASE },
        Recipe { name: "2 reviews each", reviews: 2.0, uneven: false, raters: 10_000, ..BASE },
        Recipe {
            name: "1 review each, inflated",
            reviews: 1.0,
            uneven: false,
            raters: 20_000,
            quality: inflated,
            ..BASE
        },
        Recipe { name: "thin: 2,000 subjects", subjects: 2000, raters: 3000, reviews: 5.0, ..BASE },
        Recipe { name: "small: 100 subjects", subjects: 100, raters: 500, ..BASE },
        Recipe { name: "small, inflated", subjects: 100, raters: 500, quality: Quality::Normal(4.5, 0.5), ..BASE },
        Recipe { name: "large: 30,000 raters", subjects: 2000, raters: 30_000, ..BASE },
        Recipe { name: "popularity like 1/rank^0.8", popularity: 0.8, ..BASE },
        Recipe { name: "districts of 20", district: 0.04, ..BASE },
        Recipe { name: "best 5 % attacked", rivals: Rivals::Best(0.05), ..BASE },
        Recipe { name: "any 5 % attacked", rivals: Rivals::Few(0.05), ..BASE },
        Recipe { name: "nobody attacked", rivals: Rivals::Nobody, favoured_low: true, ..BASE },
        Recipe { name: "mostly praise, for the worse half", praise: 0.8, favoured_low: true, ..BASE },
        Recipe { name: "5 rings", rings: 5, favoured: 0.1, ..BASE },
        Recipe { name: "20 rings, best 20 % attacked", rings: 20, favoured: 0.2, rivals: Rivals::Best(0.2), ..BASE },
        Recipe { name: "ring of 30 % of subjects", favoured: 0.3, ..BASE },
        Recipe { name: "half camouflage", camouflage: 0.5, ..BASE },
        Recipe { name: "half camouflage, 5 rings", camouflage: 0.5, rings: 5, favoured: 0.1, ..BASE },
        Recipe { name: "70 % camouflage, worse half", camouflage: 0.7, favoured_low: true, ..BASE },
        Recipe { name: "3 reviews, half camouflage", reviews: 3.0, camouflage: 0.5, ..BASE },
        Recipe { name: "thrice as busy", zeal: 3.0, ..BASE },
        Recipe { name: "ring in one district", district: 0.1, local: true, favoured_low: true, ..BASE },
        Recipe { name: "the same, inflated", district: 0.1, local: true, reviews: 4.0, quality: inflated, ..BASE },
        Recipe { name: "30 % fours and twos", sloppy: 0.3, ..BASE },
        Recipe { name: "the same, inflated ", sloppy: 0.3, quality: inflated, ..BASE },
    ]
}
