//! Prices, their reasons, and what surge shows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Money;

/// A line of a price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PricePart {
    /// `base`, `distance`, `time`, `minimum`, `flat_fare`, `surge`, `time_surcharge`, `zone_surcharge`, `airport`,
    /// `sharing`, `toll`, `booking` or `tax`.
    pub kind: String,
    /// For people.
    pub label: String,
    /// How much; only discounts are below zero.
    pub amount: Money,
}

/// A price and why it is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The sum of the lines: the fare.
    pub total: Money,
    /// The lines.
    pub parts: Vec<PricePart>,
    /// The reason.
    pub why: Why,
    /// How a shared ride came to cost less in the end than was quoted; only of an order, only where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
}

/// Why a shared ride cost less in the end than was quoted. It never costs more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// With how many other parties the ride was in fact shared.
    pub shared_with: u32,
    /// What was quoted.
    pub quoted: Money,
    /// What came off at the end.
    pub saved: Money,
}

/// Why a price is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Name of the city's tariff.
    pub tariff: String,
    /// Its version.
    pub tariff_version: u32,
    /// Name of the surge model.
    #[schema(example = "pickup-clearing")]
    pub model: String,
    /// Its version.
    pub model_version: u32,
    /// On what the multiplier rests: `measured`; or why the fare is flat: `off`, `no_data`, `stale`, `warming_up`.
    #[schema(example = "measured")]
    pub basis: String,
    /// The same in a sentence.
    pub sentence: String,
    /// The H3 cell of the pickup.
    #[schema(example = "882a100d65fffff")]
    pub cell: String,
    /// What was seen there; `null` where the fare is flat.
    pub seen: Option<Seen>,
    /// What the model asked for, before caps.
    pub asked: f64,
    /// What was applied.
    pub multiplier: f64,
    /// The caps that lowered it, in the order they were applied.
    pub caps: Vec<CapApplied>,
    /// The law that applies, in words.
    pub law: String,
    /// Tax that the price contains, where it does not come on top.
    pub tax_included: Option<Money>,
}

/// Demand and supply of a cell when its multiplier was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// City time, RFC 3339.
    pub at: String,
    /// Riders a minute at the flat fare, smoothed, with the forecast where little was seen.
    pub demand_per_min: f64,
    /// Free cars, smoothed over the neighbouring cells.
    pub idle: f64,
    /// Cars that will be free there soon.
    pub soon_free: f64,
    /// Expected time to the pickup with the cars that were free then, seconds.
    pub pickup_s: f64,
    /// The same some minutes later if everybody came at the flat fare: what the multiplier prevents. 3600 where no car
    /// would be left.
    #[serde(default)]
    pub pickup_flat_s: Option<f64>,
    /// The time that prices shall keep, seconds.
    pub target_pickup_s: f64,
}

/// A cap that lowered the multiplier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapApplied {
    /// `switched_off`, `tariff`, `airport`, `law` or `rounding`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// To what it lowered the multiplier.
    pub to: f64,
    /// The law behind it.
    pub law: Option<String>,
}

/// Surge in a city, cell by cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurgeMap {
    /// How long riders are gathered before they are matched, seconds, where the city chooses that with the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_s: Option<f64>,
    /// Whether riders are charged the multipliers.
    pub on: bool,
    /// The last word of an operator about it.
    pub switch: Option<SurgeSwitch>,
    /// On what multipliers rest: `measured`; or why all fares are flat: `off`, `no_data`, `stale`, `warming_up`.
    pub basis: String,
    /// The same in a sentence.
    pub sentence: String,
    /// When the map was made, city time, RFC 3339; `null` before the first.
    pub as_of: Option<String>,
    /// Name of the model.
    pub model: String,
    /// Its version.
    pub model_version: u32,
    /// H3 resolution of the cells.
    pub resolution: u8,
    /// The time to a pickup that prices shall keep, seconds.
    pub target_pickup_s: f64,
    /// The cells, the highest multipliers first.
    pub cells: Vec<SurgeCell>,
}

/// A cell of the surge map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurgeCell {
    /// H3 index.
    #[schema(example = "882a100d65fffff")]
    pub cell: String,
    /// What riders are charged.
    pub multiplier: f64,
    /// What the model asks for, before the caps of tariff and law.
    pub asked: f64,
    /// Riders a minute at the flat fare.
    pub demand_per_min: f64,
    /// Free cars, smoothed over the neighbouring cells.
    pub idle: f64,
    /// Cars that will be free there soon.
    pub soon_free: f64,
    /// Expected time to a pickup with the cars that are free now, seconds.
    pub pickup_s: f64,
    /// The same some minutes later if everybody came at the flat fare: what the multiplier prevents. 3600 where no car
    /// would be left.
    pub pickup_flat_s: f64,
    /// What became of such cells after 15 minutes; `null` while too few were seen to say.
    pub in_15_min: Option<Band>,
    /// After 30 minutes.
    pub in_30_min: Option<Band>,
    /// Its corners as `[lon, lat]`, with `?boundaries=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Vec<[f64; 2]>>,
}

/// Where a multiplier will probably be: four of five such cells came to lie in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// One of ten was lower.
    pub low: f64,
    /// Half were lower.
    pub likely: f64,
    /// One of ten was higher.
    pub high: f64,
}

/// Where rides pay more, for drivers. Nothing is promised: the outlook is what became of such cells before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeatMap {
    /// When it was made, city time, RFC 3339; `null` before the first map.
    pub as_of: Option<String>,
    /// The cells, the highest multipliers first.
    pub cells: Vec<HeatCell>,
}

/// A cell as drivers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeatCell {
    /// H3 index.
    pub cell: String,
    /// Its middle.
    pub center: super::LatLon,
    /// What riders are charged there now.
    pub now: f64,
    /// In 15 minutes; `null` while too little was seen to say.
    pub in_15_min: Option<Band>,
    /// In 30 minutes.
    pub in_30_min: Option<Band>,
    /// Its corners as `[lon, lat]`, with `?boundaries=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Vec<[f64; 2]>>,
}

/// An operator's word: whether riders are charged surge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurgeSwitch {
    /// Whether they are.
    pub on: bool,
    /// Id of the key that said so.
    pub by: String,
    /// Why.
    pub reason: String,
    /// City time, RFC 3339.
    pub at: String,
}
