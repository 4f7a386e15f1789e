//! A price that was promised: it may fall until the ride, never rise.

use doorstep_clock::Timestamp;
use doorstep_money::Money;
use serde::{Deserialize, Serialize};

use super::Price;

/// A price that a rider was shown, until it runs out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LockedPrice {
    price: Price,
    until: Timestamp,
}

impl LockedPrice {
    /// Locks a price until `until`.
    #[must_use]
    pub const fn new(price: Price, until: Timestamp) -> Self {
        Self { price, until }
    }

    /// The price as it is promised now.
    #[must_use]
    pub const fn price(&self) -> &Price {
        &self.price
    }

    /// Until when a ride may be ordered at it.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether a ride can be ordered at it.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.until
    }

    /// What the same trip costs when it was priced anew: the lower of the two is promised from then on.
    /// A price in another currency changes nothing.
    pub fn reprice(&mut self, newer: Price) -> Money {
        if newer.total.currency == self.price.total.currency && newer.total.minor < self.price.total.minor {
            self.price = newer;
        }
        self.price.total
    }
}
