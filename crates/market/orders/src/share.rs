//! Sharing: what it promises, what it costs, and who gets what.
//!
//! The price is made where all prices are made (`doorstep_pricing::Price::shared`); what is here is its place in a
//! quote and in an order.

use doorstep_clock::Timestamp;
use doorstep_money::Money;
use doorstep_pricing::{Payout, Price, PricePart, ShareTerms, Why};
use serde::{Deserialize, Serialize};

use crate::order::seconds;

/// What is promised to a rider who shares. Whoever else gets in, the car is there in time and arrives in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharePromise {
    /// The longest wait for the car, milliseconds.
    pub max_wait_ms: u32,
    /// The latest arrival, against a direct trip at once, milliseconds.
    pub max_delay_ms: u32,
}

impl SharePromise {
    /// The last moment of the pickup, for a car that is looked for since then.
    #[must_use]
    pub fn pickup_by(&self, since: Timestamp) -> Timestamp {
        since.plus_ms(i64::from(self.max_wait_ms))
    }

    /// The last moment of the arrival.
    #[must_use]
    pub fn dropoff_by(&self, since: Timestamp, direct_ms: u32) -> Timestamp {
        since.plus_ms(i64::from(direct_ms) + i64::from(self.max_delay_ms))
    }
}

/// The shared alternative of a ride, priced: a part of what a quote is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedRide {
    /// What it costs, with its lines and its reason.
    pub price: Price,
    /// Who gets what of that.
    pub payout: Payout,
    /// What is promised.
    pub promise: SharePromise,
    /// What comes off besides when others really ride along.
    pub terms: ShareTerms,
}

impl SharedRide {
    /// What the rider sees, beside a ride that costs `alone`.
    pub(crate) fn offer(&self, alone: Money) -> ShareOffer {
        let fare = self.price.total;
        let discount = Money::new(alone.minor - fare.minor, fare.currency);
        ShareOffer {
            fare,
            parts: self.price.parts.clone(),
            why: self.price.why.clone(),
            split: FareSplit { payout: self.payout, discount },
            least: self.terms.settle(&self.price, u32::MAX).total,
            max_wait_s: seconds(i64::from(self.promise.max_wait_ms)),
            max_delay_s: seconds(i64::from(self.promise.max_delay_ms)),
        }
    }

    pub(crate) fn claims(self) -> ShareClaims {
        ShareClaims { price: self.price, promise: self.promise, terms: Some(self.terms) }
    }
}

/// The shared alternative in a quote's token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShareClaims {
    /// The price with sharing: locked, it never rises.
    pub price: Price,
    /// What is promised.
    pub promise: SharePromise,
    /// What comes off besides when others really ride along, as it was when the price was quoted.
    #[serde(default)]
    pub terms: Option<ShareTerms>,
}

/// Who gets what of a shared fare. The payout sums to the fare; with the discount it is the price for riding alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FareSplit {
    /// Driver, tolls, platform and tax.
    #[serde(flatten)]
    pub payout: Payout,
    /// The rider keeps.
    pub discount: Money,
}

/// The shared alternative as the rider sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShareOffer {
    /// The price with sharing.
    pub fare: Money,
    /// What it is made of.
    pub parts: Vec<PricePart>,
    /// Why it is this price.
    pub why: Why,
    /// Who gets what of it.
    pub split: FareSplit,
    /// What it comes to at least: each other party that really rides along takes something off.
    pub least: Money,
    /// The longest wait for the car that is promised, seconds.
    pub max_wait_s: f64,
    /// The longest delay that is promised, against a direct trip at once, seconds.
    pub max_delay_s: f64,
}
