//! Caps: what a query and a month may cost at most. Judging is pure.

use doorstep_money::{Currency, FineMoney, MoneyError};
use serde::{Deserialize, Serialize};

use crate::error::CapKind;
use crate::{Amounts, MeterError, PriceBook, Resource};

/// What a tenant lets itself be charged. Work that would go beyond is refused or stopped; what is stored stays, and
/// requests for it are answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// What one query may cost.
    pub query: Option<FineMoney>,
    /// What all usage of a calendar month may cost.
    pub month: Option<FineMoney>,
    /// Bytes that one query may read, after pruning.
    pub query_scan_bytes: Option<i64>,
}

impl Caps {
    /// Whether nothing is capped.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.query.is_none() && self.month.is_none() && self.query_scan_bytes.is_none()
    }

    /// Whether they can be set while prices are in `currency`.
    pub(crate) fn check(&self, currency: Currency) -> Result<(), MeterError> {
        for (field, cap) in [("/query", &self.query), ("/month", &self.month)] {
            if let Some(cap) = cap
                && cap.currency != currency
            {
                let reason = format!("is in {}, and prices are in {currency}", cap.currency);
                return Err(MeterError::field(field, reason, format!("write the amount in {currency}")));
            }
        }
        if self.query_scan_bytes.is_some_and(|bytes| bytes < 0) {
            return Err(MeterError::field(
                "/query_scan_bytes",
                "is below zero",
                "write bytes from 0, or null for none",
            ));
        }
        Ok(())
    }
}

/// What work under way has been promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reserved {
    pub(crate) speed: String,
    pub(crate) amounts: Amounts,
}

/// A tenant's month as the caps see it: spent, and what was had of each resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) nanos: i64,
    pub(crate) before: Amounts,
}

/// Whether a query with these amounts stays below the caps of a query.
///
/// # Errors
/// [`MeterError::CapReached`].
pub(crate) fn judge_query(caps: &Caps, book: &PriceBook, spent: &Spent, wanted: &Reserved) -> Result<(), MeterError> {
    if let Some(most) = caps.query_scan_bytes {
        let bytes = wanted.amounts.get(&Resource::QueryScan).copied().unwrap_or(0);
        if bytes > most {
            return Err(MeterError::CapReached {
                cap: CapKind::QueryScan,
                limit: format!("{most} bytes"),
                detail: format!("{bytes} bytes are to be read; narrow the query, or raise the cap"),
            });
        }
    }
    if let Some(most) = same_currency(caps.query, CapKind::Query, book)? {
        let cost = book.estimate(&wanted.speed, &spent.before, &wanted.amounts)?.total;
        if cost.nanos > most.nanos {
            return Err(MeterError::CapReached {
                cap: CapKind::Query,
                limit: most.to_string(),
                detail: format!("it comes to {cost}; narrow the query, or raise the cap"),
            });
        }
    }
    Ok(())
}

/// Whether the month's cap holds when all that is reserved, and `wanted` as well, is used up.
///
/// # Errors
/// [`MeterError::CapReached`].
pub(crate) fn judge_month<'a>(
    caps: &Caps,
    book: &PriceBook,
    spent: &Spent,
    others: impl Iterator<Item = &'a Reserved>,
    wanted: &'a Reserved,
) -> Result<(), MeterError> {
    let Some(most) = same_currency(caps.month, CapKind::Month, book)? else { return Ok(()) };
    let (mut nanos, mut before) = (spent.nanos, spent.before.clone());
    for one in others.chain(std::iter::once(wanted)) {
        nanos = nanos.saturating_add(book.estimate(&one.speed, &before, &one.amounts)?.total.nanos);
        for (resource, quantity) in &one.amounts {
            let sum = before.entry(*resource).or_insert(0);
            *sum = sum.checked_add(*quantity).ok_or(MoneyError::TooLarge)?;
        }
    }
    if nanos > most.nanos {
        let of = |nanos| FineMoney::new(nanos, book.currency);
        return Err(MeterError::CapReached {
            cap: CapKind::Month,
            limit: most.to_string(),
            detail: format!(
                "{} is spent and {} would be with the work under way; wait for the next month, or raise the cap",
                of(spent.nanos),
                of(nanos)
            ),
        });
    }
    Ok(())
}

/// A cap in another currency than today's prices cannot be held, so it lets nothing through.
fn same_currency(cap: Option<FineMoney>, kind: CapKind, book: &PriceBook) -> Result<Option<FineMoney>, MeterError> {
    match cap {
        Some(cap) if cap.currency != book.currency => Err(MeterError::CapReached {
            cap: kind,
            limit: cap.to_string(),
            detail: format!("prices are in {} now; set the cap anew in that currency", book.currency),
        }),
        cap => Ok(cap),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn reserved(cpu_ms: i64) -> Reserved {
        Reserved { speed: "standard".into(), amounts: [(Resource::QueryCpu, cpu_ms)].into() }
    }

    fn usd(text: &str) -> Option<FineMoney> {
        Some(FineMoney::parse(text, Currency::USD).unwrap())
    }

    #[test]
    fn what_is_reserved_counts_as_spent() {
        let book = PriceBook::standard();
        let hour = 3_600_000;
        let caps = Caps { month: usd("0.15"), ..Caps::default() };
        let spent = Spent { nanos: 50_000_000, before: Amounts::new() };
        let judge = |others: &[Reserved], wanted| judge_month(&caps, &book, &spent, others.iter(), &reserved(wanted));
        judge(&[reserved(hour)], hour).unwrap();
        let told = judge(&[reserved(hour)], hour + 100).unwrap_err();
        assert!(matches!(told, MeterError::CapReached { cap: CapKind::Month, .. }), "{told}");
        assert!(told.to_string().contains("0.15 USD") && told.to_string().contains("0.05 USD is spent"), "{told}");
        assert!(judge(&[reserved(hour), reserved(hour)], 100).is_err());
    }

    #[test]
    fn a_query_has_caps_of_its_own() {
        let book = PriceBook::standard();
        let caps = Caps { query: usd("0.05"), query_scan_bytes: Some(1000), month: None };
        let judge = |wanted: &Reserved| judge_query(&caps, &book, &Spent::default(), wanted);
        judge(&reserved(3_600_000)).unwrap();
        assert!(matches!(judge(&reserved(3_700_000)), Err(MeterError::CapReached { cap: CapKind::Query, .. })));
        let scan = Reserved { speed: "standard".into(), amounts: [(Resource::QueryScan, 1001)].into() };
        assert!(matches!(judge(&scan), Err(MeterError::CapReached { cap: CapKind::QueryScan, .. })));
        let euros = Caps { query: Some(FineMoney::new(1, Currency::EUR)), ..Caps::default() };
        assert!(judge_query(&euros, &book, &Spent::default(), &reserved(0)).is_err());
        assert!(matches!(euros.check(Currency::USD), Err(MeterError::Field { field: "/query", .. })));
    }
}
