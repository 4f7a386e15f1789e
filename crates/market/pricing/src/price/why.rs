//! Why a price is what it is: everything that went into it, in a form a rider can be shown.

use doorstep_clock::Timestamp;
use doorstep_geo::Cell;
use doorstep_money::Money;
use serde::{Deserialize, Serialize};

use crate::{Basis, Multiplier};

/// The reason for a price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Name of the tariff.
    pub tariff: String,
    /// Its version.
    pub tariff_version: u32,
    /// Name of the surge model.
    pub model: String,
    /// Its version.
    pub model_version: u32,
    /// What the multiplier rests on, or why the fare is flat.
    pub basis: Basis,
    /// What the multiplier rests on, in one sentence.
    pub sentence: String,
    /// The cell of the pickup.
    pub cell: Cell,
    /// What was seen there; none without data.
    pub seen: Option<Seen>,
    /// What the model asked for, before caps of the tariff and the law.
    pub asked: Multiplier,
    /// What was applied.
    pub multiplier: Multiplier,
    /// The caps that lowered it, in the order they were applied.
    pub caps: Vec<CapApplied>,
    /// The law that applies, in words.
    pub law: String,
    /// Tax that the price contains, where it does not come on top.
    pub tax_included: Option<Money>,
}

/// Demand and supply of a cell when its multiplier was made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// Riders who ask for a price per minute, smoothed, with the forecast where little was seen.
    pub demand_per_min: f32,
    /// Idle cars, smoothed over the neighbouring cells.
    pub idle: f32,
    /// Cars that will be free there within the model's horizon.
    pub soon_free: f32,
    /// Expected time to the pickup with the cars that were idle then, seconds.
    pub pickup_s: f32,
    /// The same at the end of the model's horizon if everybody came at the flat fare: what the multiplier prevents. An
    /// hour where no car would be left; not known of prices that were made before it was told.
    #[serde(default)]
    pub pickup_flat_s: Option<f32>,
    /// The pickup time that the multiplier shall keep, seconds.
    pub target_pickup_s: f32,
}

/// What kind of cap it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapKind {
    /// The tariff has surge switched off.
    SwitchedOff,
    /// The tariff's highest multiplier.
    Tariff,
    /// An airport's.
    Airport,
    /// A law's.
    Law,
    /// Rounded down to the tariff's step.
    Rounding,
}

impl CapKind {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SwitchedOff => "switched_off",
            Self::Tariff => "tariff",
            Self::Airport => "airport",
            Self::Law => "law",
            Self::Rounding => "rounding",
        }
    }
}

/// A cap that lowered the multiplier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapApplied {
    /// Which kind.
    pub kind: CapKind,
    /// Its name.
    pub name: String,
    /// To what it lowered the multiplier.
    pub to: Multiplier,
    /// The law behind it, where there is one.
    pub law: Option<String>,
}
