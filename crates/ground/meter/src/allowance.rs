//! Leave to work: asked for before it starts, held to while it runs, settled when it is done.
//!
//! Where a tenant has a cap for the month, what work may use is reserved in the store before it is used. The
//! reservation goes in the transaction that charges the work, so at every moment what is spent and what is promised
//! stay below the cap together, however many processes work at once.

use std::collections::HashMap;

use doorstep_clock::Timestamp;
use doorstep_money::FineMoney;
use parking_lot::Mutex;

use crate::caps::{self, Reserved, Spent};
use crate::entry::Entry;
use crate::error::CapKind;
use crate::usage::STANDARD;
use crate::{Amounts, Caps, Meter, MeterError, Month, PriceBook, Resource, Speed, Usage, ledger, metrics, tables};

/// A reservation that nobody renews ends after this time, milliseconds.
const RESERVED_MS: i64 = 600_000;
/// It is renewed when less than this is left.
const RENEWED_MS: i64 = 420_000;
/// How long an answer of [`Meter::admit`] holds, milliseconds.
const ADMITTED_MS: i64 = 1_000;
/// Tenants whose answers are kept.
const MOST_ADMITTED: usize = 10_000;

/// What somebody wants to do.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Who pays.
    pub tenant: String,
    /// Names the work within its tenant; best the id under which its usage is recorded.
    pub id: String,
    /// The speed that is asked for; `standard` without.
    pub speed: Option<String>,
    /// What it will use, as far as one can tell.
    pub estimate: Amounts,
}

/// Leave to do a piece of work. Dropping it without [`Self::settle`] gives back what is reserved.
#[derive(Debug)]
pub struct Allowance {
    speed: Speed,
    terms: Option<Terms>,
}

/// What holds work that is metered and capped.
#[derive(Debug)]
struct Terms {
    meter: Meter,
    tenant: String,
    id: String,
    caps: Caps,
    book: std::sync::Arc<PriceBook>,
    spent: Spent,
    held: Mutex<Held>,
}

/// What is reserved.
#[derive(Debug, Default)]
struct Held {
    amounts: Amounts,
    until: Timestamp,
    reserved: bool,
}

/// Answers of [`Meter::admit`] that still hold.
#[derive(Debug, Default)]
pub(crate) struct Admitted(HashMap<String, (Timestamp, Option<(String, String)>)>);

impl Meter {
    /// Asks for leave to work: the caps allow what is estimated, and from now on it is reserved.
    ///
    /// # Errors
    /// [`MeterError::CapReached`], [`MeterError::Field`] for a speed that there is not, the store's.
    pub async fn allow(&self, wish: Wish) -> Result<Allowance, MeterError> {
        let book = self.ledger().books().await?.at(self.now()).clone();
        let speed = speed(&book, wish.speed.as_deref())?;
        let caps = self.ledger().caps(&wish.tenant).await?;
        let spent = if caps.is_none() { Spent::default() } else { self.ledger().spent(&wish.tenant).await? };
        let allowance = Allowance {
            speed,
            terms: Some(Terms {
                meter: self.clone(),
                tenant: wish.tenant,
                id: wish.id,
                caps,
                book,
                spent,
                held: Mutex::default(),
            }),
        };
        // A reservation begins with what is estimated; without one, the caps are looked at all the same.
        allowance.take(&wish.estimate, true).await?;
        Ok(allowance)
    }

    /// Whether small work of this tenant, such as a picture, may go on: the cap of its month is not reached. The
    /// answer is a second old at most, and nothing is reserved.
    ///
    /// # Errors
    /// [`MeterError::CapReached`], the store's.
    pub async fn admit(&self, tenant: &str) -> Result<(), MeterError> {
        let now = self.now();
        let known = self.inner.admitted.lock().0.get(tenant).cloned();
        let answer = match known {
            Some((at, answer)) if (0..ADMITTED_MS).contains(&now.ms_since(at)) => answer,
            _ => {
                let answer = self.month_is_full(tenant).await?;
                let mut admitted = self.inner.admitted.lock();
                if admitted.0.len() >= MOST_ADMITTED {
                    admitted.0.clear();
                }
                admitted.0.insert(tenant.to_owned(), (now, answer.clone()));
                answer
            }
        };
        match answer {
            None => Ok(()),
            Some((limit, detail)) => {
                metrics::capped(CapKind::Month.as_str());
                Err(MeterError::CapReached { cap: CapKind::Month, limit, detail })
            }
        }
    }

    async fn month_is_full(&self, tenant: &str) -> Result<Option<(String, String)>, MeterError> {
        let Some(most) = self.ledger().caps(tenant).await?.month else { return Ok(None) };
        let spent = self.ledger().spent(tenant).await?.nanos;
        let spent = FineMoney::new(spent, most.currency);
        let full = spent.nanos >= most.nanos;
        Ok(full.then(|| (most.to_string(), format!("{spent} is spent; wait for the next month, or raise the cap"))))
    }
}

fn speed(book: &PriceBook, asked: Option<&str>) -> Result<Speed, MeterError> {
    let name = asked.unwrap_or(STANDARD);
    book.speed(name).cloned().ok_or_else(|| {
        let known: Vec<&str> = book.speeds.iter().map(|speed| speed.name.as_str()).collect();
        let reason = format!("there is no speed `{}`", name.chars().take(40).collect::<String>());
        MeterError::field("speed", reason, format!("choose among {}", known.join(", ")))
    })
}

impl Allowance {
    /// Leave without bounds and without a meter, for tools that charge nobody.
    #[must_use]
    pub fn unmetered() -> Self {
        let speed = Speed { name: STANDARD.to_owned(), cores: 4096, priority: 5, permille: 1000 };
        Self { speed, terms: None }
    }

