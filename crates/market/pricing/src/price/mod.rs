//! The price of a trip: a function of a price book, a surge map and the trip.

mod lock;
mod part;
mod payout;
mod share;
#[cfg(test)]
mod tests;
mod trip;
mod why;

pub use lock::LockedPrice;
pub use part::{PartKind, PricePart};
pub use payout::Payout;
pub use share::{ShareTerms, SharedBill, SharedRider};
pub use trip::Trip;
pub use why::{CapApplied, CapKind, Seen, Why};

use std::borrow::Cow;

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_money::{Currency, Money, Rounding};
use serde::{Deserialize, Serialize};

use crate::tariff::RuleKind;
use crate::{Multiplier, PriceBook, SurgeMap};

/// A price: lines that add up, and the reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// The sum of the lines.
    pub total: Money,
    /// The lines that are not zero.
    pub parts: Vec<PricePart>,
    /// Why.
    pub why: Why,
}

/// Prices a trip for one party alone. [`Price::shared`] gives the same with sharing.
#[must_use]
pub fn price(book: &PriceBook, surge: &SurgeMap, trip: &Trip) -> Price {
    let tariff = book.tariff();
    let (from, to) = (book.zones(trip.pickup), book.zones(trip.dropoff));
    let mut lines = Lines::new(book.currency());

    let flat = book.rules.iter().zip(&tariff.zone_rules).find_map(|(rule, text)| match rule.kind {
        RuleKind::FlatFare(fare) if rule.fits(from, to) => Some((fare, text)),
        _ => None,
    });
    match flat {
        Some((fare, rule)) => lines.add(PartKind::FlatFare, rule.name.clone(), fare),
        None => {
            lines.add(PartKind::Base, "Base fare", tariff.base);
            lines.add(PartKind::Distance, "Distance", per(tariff.per_km, trip.distance_m, 1_000));
            lines.add(PartKind::Time, "Time", per(tariff.per_minute, trip.trip_ms, 60_000));
            lines.add(PartKind::Minimum, "Up to the minimum fare", (tariff.minimum - lines.total).max(0));
        }
    }
    let ride = lines.total;

    let reading = surge.at(trip.pickup, trip.at);
    let (multiplier, caps) = capped(book, reading.multiplier, trip.at, from);
    if multiplier > Multiplier::ONE {
        let extra = permille(ride, multiplier.permille() - 1000);
        lines.add(PartKind::Surge, format!("Surge ×{multiplier}"), extra);
    }
    if !book.times.is_empty() {
        let minute = book.minute(trip.at);
        for (time, text) in book.times.iter().zip(&tariff.times).filter(|(time, _)| time.holds(minute)) {
            let _ = time;
            lines.add(PartKind::TimeSurcharge, text.name.clone(), text.flat + permille(ride, text.permille));
        }
    }
    for (rule, text) in book.rules.iter().zip(&tariff.zone_rules) {
        if let RuleKind::Surcharge(extra) = rule.kind
            && rule.fits(from, to)
        {
            lines.add(PartKind::ZoneSurcharge, text.name.clone(), extra);
        }
    }
    for (rule, text) in book.airports.iter().zip(&tariff.airports) {
        if from.fits(Some(rule.zone)) {
            lines.add(PartKind::Airport, text.name.clone(), text.pickup_fee);
        }
        if to.fits(Some(rule.zone)) {
            lines.add(PartKind::Airport, text.name.clone(), text.dropoff_fee);
        }
    }
    for (gate, text) in book.gates.iter().zip(&tariff.tolls) {
        if trip.crosses(*gate, text.one_way) {
            lines.add(PartKind::Toll, text.name.clone(), text.amount);
        }
    }
    lines.add(PartKind::Booking, "Booking fee", tariff.booking_fee);
    let tax_included = lines.tax(book);
    let why = Why {
        tariff: tariff.name.clone(),
        tariff_version: tariff.version,
        model: surge.model().to_owned(),
        model_version: surge.model_version(),
        basis: reading.basis,
        sentence: reading.basis.sentence().to_owned(),
        cell: reading.cell,
        seen: reading.seen,
        asked: reading.multiplier,
        multiplier,
        caps,
        law: tariff.surge.law.clone(),
        tax_included,
    };
    Price { total: lines.money(lines.total), parts: lines.parts, why }
}

