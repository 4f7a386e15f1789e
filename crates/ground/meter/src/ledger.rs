//! Accounts as they are kept: bills, records, price books and caps, for whoever has the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep_clock::{SharedClock, Timestamp};
use doorstep_store::{Store, Tx, Value, params};
use parking_lot::RwLock;

use crate::caps::Spent;
use crate::fold::{Sum, SumKey};
use crate::{Bill, Books, Caps, MeterError, Month, PriceBook, Resource, UsageRecord, bill, tables};

/// Price books are looked up anew after this time, milliseconds. Charging always reads them anew.
const BOOKS_KEPT_MS: i64 = 5_000;

/// The accounts of all tenants. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: SharedClock,
    books: RwLock<Option<(Books, Timestamp)>>,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("store", &self.inner.store).finish_non_exhaustive()
    }
}

/// Which records of a month are wanted, newest first.
#[derive(Clone, Debug, Default)]
pub struct RecordsQuery {
    /// Only of this resource.
    pub resource: Option<Resource>,
    /// Only about this.
    pub source: Option<String>,
    /// Those after the one with this cursor.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Where a list of records goes on after `record`.
#[must_use]
pub fn cursor(record: &UsageRecord) -> String {
    format!("{}/{}/{}", record.at.millis(), record.resource, record.id)
}

fn read_cursor(text: &str) -> Result<(i64, Resource, String), MeterError> {
    let mut parts = text.splitn(3, '/');
    let mut read = || {
        let at = parts.next()?.parse().ok()?;
        let resource = parts.next()?.parse().ok()?;
        Some((at, resource, parts.next()?.to_owned()))
    };
    let wrong = || MeterError::field("?cursor", "is no cursor of this list", "use next_cursor of the page before");
    read().ok_or_else(wrong)
}

impl Ledger {
    /// The accounts in `store`, which has [`crate::MIGRATIONS`]. `clock` is real time, not a city's.
    #[must_use]
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self { inner: Arc::new(Inner { store, clock, books: RwLock::default() }) }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// A tenant's bill of a month, as far as usage is folded in.
    ///
    /// # Errors
    /// The store's.
    pub async fn bill(&self, tenant: &str, month: Month) -> Result<Bill, MeterError> {
        let now = self.now();
        let currency = self.books().await?.at(month.start().max(Timestamp(0))).currency;
        let whose = tenant.to_owned();
        let sums = self.store().read(move |tx| Ok::<_, MeterError>(tables::sums(tx, &whose, month)?)).await?;
        Ok(bill::bill(tenant, month, now, currency, &sums)?)
    }

    /// The months in which a tenant used anything, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn months(&self, tenant: &str) -> Result<Vec<Month>, MeterError> {
        let tenant = tenant.to_owned();
        self.store()
            .read(move |tx| {
                let sql = "SELECT DISTINCT month FROM meter_sums WHERE tenant = $1 ORDER BY month DESC";
                let rows = tx.query(sql, params![&tenant])?;
                let month = |row: &doorstep_store::Row| {
                    let number = row.int("month")?;
                    let wrong = |_| tables::decode("month", format!("{number} is no month"));
                    Ok(Month::from_number(i32::try_from(number).map_err(wrong)?))
                };
                rows.iter().map(month).collect()
            })
            .await
    }