    /// The cores that the work may have at once, and its place in the queue.
    #[must_use]
    pub const fn speed(&self) -> &Speed {
        &self.speed
    }

    /// Bytes that it may read, if the tenant has a cap for that.
    #[must_use]
    pub fn scan_bytes(&self) -> Option<u64> {
        let most = self.terms.as_ref()?.caps.query_scan_bytes?;
        u64::try_from(most).ok()
    }

    /// Whether the work may go on, now that it has used this much in all. To be asked every tenth of a second or so:
    /// mostly it costs nothing, and now and then a transaction.
    ///
    /// # Errors
    /// [`MeterError::CapReached`]: stop, and settle as failed. The store's.
    pub async fn hold(&self, used: &Amounts) -> Result<(), MeterError> {
        self.take(used, false).await
    }

    async fn take(&self, used: &Amounts, first: bool) -> Result<(), MeterError> {
        let Some(terms) = &self.terms else { return Ok(()) };
        let judged = terms.judge(&self.speed.name, used, first).await;
        if let Err(MeterError::CapReached { cap, .. }) = &judged {
            metrics::capped(cap.as_str());
        }
        judged
    }

    /// The work has ended: records what it used, and gives back what was reserved once that is charged.
    ///
    /// # Errors
    /// As [`Meter::record`].
    pub async fn settle(mut self, usage: Usage) -> Result<(), MeterError> {
        let Some(terms) = self.terms.take() else { return Ok(()) };
        usage.check(terms.meter.now())?;
        let held = std::mem::take(&mut *terms.held.lock());
        if held.reserved && exceeds(&usage.amounts, &held.amounts) && usage.outcome.is_charged() {
            // It is done and will be charged: until then, others must see all of it.
            terms.reserve(&self.speed.name, &usage.amounts, false).await?;
        }
        let reservation = held.reserved.then(|| terms.id.clone());
        terms.meter.put(Entry::Used { usage, reservation }).await
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        let Some(terms) = &self.terms else { return };
        if terms.held.lock().reserved {
            let (tenant, reservation) = (terms.tenant.clone(), terms.id.clone());
            terms.meter.put_later(Entry::Released { tenant, reservation });
        }
    }
}

impl Terms {
    async fn judge(&self, speed: &str, used: &Amounts, first: bool) -> Result<(), MeterError> {
        if self.caps.is_none() {
            return Ok(());
        }
        let wanted = Reserved { speed: speed.to_owned(), amounts: used.clone() };
        caps::judge_query(&self.caps, &self.book, &self.spent, &wanted)?;
        if self.caps.month.is_none() {
            return Ok(());
        }
        let (more, held) = {
            let held = self.held.lock();
            let old = held.until.ms_since(self.meter.now()) < RENEWED_MS;
            (first || old || exceeds(used, &held.amounts), held.amounts.clone())
        };
        if !more {
            return Ok(());
        }
        if first {
            return self.reserve(speed, used, true).await;
        }
        // Half as much again, so that this is seldom asked; where that is too much, what is used.
        match self.reserve(speed, &larger(used, &held), true).await {
            Err(MeterError::CapReached { .. }) => self.reserve(speed, used, true).await,
            done => done,
        }
    }

    async fn reserve(&self, speed: &str, amounts: &Amounts, judged: bool) -> Result<(), MeterError> {
        let now = self.meter.now();
        let until = now.plus_ms(RESERVED_MS);
        let wanted = Reserved { speed: speed.to_owned(), amounts: amounts.clone() };
        let (tenant, id, book) = (self.tenant.clone(), self.id.clone(), self.book.clone());
        self.meter
            .ledger()
            .store()
            .write(move |tx| {
                tables::lock(tx, &tenant)?;
                if judged {
                    let caps = ledger::caps(tx, &tenant)?;
                    let spent = ledger::spent(tx, &tenant, Month::of(now))?;
                    let others = tables::reservations(tx, &tenant, now)?;
                    let others = others.iter().filter(|(other, _)| *other != id).map(|(_, reserved)| reserved);
                    caps::judge_month(&caps, &book, &spent, others, &wanted)?;
                }
                Ok::<_, MeterError>(tables::reserve(tx, &tenant, &id, &wanted, until)?)
            })
            .await?;
        *self.held.lock() = Held { amounts: amounts.clone(), until, reserved: true };
        Ok(())
    }
}

/// Whether any quantity of `used` is above that of `held`.
fn exceeds(used: &Amounts, held: &Amounts) -> bool {
    used.iter().any(|(resource, quantity)| held.get(resource).is_none_or(|held| quantity > held))
}

/// Half as much again as is used, and nothing less than is held.
fn larger(used: &Amounts, held: &Amounts) -> Amounts {
    let mut larger = held.clone();
    for (resource, quantity) in used {
        let more: &mut i64 = larger.entry(*resource).or_insert(0);
        *more = (*more).max(quantity.saturating_add(quantity / 2).saturating_add(step(*resource)));
    }
    larger
}

/// The least that is reserved at once: a second of CPU, 64 MiB of reading, and so on.
const fn step(resource: Resource) -> i64 {
    match resource {
        Resource::QueryCpu | Resource::ImageCpu => 1_000,
        Resource::QueryMemory => 1_024_000,
        Resource::QueryScan | Resource::Egress | Resource::Storage => 64 << 20,
        Resource::RequestsWrite | Resource::RequestsRead | Resource::ImagePictures | Resource::ApiRequests => 1_000,
    }
}