/// What is left of the model's multiplier after every cap that applies to the trip, and which caps lowered it.
fn capped(
    book: &PriceBook,
    asked: Multiplier,
    at_time: Timestamp,
    from: crate::tariff::Zones,
) -> (Multiplier, Vec<CapApplied>) {
    let (law, mut at, mut caps) = (book.law(), asked, Vec::new());
    let mut lower = |kind: CapKind, name: &str, to: Multiplier, law: Option<&String>| {
        if to < at {
            at = to;
            caps.push(CapApplied { kind, name: name.to_owned(), to, law: law.cloned() });
        }
    };
    if asked == Multiplier::ONE {
        return (asked, caps);
    }
    if !law.enabled {
        lower(CapKind::SwitchedOff, "surge is switched off", Multiplier::ONE, None);
    }
    lower(CapKind::Tariff, "the tariff's highest multiplier", book.max_multiplier, None);
    for (rule, text) in book.airports.iter().zip(&book.tariff().airports) {
        if let Some(max) = rule.max
            && from.fits(Some(rule.zone))
        {
            lower(CapKind::Airport, &text.name, max, None);
        }
    }
    for (cap, text) in book.caps.iter().zip(&law.caps) {
        if from.fits(cap.zone) && cap.from <= at_time && at_time < cap.to {
            lower(CapKind::Law, &text.name, cap.max, Some(&text.law));
        }
    }
    // A cap that is no whole step holds as it is written: it is rounded down like everything else.
    let rounded = at.floor_to(book.step_permille);
    if rounded < at {
        at = rounded;
        caps.push(CapApplied { kind: CapKind::Rounding, name: "rounded down".to_owned(), to: rounded, law: None });
    }
    (at, caps)
}

impl PriceBook {
    /// What is left of the model's multiplier for trips that begin at `pickup` at a moment: what the map shows is
    /// what is charged.
    #[must_use]
    pub fn charged(&self, asked: Multiplier, pickup: Point, at: Timestamp) -> Multiplier {
        capped(self, asked, at, self.zones(pickup)).0
    }
}

/// `price * quantity / per`, half up. Bounded by the highest price times u32::MAX, so it fits.
fn per(price: i64, quantity: u32, per: i64) -> i64 {
    let exact = i128::from(price) * i128::from(quantity);
    i64::try_from((exact + i128::from(per) / 2) / i128::from(per)).unwrap_or(i64::MAX / 8)
}

/// Thousandths of a part of a price, half up; at most 100 times it.
fn permille(amount: i64, permille: u32) -> i64 {
    let exact = i128::from(amount) * i128::from(permille);
    i64::try_from((exact + 500).div_euclid(1000)).unwrap_or(i64::MAX / 8)
}

/// Lines while they are gathered.
struct Lines {
    currency: Currency,
    total: i64,
    parts: Vec<PricePart>,
}

impl Lines {
    fn new(currency: Currency) -> Self {
        Self { currency, total: 0, parts: Vec::with_capacity(8) }
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    fn add(&mut self, kind: PartKind, label: impl Into<Cow<'static, str>>, minor: i64) {
        if minor != 0 {
            self.total = self.total.saturating_add(minor);
            let amount = self.money(minor);
            self.parts.push(PricePart { kind, label: label.into(), amount });
        }
    }

    /// Puts the tax on top, or says how much of it the total contains. Tolls bear no tax of ours.
    fn tax(&mut self, book: &PriceBook) -> Option<Money> {
        let tax = book.tariff().tax.as_ref()?;
        let tolls: i64 = self.parts.iter().filter(|p| p.kind == PartKind::Toll).map(|p| p.amount.minor).sum();
        let taxed = self.total - tolls;
        if tax.included {
            let rate = i64::from(tax.permille);
            return self.money(taxed).mul_ratio(rate, 1000 + rate, Rounding::HalfEven).ok();
        }
        self.add(PartKind::Tax, tax.name.clone(), permille(taxed, tax.permille));
        None
    }
}

impl Price {
    /// The sum of the lines that `wanted` picks.
    pub(crate) fn sum(&self, wanted: impl Fn(PartKind) -> bool) -> i64 {
        self.parts.iter().filter(|p| wanted(p.kind)).map(|p| p.amount.minor).sum()
    }
}
