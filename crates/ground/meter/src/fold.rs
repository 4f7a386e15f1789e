//! Folding entries into accounts: pure. What was there, entries and prices in; what is there then, out.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_clock::Timestamp;
use doorstep_money::{Currency, MoneyError};

use crate::entry::{Entry, hour, hour_id, summed_speed};
use crate::{Books, Month, Outcome, Resource, Usage};

/// A record's place: tenant, id, resource.
pub(crate) type RowKey = (String, String, Resource);
/// A sum's place: tenant, month, resource, speed.
pub(crate) type SumKey = (String, Month, Resource, String);

/// A record as it is kept: one quantity of one piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) at: Timestamp,
    pub(crate) source: String,
    pub(crate) key: Option<String>,
    pub(crate) speed: String,
    pub(crate) outcome: Outcome,
    pub(crate) quantity: i64,
    pub(crate) nanos: i64,
    pub(crate) currency: Currency,
}

/// What a tenant has used of one resource at one speed in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Charged, in base units.
    pub(crate) quantity: i64,
    /// Of work that failed and is free.
    pub(crate) free: i64,
    pub(crate) nanos: i64,
    pub(crate) records: i64,
    pub(crate) currency: Currency,
}

/// The accounts that a batch of entries touches, and which of them it changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accounts {
    pub(crate) rows: BTreeMap<RowKey, Row>,
    pub(crate) sums: BTreeMap<SumKey, Sum>,
    pub(crate) changed_rows: BTreeSet<RowKey>,
    pub(crate) changed_sums: BTreeSet<SumKey>,
    /// Reservations that are over: tenant and id.
    pub(crate) released: BTreeSet<(String, String)>,
    /// Records that said again what was known.
    pub(crate) repeated: u64,
}

/// The rows that an entry may touch.
pub(crate) fn touched(entry: &Entry) -> Vec<RowKey> {
    match entry {
        Entry::Used { usage, .. } => {
            usage.amounts.keys().map(|r| (usage.tenant.clone(), usage.id.clone(), *r)).collect()
        }
        Entry::Counted { tenant, source, resource, at, .. } => {
            vec![(tenant.clone(), hour_id(source, *at), *resource)]
        }
        Entry::Released { .. } => Vec::new(),
    }
}

/// The month whose sums an entry may touch.
pub(crate) fn month(entry: &Entry) -> Option<(String, Month)> {
    match entry {
        Entry::Used { usage, .. } => Some((usage.tenant.clone(), Month::of(usage.at))),
        Entry::Counted { tenant, at, .. } => Some((tenant.clone(), Month::of(*at))),
        Entry::Released { .. } => None,
    }
}

impl Accounts {
    /// Takes one entry in. An entry either counts as a whole or, with an error, not at all.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when a sum leaves every range.
    pub(crate) fn apply(&mut self, entry: &Entry, books: &Books) -> Result<(), MoneyError> {
        match entry {
            Entry::Used { usage, reservation } => {
                let mut after = self.clone_touched(entry);
                for (resource, quantity) in &usage.amounts {
                    after.used(usage, *resource, *quantity, books)?;
                }
                self.take_over(after);
                self.released.extend(reservation.iter().map(|id| (usage.tenant.clone(), id.clone())));
            }
            Entry::Counted { tenant, source, resource, quantity, at } => {
                self.counted(tenant, source, *resource, *quantity, *at, books)?;
            }
            Entry::Released { tenant, reservation } => {
                self.released.insert((tenant.clone(), reservation.clone()));
            }
        }
        Ok(())
    }

    /// One quantity of a piece of work.
    fn used(&mut self, usage: &Usage, resource: Resource, quantity: i64, books: &Books) -> Result<(), MoneyError> {
        let key = (usage.tenant.clone(), usage.id.clone(), resource);
        if let Some(known) = self.rows.get(&key).cloned() {
            // Only what failed and was then done after all is news.
            if known.outcome.is_charged() || !usage.outcome.is_charged() {
                self.repeated += 1;
                return Ok(());
            }
            let speed = summed_speed(resource, &known.speed).to_owned();
            let sum_key = (usage.tenant.clone(), Month::of(known.at), resource, speed);
            if let Some(sum) = self.sums.get_mut(&sum_key) {
                sum.free -= known.quantity;
                sum.records -= 1;
                self.changed_sums.insert(sum_key);
            }
        }
        let nanos = self.add(&usage.tenant, resource, usage, quantity, 1, books)?;
        let row = Row {
            at: usage.at,
            source: usage.source.clone(),
            key: usage.key.clone(),
            speed: summed_speed(resource, &usage.speed).to_owned(),
            outcome: usage.outcome,
            quantity,
            nanos,
            currency: books.at(usage.at).currency,
        };
        self.rows.insert(key.clone(), row);
        self.changed_rows.insert(key);
        Ok(())
    }