    /// A tenant's records of a month, newest first.
    ///
    /// # Errors
    /// [`MeterError::Field`] for a cursor that is none, the store's.
    pub async fn records(
        &self,
        tenant: &str,
        month: Month,
        query: &RecordsQuery,
    ) -> Result<Vec<UsageRecord>, MeterError> {
        let mut values: Vec<Value> = params![tenant, month.number()].to_vec();
        let mut sql = format!("{} WHERE tenant = $1 AND month = $2", tables::RECORDS);
        if let Some(resource) = query.resource {
            values.push(resource.as_str().into());
            sql.push_str(&format!(" AND resource = ${}", values.len()));
        }
        if let Some(source) = &query.source {
            values.push(source.into());
            sql.push_str(&format!(" AND source = ${}", values.len()));
        }
        if let Some(after) = &query.after {
            let (at, resource, id) = read_cursor(after)?;
            let n = values.len();
            values.extend_from_slice(params![at, id, resource.as_str()]);
            sql.push_str(&format!(" AND (at, id, resource) < (${}, ${}, ${})", n + 1, n + 2, n + 3));
        }
        values.push(i64::try_from(query.limit).unwrap_or(i64::MAX).into());
        sql.push_str(&format!(" ORDER BY at DESC, id DESC, resource DESC LIMIT ${}", values.len()));
        self.store()
            .read(move |tx| {
                let rows = tx.query(&sql, &values)?;
                rows.iter().map(|row| Ok(UsageRecord::of(tables::record(row)?))).collect()
            })
            .await
    }

    /// All price books.
    ///
    /// # Errors
    /// The store's.
    pub async fn books(&self) -> Result<Books, MeterError> {
        let now = self.now();
        let kept = self.inner.books.read().clone();
        if let Some((books, at)) = kept
            && (0..BOOKS_KEPT_MS).contains(&now.ms_since(at))
        {
            return Ok(books);
        }
        let books = self.store().read(books).await?;
        *self.inner.books.write() = Some((books.clone(), now));
        Ok(books)
    }

    /// Puts a price book; see [`put_book`].
    ///
    /// # Errors
    /// As [`put_book`].
    pub async fn put_book(&self, book: PriceBook, by: &str) -> Result<PriceBook, MeterError> {
        let (now, by) = (self.now(), by.to_owned());
        let put = self.store().write(move |tx| put_book(tx, &book, &by, now)).await?;
        self.forget_books();
        Ok(put)
    }

    /// Looks the price books up anew the next time; after [`put_book`].
    pub fn forget_books(&self) {
        *self.inner.books.write() = None;
    }

    /// A tenant's caps.
    ///
    /// # Errors
    /// The store's.
    pub async fn caps(&self, tenant: &str) -> Result<Caps, MeterError> {
        let tenant = tenant.to_owned();
        self.store().read(move |tx| caps(tx, &tenant)).await
    }

    /// Sets a tenant's caps; see [`put_caps`].
    ///
    /// # Errors
    /// As [`put_caps`].
    pub async fn put_caps(&self, tenant: &str, caps: Caps) -> Result<(), MeterError> {
        let (tenant, now) = (tenant.to_owned(), self.now());
        self.store().write(move |tx| put_caps(tx, &tenant, &caps, now)).await
    }

    pub(crate) async fn spent(&self, tenant: &str) -> Result<Spent, MeterError> {
        let (tenant, month) = (tenant.to_owned(), Month::of(self.now()));
        self.store().read(move |tx| spent(tx, &tenant, month)).await
    }
}

/// All price books, inside a transaction.
pub(crate) fn books(tx: &mut dyn Tx) -> Result<Books, MeterError> {
    let rows = tx.query("SELECT starts_at, body FROM meter_books ORDER BY starts_at", &[])?;
    let mut put = Vec::with_capacity(rows.len());
    for row in &rows {
        let starts_at = row.time("starts_at")?;
        let book = PriceBook::read(&row.text("body")?);
        let book = book.map_err(|e| tables::decode(&format!("price book of {starts_at}"), e.to_string()))?;
        put.push(book.starting(starts_at));
    }
    Ok(Books::new(put))
}

pub(crate) fn caps(tx: &mut dyn Tx, tenant: &str) -> Result<Caps, MeterError> {
    let row = tx.query_opt("SELECT body FROM meter_caps WHERE tenant = $1", params![tenant])?;
    let Some(row) = row else { return Ok(Caps::default()) };
    Ok(serde_json::from_str(&row.text("body")?).map_err(|e| tables::decode("caps", e.to_string()))?)
}

