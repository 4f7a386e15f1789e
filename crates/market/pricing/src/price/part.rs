//! The lines of a price.

use std::borrow::Cow;

use doorstep_money::Money;
use serde::{Deserialize, Serialize};

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// Stepping in.
    Base,
    /// Metres.
    Distance,
    /// Seconds.
    Time,
    /// The step up to the minimum.
    Minimum,
    /// A fixed fare instead of the four above.
    FlatFare,
    /// What surge adds.
    Surge,
    /// Night, peak.
    TimeSurcharge,
    /// Between zones.
    ZoneSurcharge,
    /// An airport's fee.
    Airport,
    /// Off for sharing; negative.
    Sharing,
    /// A toll, passed on.
    Toll,
    /// The booking.
    Booking,
    /// Tax on top.
    Tax,
}

impl PartKind {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Distance => "distance",
            Self::Time => "time",
            Self::Minimum => "minimum",
            Self::FlatFare => "flat_fare",
            Self::Surge => "surge",
            Self::TimeSurcharge => "time_surcharge",
            Self::ZoneSurcharge => "zone_surcharge",
            Self::Airport => "airport",
            Self::Sharing => "sharing",
            Self::Toll => "toll",
            Self::Booking => "booking",
            Self::Tax => "tax",
        }
    }

    /// Whether it pays for the ride, so that it is shared with the driver and can be discounted.
    #[must_use]
    pub const fn is_ride(self) -> bool {
        !matches!(self, Self::Toll | Self::Booking | Self::Tax | Self::Airport)
    }
}

/// One line of a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricePart {
    /// What for.
    pub kind: PartKind,
    /// The same in words.
    pub label: Cow<'static, str>,
    /// How much; only discounts are below zero.
    pub amount: Money,
}
