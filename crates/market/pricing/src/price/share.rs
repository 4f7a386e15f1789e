//! Shared rides: the price with sharing, and who pays and gets what once riders have shared.

use doorstep_money::Money;
use serde::{Deserialize, Serialize};

use super::{PartKind, Payout, Price, PricePart, permille};
use crate::{PriceBook, PricingError};

/// One rider of a shared ride.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedRider {
    /// The price for riding alone, as it was quoted.
    pub solo: Price,
    /// With how many others the ride was in fact shared.
    pub shared_with: u32,
}

/// What a shared ride came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedBill {
    /// What each rider pays, in the order given.
    pub riders: Vec<Price>,
    /// Who gets what of the sum.
    pub payout: Payout,
}

impl Price {
    /// The same trip for a rider who agrees to share; none where sharing is not offered.
    #[must_use]
    pub fn shared(&self, book: &PriceBook) -> Option<Self> {
        self.shared_with(book, 0)
    }

    /// The same after it was shared with `others`: never above what was offered.
    fn shared_with(&self, book: &PriceBook, others: u32) -> Option<Self> {
        let rule = book.tariff().sharing.as_ref()?;
        let matched = u64::from(rule.matched_permille) * u64::from(others);
        // Both are at most a thousand here, so the cast holds.
        let off = (u64::from(rule.offer_permille) + matched).min(u64::from(rule.max_permille)) as u32;
        let (ride, on_top) = (self.sum(PartKind::is_ride), self.sum(|k| k == PartKind::Tax));
        let discount = permille(ride, off);
        let mut shared = self.clone();
        let line = |kind, label: String, minor| PricePart {
            kind,
            label: label.into(),
            amount: Money::new(minor, self.total.currency),
        };
        shared.parts.retain(|p| p.kind != PartKind::Tax);
        if discount > 0 {
            let label = if others == 0 { "Sharing the ride".to_owned() } else { format!("Shared with {others}") };
            shared.parts.push(line(PartKind::Sharing, label, -discount));
        }
        let tax = book.tariff().tax.as_ref();
        if let Some(tax) = tax.filter(|tax| !tax.included && on_top > 0) {
            let taxed = shared.sum(|k| k != PartKind::Toll);
            shared.parts.push(line(PartKind::Tax, tax.name.clone(), permille(taxed, tax.permille)));
        }
        shared.parts.retain(|p| p.amount.minor != 0);
        shared.total = Money::new(shared.sum(|_| true), self.total.currency);
        if let (Some(tax), Some(_)) = (tax, self.why.tax_included) {
            let (taxed, rate) = (shared.sum(|k| k != PartKind::Toll), i64::from(tax.permille));
            let contained = Money::new(taxed, self.total.currency);
            shared.why.tax_included = contained.mul_ratio(rate, 1000 + rate, doorstep_money::Rounding::HalfEven).ok();
        }
        Some(shared)
    }
}

impl PriceBook {
    /// The bill of a ride that was shared: each rider's solo price less what sharing takes off, so nobody pays
    /// more than was offered, and the driver's and the platform's parts of the sum.
    ///
    /// # Errors
    /// [`PricingError::Share`] without riders, without a sharing rule, or for prices of another currency.
    pub fn shared_bill(&self, riders: &[SharedRider]) -> Result<SharedBill, PricingError> {
        let refuse = |field, problem, fix| PricingError::Share { field, problem, fix };
        if riders.is_empty() {
            return Err(refuse("riders", "there are none", "give at least one rider"));
        }
        if riders.iter().any(|r| r.solo.total.currency != self.currency()) {
            return Err(refuse("solo", "it is of another currency", "price it with the same tariff"));
        }
        let billed: Option<Vec<Price>> = riders.iter().map(|r| r.solo.shared_with(self, r.shared_with)).collect();
        let riders =
            billed.ok_or_else(|| refuse("/sharing", "the tariff does not offer it", "write a [sharing] table"))?;
        let zero = Money::zero(self.currency());
        let mut payout = Payout { driver: zero, tolls: zero, platform: zero, tax: zero };
        for part in riders.iter().map(|price| price.payout(self)) {
            payout = Payout {
                driver: payout.driver.checked_add(part.driver)?,
                tolls: payout.tolls.checked_add(part.tolls)?,
                platform: payout.platform.checked_add(part.platform)?,
                tax: payout.tax.checked_add(part.tax)?,
            };
        }
        Ok(SharedBill { riders, payout })
    }
}