/// Sets a tenant's caps. Work that is under way keeps the ones that it began with.
///
/// # Errors
/// [`MeterError::Field`] for an amount in another currency than prices are in, the store's.
pub fn put_caps(tx: &mut dyn Tx, tenant: &str, caps: &Caps, now: Timestamp) -> Result<(), MeterError> {
    caps.check(books(tx)?.at(now).currency)?;
    let body = serde_json::to_string(caps).map_err(|e| tables::decode("caps", e.to_string()))?;
    tx.execute(
        "INSERT INTO meter_caps (tenant, body) VALUES ($1, $2) ON CONFLICT (tenant) DO UPDATE SET body = excluded.body",
        params![tenant, body],
    )?;
    Ok(())
}

pub(crate) fn spent(tx: &mut dyn Tx, tenant: &str, month: Month) -> Result<Spent, MeterError> {
    let sums: BTreeMap<SumKey, Sum> = tables::sums(tx, tenant, month)?;
    let mut spent = Spent::default();
    for ((_, _, resource, _), sum) in &sums {
        spent.nanos = spent.nanos.saturating_add(sum.nanos);
        let before = spent.before.entry(*resource).or_insert(0);
        *before = before.saturating_add(sum.quantity);
    }
    Ok(spent)
}

/// Puts a price book: from its date on it is the one that charges, until the next. Without a date that is now.
///
/// What was charged stays as it was, so a book does not begin before the last charge. The currency changes with a
/// month, since a bill has one; or within a month in which nothing was charged yet, from its start.
///
/// # Errors
/// [`MeterError::Field`] for a date or currency that would change what was charged, the store's.
pub fn put_book(tx: &mut dyn Tx, book: &PriceBook, by: &str, now: Timestamp) -> Result<PriceBook, MeterError> {
    let given = book.starts_at > Timestamp(0);
    let mut book = book.clone().starting(if given { book.starts_at } else { now });
    let books = books(tx)?;
    let month = Month::of(book.starts_at);
    let before = books.at(book.starts_at.plus_ms(-1)).currency;
    if before != book.currency && book.starts_at != month.start() {
        let charged = tx.query_opt(
            "SELECT 1 AS one FROM meter_sums WHERE month >= $1 AND nanos > 0 LIMIT 1",
            params![month.number()],
        )?;
        if charged.is_some() {
            let reason = format!("is {} where {month} has charges in {before}", book.currency);
            let fix = format!("let the book begin with a month: \"from\": \"{}\"", month.end());
            return Err(MeterError::field("/currency", reason, fix));
        }
        book.starts_at = month.start();
    }
    if book.starts_at < now {
        // What is counted by the hour is kept under the hour's start.
        let charged = tx.query_opt(
            "SELECT 1 AS one FROM meter_records WHERE month >= $1 AND at > $2 AND nanos > 0 LIMIT 1",
            params![month.number(), book.starts_at.plus_ms(-3_600_000)],
        )?;
        if charged.is_some() && given {
            let reason = format!("{} lies before usage that was charged already", book.starts_at);
            return Err(MeterError::field("/from", reason, "leave it out for now, or write a later moment"));
        }
    }
    let next = books.from(book.starts_at).find(|next| next.starts_at > book.starts_at);
    if let Some(next) = next
        && next.currency != book.currency
        && next.starts_at != Month::of(next.starts_at).start()
    {
        let reason =
            format!("is {} before the book of {}, which is in {}", book.currency, next.starts_at, next.currency);
        return Err(MeterError::field("/currency", reason, "put that book anew first, from the start of a month"));
    }
    tx.execute(
        "INSERT INTO meter_books (starts_at, body, put_at, put_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (starts_at) DO UPDATE SET body = excluded.body, put_at = excluded.put_at, put_by = excluded.put_by",
        params![book.starts_at, book.to_json().to_string(), now, by],
    )?;
    if before != book.currency {
        // Only what cost nothing can be there.
        for table in ["meter_sums", "meter_records"] {
            let sql = format!("UPDATE {table} SET currency = $1 WHERE month >= $2 AND nanos = 0");
            tx.execute(&sql, params![book.currency.code(), month.number()])?;
        }
    }
    Ok(book)
}
