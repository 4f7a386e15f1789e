//! Names of the live city's metrics; the label `city` is on all of them.

/// Histogram, seconds.
const BATCH: &str = "doorstep_city_batch_seconds";
/// Histogram, seconds.
const WINDOW: &str = "doorstep_city_window_seconds";
/// Counter.
const OFFERS: &str = "doorstep_city_offers_total";
/// Counter.
const SUGGESTIONS: &str = "doorstep_city_suggestions_total";
/// Counter, label `result`.
const POSITIONS: &str = "doorstep_city_positions_total";
/// Gauge.
const WAITING: &str = "doorstep_city_waiting";
/// Histogram, seconds.
const SURGE: &str = "doorstep_city_surge_seconds";
/// Counter.
const SURGE_CHANGES: &str = "doorstep_city_surge_changes_total";
/// Gauge, label `tenant`.
const SURGE_MOST: &str = "doorstep_city_surge_most";
/// Gauge, 0 or 1.
const OWNER: &str = "doorstep_city_owner";
/// Counter.
const RELAYED: &str = "doorstep_city_relayed_total";

/// Every metric of a live city with its meaning.
pub const METRICS: &[(&str, &str)] = &[
    (BATCH, "Time to decide one batch"),
    (WINDOW, "How long riders are gathered before they are matched, where that is chosen with the price"),
    (OFFERS, "Offers made to drivers"),
    (SUGGESTIONS, "Places suggested to idle drivers"),
    (POSITIONS, "Positions reported, by result"),
    (SURGE, "Time to make the maps of surge of all tenants"),
    (SURGE_CHANGES, "Published multipliers that changed"),
    (SURGE_MOST, "The highest published multiplier, 1 while nobody is charged surge"),
    (WAITING, "Riders not picked up yet"),
    (OWNER, "1 while this process runs the city"),
    (RELAYED, "Events moved from the outbox to the journal"),
];

pub(crate) fn batch(city: &str, seconds: f64, offers: usize) {
    metrics::histogram!(BATCH, "city" => city.to_owned()).record(seconds);
    metrics::counter!(OFFERS, "city" => city.to_owned()).increment(offers as u64);
}

pub(crate) fn window(city: &str, seconds: f64) {
    metrics::histogram!(WINDOW, "city" => city.to_owned()).record(seconds);
}

pub(crate) fn suggested(city: &str, n: usize) {
    metrics::counter!(SUGGESTIONS, "city" => city.to_owned()).increment(n as u64);
}

pub(crate) fn surge(city: &str, seconds: f64, changes: usize) {
    metrics::histogram!(SURGE, "city" => city.to_owned()).record(seconds);
    metrics::counter!(SURGE_CHANGES, "city" => city.to_owned()).increment(changes as u64);
}

pub(crate) fn surge_most(city: &str, tenant: &str, most: f64) {
    metrics::gauge!(SURGE_MOST, "city" => city.to_owned(), "tenant" => tenant.to_owned()).set(most);
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
