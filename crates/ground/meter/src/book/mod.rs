//! Prices as data: what each resource costs, how fast work may go, since when.
//!
//! A [`PriceBook`] holds together as a whole or does not exist: reading one reports every mistake at once. What it
//! says of money is exact; [`PriceBook::charge`] is a pure function.

mod read;
mod standard;

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_money::{Currency, FineMoney, MoneyError};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Amounts, MeterError, Resource};

/// A speed that work can have: how many cores at once, who goes first in the queue, and what that costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Speed {
    /// Its name.
    pub name: String,
    /// Cores that one piece of work has at once, at most.
    pub cores: u32,
    /// Who goes first in a queue: 0 to 9, higher before lower.
    pub priority: u8,
    /// Prices of resources that go by speed are times this, in thousandths.
    pub permille: u32,
}

/// What one resource costs in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Price {
    /// Steps of a month's quantity, rising, the first from 0: above `.0` base units one unit costs `.1` nanos.
    steps: Vec<(i64, i64)>,
}

/// All prices from a date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceBook {
    /// What it is called.
    pub name: String,
    /// What prices are in.
    pub currency: Currency,
    /// From when it holds, until the next one does.
    pub starts_at: Timestamp,
    /// The speeds there are, `standard` among them.
    pub speeds: Vec<Speed>,
    prices: BTreeMap<Resource, Price>,
}

/// What work would cost, before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Each resource, its quantity in base units, and what it costs.
    pub lines: Vec<(Resource, i64, FineMoney)>,
    /// All of it.
    pub total: FineMoney,
}

impl Price {
    /// What the first `quantity` base units of a month cost, in nanos times `factor`, times a thousand: exact.
    fn upto(&self, quantity: i64, permille: u32) -> Option<i128> {
        let mut sum = 0_i128;
        for (ix, (above, nanos)) in self.steps.iter().enumerate() {
            let end = self.steps.get(ix + 1).map_or(quantity, |next| next.0.min(quantity));
            if end > *above {
                let part = i128::from(end - above).checked_mul(i128::from(*nanos))?;
                sum = sum.checked_add(part)?;
            }
        }
        sum.checked_mul(i128::from(permille))
    }
}

impl PriceBook {
    /// The book of a document, TOML or JSON.
    ///
    /// # Errors
    /// [`MeterError::Invalid`] with every mistake.
    pub fn read(text: &str) -> Result<Self, MeterError> {
        read::text(text)
    }

