//! Shared rides: the price with sharing, and who pays and gets what once riders have shared.

use doorstep_money::Money;
use serde::{Deserialize, Serialize};

use super::{PartKind, Payout, Price, PricePart, permille};
use crate::tariff::{Sharing, Tax};
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

/// How much comes off for sharing, and the tax that follows: kept with a quote, so that a ride is settled by the terms
/// under which it was ordered, whatever the tariff says by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareTerms {
    /// What comes off.
    pub sharing: Sharing,
    /// The tariff's tax.
    #[serde(default)]
    pub tax: Option<Tax>,
}

impl ShareTerms {
    /// A price, alone or as it was offered for sharing, after the ride was shared with so many others: never above
    /// what was offered.
    #[must_use]
    pub fn settle(&self, price: &Price, others: u32) -> Price {
        let rule = &self.sharing;
        let matched = u64::from(rule.matched_permille) * u64::from(others);
        let off = (u64::from(rule.offer_permille) + matched).min(u64::from(rule.max_permille));
        // A share of a thousand at most.
        let off = u32::try_from(off).unwrap_or(1000);
        let mut shared = price.clone();
        shared.parts.retain(|p| p.kind != PartKind::Sharing);
        let (ride, on_top) = (shared.sum(PartKind::is_ride), shared.sum(|k| k == PartKind::Tax));
        let discount = permille(ride, off);
        let line = |kind, label: String, minor| PricePart {
            kind,
            label: label.into(),
            amount: Money::new(minor, price.total.currency),
        };
        shared.parts.retain(|p| p.kind != PartKind::Tax);
        if discount > 0 {
            let label = if others == 0 { "Sharing the ride".to_owned() } else { format!("Shared with {others}") };
            shared.parts.push(line(PartKind::Sharing, label, -discount));
        }
        if let Some(tax) = self.tax.as_ref().filter(|tax| !tax.included && on_top > 0) {
            let taxed = shared.sum(|k| k != PartKind::Toll);
            shared.parts.push(line(PartKind::Tax, tax.name.clone(), permille(taxed, tax.permille)));
        }
        shared.parts.retain(|p| p.amount.minor != 0);
        shared.total = Money::new(shared.sum(|_| true), price.total.currency);
        if let (Some(tax), Some(_)) = (&self.tax, price.why.tax_included) {
            let (taxed, rate) = (shared.sum(|k| k != PartKind::Toll), i64::from(tax.permille));
            let contained = Money::new(taxed, price.total.currency);
            shared.why.tax_included = contained.mul_ratio(rate, 1000 + rate, doorstep_money::Rounding::HalfEven).ok();
        }
        shared
    }
}

impl Price {
    /// The same trip for a rider who agrees to share; none where sharing is not offered.
    #[must_use]
    pub fn shared(&self, book: &PriceBook) -> Option<Self> {
        Some(book.share_terms()?.settle(self, 0))
    }
}

impl PriceBook {
    /// What comes off for sharing; none where it is not offered.
    #[must_use]
    pub fn share_terms(&self) -> Option<ShareTerms> {
        let tariff = self.tariff();
        Some(ShareTerms { sharing: tariff.sharing.clone()?, tax: tariff.tax.clone() })
    }

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
        let terms = self
            .share_terms()
            .ok_or_else(|| refuse("/sharing", "the tariff does not offer it", "write a [sharing] table"))?;
        let riders: Vec<Price> = riders.iter().map(|r| terms.settle(&r.solo, r.shared_with)).collect();
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
