//! Who gets what of a price.

use doorstep_money::Money;
use serde::{Deserialize, Serialize};

use super::{PartKind, Price};
use crate::PriceBook;

/// Who gets what; the four always sum to what was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// The driver, tolls besides.
    pub driver: Money,
    /// Tolls, which the driver has laid out.
    pub tolls: Money,
    /// The platform: commission, booking fee and airport fees, which it passes on.
    pub platform: Money,
    /// Tax on top, for the authority. Tax that prices contain is inside the other parts.
    pub tax: Money,
}

impl Payout {
    /// What all get together.
    #[must_use]
    pub const fn total(&self) -> i64 {
        self.driver.minor + self.tolls.minor + self.platform.minor + self.tax.minor
    }
}

impl Price {
    /// Who gets what of this price.
    #[must_use]
    pub fn payout(&self, book: &PriceBook) -> Payout {
        let money = |minor| Money::new(minor, self.total.currency);
        let ride = self.sum(PartKind::is_ride);
        let (tolls, tax) = (self.sum(|k| k == PartKind::Toll), self.sum(|k| k == PartKind::Tax));
        let driver = super::permille(ride, 1000 - book.tariff().commission_permille);
        // The platform's is what is left, so nothing is lost to rounding.
        let platform = self.total.minor - driver - tolls - tax;
        Payout { driver: money(driver), tolls: money(tolls), platform: money(platform), tax: money(tax) }
    }
}