    /// The book of a JSON document.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_json(document: &Value) -> Result<Self, MeterError> {
        read::document(document)
    }

    /// The one that holds until somebody puts another.
    #[must_use]
    pub fn standard() -> Self {
        Self::read(standard::TEXT).expect("the standard price book is tested")
    }

    /// The same book from another moment on.
    pub(crate) const fn starting(mut self, at: Timestamp) -> Self {
        self.starts_at = at;
        self
    }

    /// A speed by its name.
    #[must_use]
    pub fn speed(&self, name: &str) -> Option<&Speed> {
        self.speeds.iter().find(|speed| speed.name == name)
    }

    /// What `quantity` costs when the tenant has had `before` of it this month, in nanos of the currency.
    ///
    /// It is the difference of two amounts, each cut to whole nanos once. So charges of single records add up to the
    /// charge of their sum exactly, however finely the sum is cut. A speed that the book does not know costs what
    /// `standard` does.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`].
    pub fn charge(&self, resource: Resource, speed: &str, before: i64, quantity: i64) -> Result<i64, MoneyError> {
        let Some(price) = self.prices.get(&resource) else { return Ok(0) };
        let permille = if resource.by_speed() { self.speed(speed).map_or(1000, |speed| speed.permille) } else { 1000 };
        let after = before.checked_add(quantity).ok_or(MoneyError::TooLarge)?;
        let unit = i128::from(resource.factor()) * 1000;
        let upto =
            |quantity| price.upto(quantity, permille).map(|sum| sum.div_euclid(unit)).ok_or(MoneyError::TooLarge);
        i64::try_from(upto(after)? - upto(before)?).map_err(|_| MoneyError::TooLarge)
    }

    /// What `amounts` would cost after what the tenant has had this month.
    ///
    /// # Errors
    /// As [`Self::charge`].
    pub fn estimate(&self, speed: &str, before: &Amounts, amounts: &Amounts) -> Result<Estimate, MoneyError> {
        let mut lines = Vec::with_capacity(amounts.len());
        for (resource, quantity) in amounts {
            let before = before.get(resource).copied().unwrap_or(0);
            let nanos = self.charge(*resource, speed, before, *quantity)?;
            lines.push((*resource, *quantity, FineMoney::new(nanos, self.currency)));
        }
        let total = FineMoney::sum(self.currency, lines.iter().map(|(.., amount)| *amount))?;
        Ok(Estimate { lines, total })
    }

    /// The book as a document that reads back as the same book.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let decimal = |nanos: i64| FineMoney::new(nanos, self.currency).decimal();
        let prices = self.prices.iter().map(|(resource, price)| {
            let mut steps = price.steps.as_slice();
            let mut body = serde_json::Map::new();
            if let [(0, 0), (above, _), ..] = steps {
                body.insert("free".to_owned(), json!(threshold(*resource, *above)));
                steps = &steps[1..];
            }
            body.insert("price".to_owned(), json!(decimal(steps.first().map_or(0, |step| step.1))));
            let tiers: Vec<Value> = steps
                .iter()
                .skip(1)
                .map(|(above, nanos)| json!({"above": threshold(*resource, *above), "price": decimal(*nanos)}))
                .collect();
            if !tiers.is_empty() {
                body.insert("tiers".to_owned(), Value::Array(tiers));
            }
            (resource.as_str().to_owned(), Value::Object(body))
        });
        let speeds: Vec<Value> = self
            .speeds
            .iter()
            .map(|speed| {
                let factor = FineMoney::new(i64::from(speed.permille) * 1_000_000, self.currency).decimal();
                json!({"name": speed.name, "cores": speed.cores, "priority": speed.priority, "factor": factor})
            })
            .collect();
        json!({
            "name": self.name,
            "currency": self.currency,
            "from": self.starts_at,
            "speeds": speeds,
            "prices": Value::Object(prices.collect()),
        })
    }
}

/// A quantity in units, so that reading it gives the same base units again: cut up, since reading cuts down.
fn threshold(resource: Resource, quantity: i64) -> String {
    let (quantity, factor) = (i128::from(quantity) * 1_000_000_000, i128::from(resource.factor()));
    let billionths = quantity.div_euclid(factor) + i128::from(quantity.rem_euclid(factor) > 0);
    let part = format!("{:09}", billionths % 1_000_000_000);
    let (whole, part) = (billionths / 1_000_000_000, part.trim_end_matches('0'));
    if part.is_empty() { whole.to_string() } else { format!("{whole}.{part}") }
}

/// All versions of the price book, oldest first. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Books(Arc<[Arc<PriceBook>]>);

impl Books {
    /// The standard book under those that were put.
    pub(crate) fn new(put: impl IntoIterator<Item = PriceBook>) -> Self {
        let standard = PriceBook { starts_at: Timestamp(0), ..PriceBook::standard() };
        let mut all: Vec<Arc<PriceBook>> = std::iter::once(standard).chain(put).map(Arc::new).collect();
        all.sort_by_key(|book| book.starts_at);
        Self(all.into())
    }

    /// The one that holds at `at`.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> &Arc<PriceBook> {
        let later = self.0.partition_point(|book| book.starts_at <= at);
        &self.0[later.saturating_sub(1)]
    }

    /// The ones that hold after `at`, and those to come.
    pub fn from(&self, at: Timestamp) -> impl Iterator<Item = &Arc<PriceBook>> {
        let later = self.0.partition_point(|book| book.starts_at <= at);
        self.0[later.saturating_sub(1)..].iter()
    }
}

#[cfg(test)]
mod tests;
