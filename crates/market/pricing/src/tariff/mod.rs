//! Fares as data: what a city's price list can say.
//!
//! A [`Tariff`] is what a person writes, in TOML or JSON. It prices nothing until it has become a
//! [`PriceBook`], and that happens only when it holds together as a whole: every mistake is reported at once.

mod book;
mod check;
mod read;
mod standard;
#[cfg(test)]
pub(crate) mod tests;
mod times;

pub use book::PriceBook;
pub(crate) use book::{Area, Rule, RuleKind, Zones};
pub(crate) use read::form;
pub use times::Day;

use serde::{Deserialize, Serialize};

use crate::PricingError;

/// A city's price list. Amounts are minor units of the currency, shares are thousandths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tariff {
    /// Its name, shown in every price's reason.
    pub name: String,
    /// Rises with every change.
    pub version: u32,
    /// ISO 4217 code.
    pub currency: String,
    /// IANA time zone of its surcharges by time of day.
    pub time_zone: String,
    /// For stepping in.
    pub base: i64,
    /// For one kilometre.
    pub per_km: i64,
    /// For one minute.
    pub per_minute: i64,
    /// The least for base, distance and time together.
    pub minimum: i64,
    /// For the booking, on top of everything and never surged.
    pub booking_fee: i64,
    /// The tax, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<Tax>,
    /// Surcharges by time of day and day of the week: night, peak.
    pub times: Vec<TimeSurcharge>,
    /// Named areas.
    pub zones: Vec<Zone>,
    /// Fixed fares and surcharges between zones.
    pub zone_rules: Vec<ZoneRule>,
    /// Airports: zones with fees and surge rules of their own.
    pub airports: Vec<Airport>,
    /// Toll gates.
    pub tolls: Vec<Toll>,
    /// How far surge may go.
    pub surge: SurgeLaw,
    /// Shared rides, if they are offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Sharing>,
    /// The platform's part of what is neither toll nor tax nor booking fee, in thousandths.
    pub commission_permille: u32,
}

/// A tax on the price.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tax {
    /// Its name on the receipt.
    pub name: String,
    /// Thousandths.
    pub permille: u32,
    /// Whether the other prices contain it; otherwise it comes on top.
    pub included: bool,
}

/// A surcharge at certain times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeSurcharge {
    /// Its name on the receipt.
    pub name: String,
    /// On which days it begins; none means each day.
    pub days: Vec<Day>,
    /// Local time like `20:00`.
    pub from: String,
    /// Local time like `06:00`; earlier than `from` means the next day.
    pub to: String,
    /// An amount.
    pub flat: i64,
    /// Thousandths of base, distance and time.
    pub permille: u32,
}

/// A named area: polygon or H3 cells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Zone {
    /// Its name, by which rules refer to it.
    pub id: String,
    /// Rings of `[lon, lat]` as in GeoJSON; further rings are holes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub polygon: Vec<Vec<[f64; 2]>>,
    /// H3 cells of one resolution.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
}

/// A fixed fare or a surcharge for trips from one zone to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZoneRule {
    /// Its name on the receipt.
    pub name: String,
    /// Zone of the pickup; none means anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Zone of the drop-off; none means anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether it holds in the other direction too.
    pub both_ways: bool,
    /// A fare that replaces base, distance, time and minimum; the first rule that fits wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flat_fare: Option<i64>,
    /// An amount on top; all rules that fit are added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surcharge: Option<i64>,
}

/// An airport's rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Airport {
    /// Its name on the receipt.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// For trips that begin there.
    pub pickup_fee: i64,
    /// For trips that end there.
    pub dropoff_fee: i64,
    /// The highest multiplier for trips that begin there: 1 where its queue makes surge needless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_multiplier: Option<f64>,
}

/// A toll gate: who crosses its line pays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Toll {
    /// Its name on the receipt.
    pub name: String,
    /// The amount, passed on as it is.
    pub amount: i64,
    /// Both ends of the gate's line, `[lon, lat]`.
    pub gate: Vec<[f64; 2]>,
    /// Only for those who cross it from left to right, seen from its first end to its second.
    pub one_way: bool,
}

/// How far surge may go, and by which law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SurgeLaw {
    /// Whether there is surge at all.
    pub enabled: bool,
    /// The highest multiplier.
    pub max_multiplier: f64,
    /// Multipliers are rounded down to one plus a whole number of these.
    pub step: f64,
    /// The law that applies, in words for riders.
    pub law: String,
    /// Caps of the law.
    pub caps: Vec<LegalCap>,
}

impl Default for SurgeLaw {
    fn default() -> Self {
        Self { enabled: true, max_multiplier: 3.0, step: 0.05, law: String::new(), caps: Vec::new() }
    }
}

/// A cap by law: everywhere or in a zone, always or for a time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LegalCap {
    /// Its name, shown in the price's reason.
    pub name: String,
    /// The law, in words for riders.
    pub law: String,
    /// The highest multiplier.
    pub max_multiplier: f64,
    /// Only for pickups in this zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Not before, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Before, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What a shared ride costs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sharing {
    /// Off the ride for agreeing to share, whether somebody joins or not; thousandths.
    pub offer_permille: u32,
    /// Off besides for each rider with whom the ride was in fact shared; thousandths.
    pub matched_permille: u32,
    /// The most that both come to; thousandths.
    pub max_permille: u32,
}

impl Tariff {
    /// Reads a tariff in TOML and builds its price book.
    ///
    /// # Errors
    /// [`PricingError::Unreadable`], or [`PricingError::Invalid`] with every mistake.
    pub fn from_toml(text: &str) -> Result<PriceBook, PricingError> {
        let tree = toml::from_str(text)
            .map_err(|error| PricingError::Unreadable { what: "tariff", reason: error.to_string() })?;
        read::tariff(tree)
    }

    /// The same from JSON.
    ///
    /// # Errors
    /// As [`Self::from_toml`].
    pub fn from_json(text: &str) -> Result<PriceBook, PricingError> {
        let tree = serde_json::from_str(text)
            .map_err(|error| PricingError::Unreadable { what: "tariff", reason: error.to_string() })?;
        read::tariff(tree)
    }

    /// The price book of this tariff.
    ///
    /// # Errors
    /// [`PricingError::Invalid`] with every mistake.
    pub fn compile(self) -> Result<PriceBook, PricingError> {
        let mut mistakes = crate::Mistakes::default();
        let book = check::compile(self, &mut mistakes);
        match book {
            Some(book) if mistakes.0.is_empty() => Ok(book),
            _ => Err(PricingError::Invalid { what: "tariff", mistakes }),
        }
    }
}
