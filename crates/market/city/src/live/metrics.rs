//! Names of the live city's metrics; the label `city` is on all of them.

/// Histogram, seconds.
const BATCH: &str = "doorstep_city_batch_seconds";
/// Counter.
const OFFERS: &str = "doorstep_city_offers_total";
/// Counter.
const SUGGESTIONS: &str = "doorstep_city_suggestions_total";
/// Counter, label `result`.
const POSITIONS: &str = "doorstep_city_positions_total";
/// Gauge.
const WAITING: &str = "doorstep_city_waiting";
/// Gauge, 0 or 1.
const OWNER: &str = "doorstep_city_owner";
/// Counter.
const RELAYED: &str = "doorstep_city_relayed_total";

/// Every metric of a live city with its meaning.
pub const METRICS: &[(&str, &str)] = &[
    (BATCH, "Time to decide one batch"),
    (OFFERS, "Offers made to drivers"),
    (SUGGESTIONS, "Places suggested to idle drivers"),
    (POSITIONS, "Positions reported, by result"),
    (WAITING, "Riders not picked up yet"),
    (OWNER, "1 while this process runs the city"),
    (RELAYED, "Events moved from the outbox to the journal"),
];

pub(crate) fn batch(city: &str, seconds: f64, offers: usize) {
    metrics::histogram!(BATCH, "city" => city.to_owned()).record(seconds);
    metrics::counter!(OFFERS, "city" => city.to_owned()).increment(offers as u64);
}

pub(crate) fn suggested(city: &str, n: usize) {
    metrics::counter!(SUGGESTIONS, "city" => city.to_owned()).increment(n as u64);
}

pub(crate) fn positions(city: &str, result: &'static str, n: u64) {
    metrics::counter!(POSITIONS, "city" => city.to_owned(), "result" => result).increment(n);
}

#[allow(clippy::cast_precision_loss)] // a count of riders
pub(crate) fn waiting(city: &str, n: u64) {
    metrics::gauge!(WAITING, "city" => city.to_owned()).set(n as f64);
}

pub(crate) fn owner(city: &str, yes: bool) {
    metrics::gauge!(OWNER, "city" => city.to_owned()).set(if yes { 1.0 } else { 0.0 });
}

pub(crate) fn relayed(city: &str, n: u64) {
    metrics::counter!(RELAYED, "city" => city.to_owned()).increment(n);
}
