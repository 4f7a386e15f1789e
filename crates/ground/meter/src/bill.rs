//! Bills and the records that they add up from.

use std::collections::BTreeMap;

use doorstep_clock::Timestamp;
use doorstep_money::{Currency, FineMoney, Money, MoneyError, Rounding};

use crate::fold::{Row, RowKey, Sum, SumKey};
use crate::usage::LATE_MS;
use crate::{Month, Outcome, Resource};

/// A month of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Whose.
    pub tenant: String,
    /// Of which month.
    pub month: Month,
    /// Whether nothing more can come: the month and three days for late records are over.
    pub is_final: bool,
    /// What was used, in the order of the register of resources.
    pub lines: Vec<BillLine>,
    /// The exact sum of the lines.
    pub total: FineMoney,
    /// What is to be paid: the total, rounded once to whole minor units, halves to the even one.
    pub due: Money,
}

/// One resource at one speed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillLine {
    /// What was used.
    pub resource: Resource,
    /// At which speed; empty where that does not matter.
    pub speed: String,
    /// How much is charged, base units.
    pub quantity: i64,
    /// How much failed and is free, base units.
    pub free: i64,
    /// How many records it is made of.
    pub records: i64,
    /// The exact sum of the records' amounts.
    pub amount: FineMoney,
}

/// One quantity of one piece of work, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRecord {
    /// The producer's id; `hour/…` for what is counted by the hour.
    pub id: String,
    /// What was used.
    pub resource: Resource,
    /// When.
    pub at: Timestamp,
    /// What it was about.
    pub source: String,
    /// The access key that asked for it.
    pub key: Option<String>,
    /// At which speed; empty where that does not matter.
    pub speed: String,
    /// How the work ended.
    pub outcome: Outcome,
    /// How much, base units.
    pub quantity: i64,
    /// What it cost.
    pub amount: FineMoney,
}

impl UsageRecord {
    pub(crate) fn of(((_, id, resource), row): (RowKey, Row)) -> Self {
        Self {
            id,
            resource,
            at: row.at,
            source: row.source,
            key: row.key,
            speed: row.speed,
            outcome: row.outcome,
            quantity: row.quantity,
            amount: FineMoney::new(row.nanos, row.currency),
        }
    }
}

/// The bill of these sums. `currency` is for a month in which nothing was used.
pub(crate) fn bill(
    tenant: &str,
    month: Month,
    now: Timestamp,
    currency: Currency,
    sums: &BTreeMap<SumKey, Sum>,
) -> Result<Bill, MoneyError> {
    let currency = sums.values().next().map_or(currency, |sum| sum.currency);
    let lines: Vec<BillLine> = sums
        .iter()
        .filter(|(_, sum)| sum.records > 0)
        .map(|((_, _, resource, speed), sum)| BillLine {
            resource: *resource,
            speed: speed.clone(),
            quantity: sum.quantity,
            free: sum.free,
            records: sum.records,
            amount: FineMoney::new(sum.nanos, sum.currency),
        })
        .collect();
    let total = FineMoney::sum(currency, lines.iter().map(|line| line.amount))?;
    Ok(Bill {
        tenant: tenant.to_owned(),
        month,
        is_final: now.ms_since(month.end()) > LATE_MS,
        lines,
        total,
        due: total.round(Rounding::HalfEven),
    })
}
