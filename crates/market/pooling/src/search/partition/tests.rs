//! The choice against all partitions tried one by one, and what it does when it may not work.
use proptest::prelude::*;

use super::*;

fn never() -> bool {
    false
}

fn choice(columns: &Columns, rows: usize, count: usize, cost: f64) -> Option<Choice> {
    let limits = Limits { count, cost };
    let prices = Prices::of(vec![cost / rows as f64; rows], columns, limits, &mut never);
    choose(columns, limits, &prices, &mut never)
}

/// The least cost of all partitions, tried one by one.
fn least(columns: &Columns, covered: u32, all: u32, count: usize) -> f64 {
    if covered == all {
        return 0.0;
    }
    if count == 0 {
        return f64::INFINITY;
    }
    let first = (!covered).trailing_zeros();
    let of = |column: u32| columns.rows(column).iter().fold(0_u32, |set, row| set | 1 << row);
    let fits = columns.all().filter(|c| columns.rows(*c).contains(&first) && of(*c) & covered == 0);
    fits.map(|c| columns.cost(c) + least(columns, covered | of(c), all, count - 1)).fold(f64::INFINITY, f64::min)
}

fn of_sets(sets: &[(f64, u32)], rows: u32) -> Columns {
    let mut columns = Columns::default();
    for (cost, set) in sets.iter().filter(|(_, set)| *set != 0) {
        columns.push(*cost, (0..rows).filter(|row| set >> row & 1 != 0));
    }
    columns
}

proptest! {
    #[test]
    fn the_cheapest_partition_is_chosen_and_no_bound_is_above_it(
        sets in prop::collection::vec((1.0..10.0_f64, 0_u32..256), 0..40),
        count in 1_usize..6,
    ) {
        let columns = of_sets(&sets, 8);
        let best = least(&columns, 0, 255, count);
        let limit = 1_000.0;
        let limits = Limits { count, cost: limit };
        let prices = Prices::of(vec![1.0; 8], &columns, limits, &mut never);
        prop_assert!(prices.bound <= best.min(limit) + 1e-6 || best.is_infinite());
        match choice(&columns, 8, count, limit) {
            None => prop_assert!(best.is_infinite()),
            Some(found) => {
                prop_assert!((found.cost - best).abs() < 1e-6, "{} instead of {best}", found.cost);
                prop_assert!(found.columns.len() <= count);
                let mut rows: Vec<u32> = found.columns.iter().flat_map(|c| columns.rows(*c)).copied().collect();
                rows.sort_unstable();
                prop_assert_eq!(rows, (0..8).collect::<Vec<u32>>());
            }
        }
        // Nothing that does not cost less than what is known.
        if best.is_finite() {
            prop_assert_eq!(choice(&columns, 8, count, best - 1e-6), None);
        }
    }
}

#[test]
fn fixing_finds_a_plan_where_the_search_has_no_nodes() {
    // Twelve rows in pairs; each pair is a column, beside dearer single ones.
    let mut columns = Columns::default();
    for row in 0..12 {
        columns.push(2.0, [row]);
    }
    for row in 0..6 {
        columns.push(1.0, [2 * row, 2 * row + 1]);
    }
    let limits = Limits { count: 12, cost: 20.0 };
    let prices = Prices::of(vec![1.0; 12], &columns, limits, &mut never);
    assert!(dive::search(&columns, limits, &prices.rows, &[true; 12], 0, &mut never).is_none());
    let fixed = fix(&columns, limits, &prices, &mut never).expect("a plan");
    assert!((fixed.cost - 6.0).abs() < 1e-9, "{fixed:?}");
}

#[test]
fn whoever_is_late_gets_nothing_or_something_whole() {
    let columns = of_sets(&[(1.0, 3), (1.0, 12), (3.0, 15), (0.9, 1), (0.9, 6), (0.9, 8)], 4);
    let limits = Limits { count: 4, cost: 9.0 };
    let mut found = 0;
    for after in 0..200 {
        let mut asked = 0;
        let mut late = || {
            asked += 1;
            asked > after
        };
        let prices = Prices::of(vec![1.0; 4], &columns, limits, &mut late);
        let Some(choice) = choose(&columns, limits, &prices, &mut late) else { continue };
        let mut rows: Vec<u32> = choice.columns.iter().flat_map(|c| columns.rows(*c)).copied().collect();
        rows.sort_unstable();
        assert_eq!(rows, [0, 1, 2, 3], "{choice:?} after {after}");
        let cost: f64 = choice.columns.iter().map(|c| columns.cost(*c)).sum();
        assert!((cost - choice.cost).abs() < 1e-9 && cost <= 3.0, "{choice:?} after {after}");
        found += 1;
    }
    assert!(found > 0);
}
