//! Prices: exact, additive, and read as a whole.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// A book with everything: free quantity, tiers, a factor.
const FULL: &str = r#"
name = "full"
currency = "CNY"
from = "2026-12-01T00:00:00Z"
speeds = [{ name = "standard", cores = 2, priority = 5, factor = "1" }, { name = "fast", cores = 8, priority = 9, factor = "1.6" }]
[prices]
query_cpu = { price = "0.36", free = "1.5", tiers = [{ above = "10", price = "0.18" }, { above = "100", price = "0.000000007" }] }
storage = { price = "0.12", free = "0.123456789", tiers = [{ above = "1000.5", price = "0.1" }] }
egress = { price = "0.5" }
"#;

#[test]
fn free_quantity_tiers_and_speed() {
    let book = PriceBook::read(FULL).unwrap();
    let hour = Resource::QueryCpu.factor();
    let cpu = |speed, before, quantity| book.charge(Resource::QueryCpu, speed, before, quantity).unwrap();
    assert_eq!(cpu("standard", 0, hour), 0);
    assert_eq!(cpu("standard", hour, hour), 180_000_000);
    assert_eq!(cpu("fast", hour, hour), 288_000_000);
    assert_eq!(cpu("unheard of", hour, hour), 180_000_000);
    assert_eq!(cpu("standard", 0, 12 * hour), 3_060_000_000 + 360_000_000);
    // Bytes cost the same at every speed, and what has no price is free.
    let gib = Resource::Egress.factor();
    assert_eq!(book.charge(Resource::Egress, "fast", 0, gib), Ok(500_000_000));
    assert_eq!(book.charge(Resource::ImageCpu, "fast", 0, 7), Ok(0));
    assert_eq!(book.charge(Resource::Egress, "fast", i64::MAX, 1), Err(MoneyError::TooLarge));
    let standard = PriceBook::standard();
    assert_eq!(standard.charge(Resource::RequestsRead, STANDARD_SPEED, 0, 1_000_000), Ok(400_000_000));
}

const STANDARD_SPEED: &str = crate::usage::STANDARD;

#[test]
fn every_mistake_is_told_at_once() {
    let text = r#"{"name": "", "currency": "usd", "from": "soon", "valid": true,
        "speeds": [{"name": "a", "cores": 0, "priority": 10, "factor": "0.0005"}, {"name": "a", "cores": 1, "priority": 1, "factor": 1.5}, 7],
        "prices": {"query_cpu": {"price": 0.05}, "gold": {"price": "1"}, "storage": {"price": "-1", "free": "x"},
            "egress": {"price": "1", "free": "5", "tiers": [{"above": "4", "price": "1"}, {"above": "6"}], "tax": "1"}}}"#;
    let MeterError::Invalid { mistakes, .. } = PriceBook::read(text).unwrap_err() else { panic!("another error") };
    let mut fields: Vec<&str> = mistakes.0.iter().map(|m| m.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "/currency",
            "/from",
            "/name",
            "/prices/egress/tax",
            "/prices/egress/tiers/0/above",
            "/prices/egress/tiers/1/price",
            "/prices/gold",
            "/prices/query_cpu/price",
            "/prices/storage/free",
            "/prices/storage/price",
            "/speeds",
            "/speeds/0/cores",
            "/speeds/0/factor",
            "/speeds/0/priority",
            "/speeds/1/factor",
            "/speeds/2",
            "/valid",
        ]
    );
    assert!(mistakes.0.iter().all(|m| !m.fix.is_empty() && !m.problem.is_empty()));
    for broken in ["", "[", "{", "prices = 1", "[1]"] {
        assert!(matches!(PriceBook::read(broken), Err(MeterError::Invalid { .. })), "{broken}");
    }
}

#[test]
fn a_document_reads_back_as_the_same_book() {
    for book in [PriceBook::standard(), PriceBook::read(FULL).unwrap()] {
        assert_eq!(PriceBook::from_json(&book.to_json()).unwrap(), book);
        assert_eq!(PriceBook::read(&book.to_json().to_string()).unwrap(), book);
    }
}

#[test]
fn each_moment_has_its_book() {
    let book = |at| PriceBook { starts_at: Timestamp(at), ..PriceBook::standard() };
    let books = Books::new([book(200), book(100)]);
    let at = |at| books.at(Timestamp(at)).starts_at.millis();
    assert_eq!([at(-5), at(0), at(99), at(100), at(199), at(1000)], [0, 0, 0, 100, 100, 200]);
    assert_eq!(books.from(Timestamp(150)).map(|b| b.starts_at.millis()).collect::<Vec<_>>(), [100, 200]);
}

proptest! {
    /// Charges of any cut of a quantity add up to the charge of the whole, exactly.
    #[test]
    fn parts_add_up_to_the_whole(parts in proptest::collection::vec(0_i64..2_000_000_000, 1..40), start in 0_i64..1_000_000_000) {
        let book = PriceBook::read(FULL).unwrap();
        for (resource, speed) in [(Resource::QueryCpu, "fast"), (Resource::Storage, "standard"), (Resource::Egress, "standard")] {
            let (mut before, mut sum) = (start, 0);
            for part in &parts {
                let charge = book.charge(resource, speed, before, *part).unwrap();
                prop_assert!(charge >= 0);
                sum += charge;
                before += part;
            }
            prop_assert_eq!(sum, book.charge(resource, speed, start, before - start).unwrap());
        }
    }

    /// Whatever thresholds a book has, it reads back from what it writes.
    #[test]
    fn thresholds_survive(free in 1_000_i64..1_000_000_000_000, more in 1_000_i64..1_000_000_000_000, nanos in 0_i64..1_000_000_000_000) {
        let decimal = |nanos| FineMoney::new(nanos, Currency::USD).decimal();
        for resource in Resource::ALL {
            let text = format!(r#"{{"name":"a","currency":"USD","speeds":[{{"name":"standard","cores":1,"priority":1,"factor":"1"}}],
                "prices":{{"{resource}":{{"price":"{}","free":"{}","tiers":[{{"above":"{}","price":"1"}}]}}}}}}"#,
                decimal(nanos), decimal(free), decimal(free + more * 1000));
            let Ok(book) = PriceBook::read(&text) else {
                // Below one base unit there is no step.
                prop_assert!(resource.factor() <= 1_000_000);
                continue;
            };
            prop_assert_eq!(PriceBook::from_json(&book.to_json()).unwrap(), book);
        }
    }
}