    fn counted(
        &mut self,
        tenant: &str,
        source: &str,
        resource: Resource,
        quantity: i64,
        at: Timestamp,
        books: &Books,
    ) -> Result<(), MoneyError> {
        let key = (tenant.to_owned(), hour_id(source, at), resource);
        let known = self.rows.get(&key).map(|row| row.quantity);
        let total = known.unwrap_or(0).checked_add(quantity).ok_or(MoneyError::TooLarge)?;
        let usage = Usage::new(key.1.clone(), tenant, at);
        let nanos = self.add(tenant, resource, &usage, quantity, i64::from(known.is_none()), books)?;
        let row = self.rows.entry(key.clone()).or_insert_with(|| Row {
            at: hour(at),
            source: source.to_owned(),
            key: None,
            speed: summed_speed(resource, "").to_owned(),
            outcome: Outcome::Done,
            quantity: 0,
            nanos: 0,
            currency: books.at(at).currency,
        });
        row.quantity = total;
        // Part of the month's sum, which has just been checked.
        row.nanos = row.nanos.saturating_add(nanos);
        self.changed_rows.insert(key);
        Ok(())
    }

    /// Adds to the month's sum; what that costs.
    fn add(
        &mut self,
        tenant: &str,
        resource: Resource,
        usage: &Usage,
        quantity: i64,
        records: i64,
        books: &Books,
    ) -> Result<i64, MoneyError> {
        let (month, book) = (Month::of(usage.at), books.at(usage.at));
        let charged = usage.outcome.is_charged();
        let nanos = if charged {
            book.charge(resource, &usage.speed, self.before(tenant, month, resource), quantity)?
        } else {
            0
        };
        let key = (tenant.to_owned(), month, resource, summed_speed(resource, &usage.speed).to_owned());
        let zero = || Sum { quantity: 0, free: 0, nanos: 0, records: 0, currency: book.currency };
        let old = self.sums.get(&key).cloned().unwrap_or_else(zero);
        let plus = |a: i64, b: i64| a.checked_add(b).ok_or(MoneyError::TooLarge);
        let sum = Sum {
            quantity: plus(old.quantity, if charged { quantity } else { 0 })?,
            free: plus(old.free, if charged { 0 } else { quantity })?,
            nanos: plus(old.nanos, nanos)?,
            records: plus(old.records, records)?,
            currency: old.currency,
        };
        self.sums.insert(key.clone(), sum);
        self.changed_sums.insert(key);
        Ok(nanos)
    }

    /// What the tenant has had of a resource this month, at all speeds.
    fn before(&self, tenant: &str, month: Month, resource: Resource) -> i64 {
        let from = (tenant.to_owned(), month, resource, String::new());
        let of = self.sums.range(from..).take_while(|((t, m, r, _), _)| t == tenant && *m == month && *r == resource);
        of.fold(0, |all: i64, (_, sum)| all.saturating_add(sum.quantity))
    }

    /// The part that an entry may touch.
    fn clone_touched(&self, entry: &Entry) -> Self {
        let rows: BTreeMap<RowKey, Row> =
            touched(entry).into_iter().filter_map(|key| self.rows.get(&key).cloned().map(|row| (key, row))).collect();
        let months: BTreeSet<Month> = month(entry)
            .map(|(_, month)| month)
            .into_iter()
            .chain(rows.values().map(|row| Month::of(row.at)))
            .collect();
        let tenant = entry.tenant();
        let sums = self.sums.iter().filter(|((t, m, ..), _)| t == tenant && months.contains(m));
        Self { sums: sums.map(|(key, sum)| (key.clone(), sum.clone())).collect(), rows, ..Self::default() }
    }

    fn take_over(&mut self, part: Self) {
        self.rows.extend(part.rows);
        self.sums.extend(part.sums);
        self.changed_rows.extend(part.changed_rows);
        self.changed_sums.extend(part.changed_sums);
        self.repeated += part.repeated;
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
