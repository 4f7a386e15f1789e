//! Bills, usage records and caps, as the API and the command line tell them.

use doorstep_meter::{Bill as MonthBill, BillLine as Line, Caps as MonthCaps, Resource, UsageRecord as Record};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Money;

/// What a tenant used in a month, and what it costs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// Whose.
    pub tenant: String,
    /// The month, UTC.
    #[schema(example = "2026-11")]
    pub month: String,
    /// Its first moment.
    pub from: String,
    /// The first moment after it.
    pub until: String,
    /// Whether nothing more can come: the month is over, and three days for late records.
    pub r#final: bool,
    /// ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
    /// What was used, service by service.
    pub lines: Vec<BillLine>,
    /// The exact sum of the lines.
    #[schema(example = "12.3456789")]
    pub total: String,
    /// What is to be paid: the total, rounded once, halves to the even one.
    pub due: Money,
    /// Months in which the tenant used anything, newest first.
    pub months: Vec<String>,
}

/// One resource at one speed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BillLine {
    /// The part of Doorstep: `sql`, `objects`, `images`, `api`.
    #[schema(example = "sql")]
    pub service: String,
    /// What was used.
    #[schema(example = "query_cpu")]
    pub resource: String,
    /// At which speed, where that matters.
    #[schema(example = "standard")]
    pub speed: Option<String>,
    /// How much is charged, in `base`.
    pub quantity: i64,
    /// What `quantity` is counted in.
    #[schema(example = "ms")]
    pub base: String,
    /// The same in `unit`, a decimal.
    #[schema(example = "0.25")]
    pub units: String,
    /// What a price is for.
    #[schema(example = "CPU-hour")]
    pub unit: String,
    /// How much belonged to work that failed and is free, in `unit`.
    #[schema(example = "0")]
    pub free_units: String,
    /// How many records it is made of; `GET /v1/usage` lists them.
    pub records: i64,
    /// The exact sum of the records' amounts.
    #[schema(example = "0.0125")]
    pub amount: String,
}

/// One quantity of one piece of work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageRecord {
    /// Names the work: a query's id, for example. `hour/…` is what was counted in an hour.
    pub id: String,
    /// When.
    pub at: String,
    /// The part of Doorstep.
    pub service: String,
    /// What was used.
    pub resource: String,
    /// What it was about: a query, a bucket.
    pub source: String,
    /// The access key that asked for it, where one did.
    pub key: Option<String>,
    /// At which speed, where that matters.
    pub speed: Option<String>,
    /// How the work ended: `done`, `cancelled`, or `failed`, which is free.
    #[schema(example = "done")]
    pub outcome: String,
    /// How much, in `base`.
    pub quantity: i64,
    /// What `quantity` is counted in.
    pub base: String,
    /// The same in `unit`, a decimal.
    pub units: String,
    /// What a price is for.
    pub unit: String,
    /// What it cost, exactly.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
}

/// What a tenant lets itself be charged. Amounts are decimals in the currency of the price book.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// ISO 4217; told, not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "USD", read_only)]
    pub currency: Option<String>,
    /// What one query may cost; `null` for no cap.
    #[schema(example = "0.50")]
    pub query: Option<String>,
    /// What all usage of a calendar month may cost; `null` for no cap. Work beyond it is refused or stopped; what is
    /// stored stays, and requests for it are answered.
    #[schema(example = "200")]
    pub month: Option<String>,
    /// Bytes that one query may read, after pruning; `null` for no cap.
    #[schema(example = 1_099_511_627_776_i64, minimum = 0)]
    pub query_scan_bytes: Option<i64>,
}

/// A price book: what each resource costs from a date on. `GET` shows a whole one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PriceBook {
    /// What it is called.
    #[schema(example = "winter")]
    pub name: String,
    /// ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
    /// From when it holds, RFC 3339; without it, from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The speeds there are, `standard` among them.
    pub speeds: Vec<Speed>,
    /// Prices by resource; what is not in it is free.
    #[schema(example = json!({"query_cpu": {"price": "0.05", "free": "10", "tiers": [{"above": "1000", "price": "0.04"}]}}))]
    pub prices: std::collections::BTreeMap<String, ResourcePrice>,
}

/// A speed that work can have.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Speed {
    /// Its name.
    #[schema(example = "fast")]
    pub name: String,
    /// Cores at once, at most.
    #[schema(example = 8)]
    pub cores: u32,
    /// Who goes first in the queue: 0 to 9, higher before lower.
    #[schema(example = 8)]
    pub priority: u8,
    /// CPU and memory cost this many times their price, a decimal.
    #[schema(example = "1.6")]
    pub factor: String,
}

/// What a resource costs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ResourcePrice {
    /// For one unit, a decimal with up to nine digits behind the point.
    #[schema(example = "0.05")]
    pub price: String,
    /// Units of a month that are free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "100")]
    pub free: Option<String>,
    /// Other prices for what is above some quantity of the month.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
}

/// A step of a price.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Tier {
    /// Units of the month above which it holds.
    #[schema(example = "1000")]
    pub above: String,
    /// For one unit.
    #[schema(example = "0.04")]
    pub price: String,
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Bill {
    pub(crate) fn of(bill: &MonthBill, months: &[doorstep_meter::Month]) -> Self {
        Self {
            tenant: bill.tenant.clone(),
            month: bill.month.to_string(),
            from: bill.month.start().to_string(),
            until: bill.month.end().to_string(),
            r#final: bill.is_final,
            currency: bill.total.currency.to_string(),
            lines: bill.lines.iter().map(BillLine::of).collect(),
            total: bill.total.decimal(),
            due: Money { minor: bill.due.minor, currency: bill.due.currency.to_string() },
            months: months.iter().map(ToString::to_string).collect(),
        }
    }
}

impl BillLine {
    fn of(line: &Line) -> Self {
        let resource: Resource = line.resource;
        Self {
            service: resource.service().as_str().to_owned(),
            resource: resource.as_str().to_owned(),
            speed: some(&line.speed),
            quantity: line.quantity,
            base: resource.base().to_owned(),
            units: resource.in_units(line.quantity),
            unit: resource.unit().to_owned(),
            free_units: resource.in_units(line.free),
            records: line.records,
            amount: line.amount.decimal(),
        }
    }
}

impl UsageRecord {
    pub(crate) fn of(record: &Record) -> Self {
        let resource = record.resource;
        Self {
            id: record.id.clone(),
            at: record.at.to_string(),
            service: resource.service().as_str().to_owned(),
            resource: resource.as_str().to_owned(),
            source: record.source.clone(),
            key: record.key.clone(),
            speed: some(&record.speed),
            outcome: record.outcome.as_str().to_owned(),
            quantity: record.quantity,
            base: resource.base().to_owned(),
            units: resource.in_units(record.quantity),
            unit: resource.unit().to_owned(),
            amount: record.amount.decimal(),
            currency: record.amount.currency.to_string(),
        }
    }
}

impl Caps {
    pub(crate) fn of(caps: &MonthCaps, currency: &str) -> Self {
        let decimal = |cap: Option<doorstep_money::FineMoney>| cap.map(doorstep_money::FineMoney::decimal);
        Self {
            currency: Some(currency.to_owned()),
            query: decimal(caps.query),
            month: decimal(caps.month),
            query_scan_bytes: caps.query_scan_bytes,
        }
    }
}
