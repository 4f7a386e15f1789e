//! Tariffs in TOML: a full one reads, a broken one names every mistake.
#![allow(clippy::unwrap_used)]

use super::*;

/// The cell of resolution 6 in which the airport lies.
pub(crate) const JFK_CELL: &str = "862a103b7ffffff";

/// A city with everything a tariff can say.
pub(crate) const CITY: &str = r#"
name = "Manhattan"
version = 7
currency = "USD"
time_zone = "America/New_York"
base = 250
per_km = 155
per_minute = 40
minimum = 700
booking_fee = 100
commission_permille = 200
tax = { name = "State tax", permille = 89 }

[[times]]
name = "Night"
from = "20:00"
to = "06:00"
flat = 50

[[times]]
name = "Weekday peak"
days = ["mon", "tue", "wed", "thu", "fri"]
from = "16:00"
to = "20:00"
permille = 100

[[zones]]
id = "manhattan"
polygon = [[[-74.03, 40.69], [-73.90, 40.69], [-73.90, 40.89], [-74.03, 40.89], [-74.03, 40.69]]]

[[zones]]
id = "jfk"
cells = ["862a103b7ffffff"]

[[zone_rules]]
name = "JFK flat fare"
from = "jfk"
to = "manhattan"
both_ways = true
flat_fare = 5200

[[zone_rules]]
name = "Congestion"
to = "manhattan"
surcharge = 75

[[airports]]
name = "JFK access"
zone = "jfk"
pickup_fee = 125
max_multiplier = 1.0

[[tolls]]
name = "River tunnel"
amount = 694
gate = [[-73.97, 40.74], [-73.96, 40.75]]

[surge]
max_multiplier = 3.0
step = 0.05
law = "City code 7: surge is shown before the order."

[[surge.caps]]
name = "Snow emergency"
law = "Emergency law 3: at most 1.5 times."
max_multiplier = 1.5
from = "2026-01-10T00:00:00-05:00"
to = "2026-01-12T00:00:00-05:00"

[sharing]
offer_permille = 150
matched_permille = 100
max_permille = 350
"#;

fn mistakes(text: &str) -> Vec<String> {
    match Tariff::from_toml(text).unwrap_err() {
        PricingError::Invalid { mistakes, .. } => {
            assert!(mistakes.0.iter().all(|m| !m.problem.is_empty() && !m.fix.is_empty()), "{mistakes}");
            mistakes.0.into_iter().map(|m| m.field).collect()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_full_tariff_reads_and_comes_back_from_json() {
    let book = Tariff::from_toml(CITY).unwrap();
    assert_eq!(book.tariff().zones.len(), 2);
    let json = serde_json::to_string(book.tariff()).unwrap();
    assert_eq!(Tariff::from_json(&json).unwrap().tariff(), book.tariff());
}

#[test]
fn every_mistake_is_reported_at_once() {
    let broken = CITY
        .replace("currency = \"USD\"", "currency = \"dollars\"")
        .replace("base = 250", "base = -1")
        .replace("per_km = 155", "per_km = \"much\"")
        .replace("minimum = 700", "minimal = 700")
        .replace("America/New_York", "Mars/Olympus")
        .replace("from = \"20:00\"", "from = \"8 pm\"")
        .replace("\"862a103b7ffffff\"", "\"here\"")
        .replace("to = \"manhattan\"\nsurcharge", "to = \"brooklyn\"\nsurcharge")
        .replace("max_multiplier = 1.5", "max_multiplier = 0.5")
        .replace("max_permille = 350", "max_permille = 100");
    assert_eq!(
        mistakes(&broken),
        [
            "/minimal",
            "/per_km",
            "/currency",
            "/base",
            "/sharing/max_permille",
            "/time_zone",
            "/times/0/from",
            "/zones/1/cells/0",
            "/zone_rules/1/to",
            "/surge/caps/0/max_multiplier",
        ]
    );
}

#[test]
fn a_broken_element_does_not_hide_its_neighbours() {
    let text = "name = \"x\"\ncurrency = \"USD\"\nzones = [3, {id = \"a\"}]\nzone_rules = [{name = \"r\"}]\n\
                times = [{name = \"n\", days = [\"noday\"], from = \"00:00\", to = \"01:00\"}]";
    assert_eq!(mistakes(text), ["/times/0/days/0", "/zones/0", "/zones/1", "/zone_rules/0"]);
    assert_eq!(mistakes("name = 3"), ["/name", "/currency"]);
}

#[test]
fn text_that_is_no_toml_says_where() {
    let error = Tariff::from_toml("name = ").unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
    assert!(matches!(Tariff::from_json("[1]").unwrap_err(), PricingError::Invalid { .. }));
}
