//! Accounts in and out of the store.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_clock::Timestamp;
use doorstep_store::{Backend, Row as StoredRow, StoreError, Tx, Value, params};

use crate::entry::Entry;
use crate::fold::{self, Accounts, Row, RowKey, Sum, SumKey};
use crate::{Month, Outcome, Resource};

/// Ids asked for by one statement.
const ASKED: usize = 200;
/// Records written by one statement.
const WRITTEN: usize = 40;

/// Lets one writer of a tenant's accounts in at a time. SQLite has one writer anyway.
pub(crate) fn lock(tx: &mut dyn Tx, tenant: &str) -> Result<(), StoreError> {
    if tx.backend() == Backend::Postgres {
        // FNV-1a over a word of our own, since the number must be the same in every process.
        let bytes = "meter/".bytes().chain(tenant.bytes());
        let hash =
            bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        tx.query("SELECT 1 AS one FROM pg_advisory_xact_lock($1)", params![hash as i64])?;
    }
    Ok(())
}

/// The accounts that these entries touch, each tenant's locked until the transaction ends.
pub(crate) fn load(tx: &mut dyn Tx, entries: &[Entry]) -> Result<Accounts, StoreError> {
    let mut accounts = Accounts::default();
    // In one order everywhere, so that two processes never wait for each other.
    let tenants: BTreeSet<&str> = entries.iter().map(Entry::tenant).collect();
    for tenant in tenants {
        lock(tx, tenant)?;
    }
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (tenant, id, _) in entries.iter().flat_map(fold::touched) {
        ids.entry(tenant).or_default().insert(id);
    }
    for (tenant, ids) in &ids {
        let ids: Vec<&String> = ids.iter().collect();
        for some in ids.chunks(ASKED) {
            let places: Vec<String> = (2..some.len() + 2).map(|n| format!("${n}")).collect();
            let mut values = vec![Value::from(tenant)];
            values.extend(some.iter().map(|id| Value::from(*id)));
            let sql = format!("{RECORDS} WHERE tenant = $1 AND id IN ({})", places.join(","));
            for row in tx.query(&sql, &values)? {
                let (key, row) = record(&row)?;
                accounts.rows.insert(key, row);
            }
        }
    }
    let mut months: BTreeSet<(String, Month)> = entries.iter().filter_map(fold::month).collect();
    months.extend(accounts.rows.iter().map(|((tenant, ..), row)| (tenant.clone(), Month::of(row.at))));
    for (tenant, month) in months {
        accounts.sums.extend(sums(tx, &tenant, month)?);
    }
    Ok(accounts)
}

/// Writes what a batch changed.
pub(crate) fn save(tx: &mut dyn Tx, accounts: &Accounts) -> Result<(), StoreError> {
    let changed: Vec<(&RowKey, &Row)> =
        accounts.changed_rows.iter().filter_map(|key| accounts.rows.get_key_value(key)).collect();
    for some in changed.chunks(WRITTEN) {
        let mut values: Vec<Value> = Vec::with_capacity(some.len() * 12);
        let mut places = Vec::with_capacity(some.len());
        for ((tenant, id, resource), row) in some {
            let from = values.len();
            values.extend_from_slice(params![
                tenant,
                id,
                resource.as_str(),
                Month::of(row.at).number(),
                row.at,
                &row.source,
                row.key.as_deref(),
                &row.speed,
                row.outcome.as_str(),
                row.quantity,
                row.nanos,
                row.currency.code(),
            ]);
            let numbers: Vec<String> = (from + 1..=values.len()).map(|n| format!("${n}")).collect();
            places.push(format!("({})", numbers.join(",")));
        }
        let sql = format!(
            "INSERT INTO meter_records (tenant, id, resource, month, at, source, key, speed, outcome, quantity, nanos, currency)
             VALUES {} ON CONFLICT (tenant, id, resource) DO UPDATE SET month = excluded.month, at = excluded.at,
                 source = excluded.source, key = excluded.key, speed = excluded.speed, outcome = excluded.outcome,
                 quantity = excluded.quantity, nanos = excluded.nanos, currency = excluded.currency",
            places.join(",")
        );
        tx.execute(&sql, &values)?;
    }
    for key in &accounts.changed_sums {
        let Some(sum) = accounts.sums.get(key) else { continue };
        let (tenant, month, resource, speed) = key;
        tx.execute(
            "INSERT INTO meter_sums (tenant, month, resource, speed, quantity, free, nanos, records, currency)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (tenant, month, resource, speed) DO UPDATE SET quantity = excluded.quantity,
                 free = excluded.free, nanos = excluded.nanos, records = excluded.records",
            params![
                tenant,
                month.number(),
                resource.as_str(),
                speed,
                sum.quantity,
                sum.free,
                sum.nanos,
                sum.records,
                sum.currency.code(),
            ],
        )?;
    }
    for (tenant, id) in &accounts.released {
        tx.execute("DELETE FROM meter_reservations WHERE tenant = $1 AND id = $2", params![tenant, id])?;
    }
    Ok(())
}

/// What a record is read with.
pub(crate) const RECORDS: &str =
    "SELECT tenant, id, resource, at, source, key, speed, outcome, quantity, nanos, currency FROM meter_records";

pub(crate) fn record(row: &StoredRow) -> Result<(RowKey, Row), StoreError> {
    let key = (row.text("tenant")?, row.text("id")?, resource(row)?);
    let row = Row {
        at: row.time("at")?,
        source: row.text("source")?,
        key: row.opt_text("key")?,
        speed: row.text("speed")?,
        outcome: Outcome::parse(&row.text("outcome")?),
        quantity: row.int("quantity")?,
        nanos: row.int("nanos")?,
        currency: currency(row)?,
    };
    Ok((key, row))
}

/// A tenant's sums of a month.
pub(crate) fn sums(tx: &mut dyn Tx, tenant: &str, month: Month) -> Result<BTreeMap<SumKey, Sum>, StoreError> {
    let rows = tx.query(
        "SELECT resource, speed, quantity, free, nanos, records, currency FROM meter_sums
         WHERE tenant = $1 AND month = $2",
        params![tenant, month.number()],
    )?;
    let read = |row: &StoredRow| {
        let key = (tenant.to_owned(), month, resource(row)?, row.text("speed")?);
        let sum = Sum {
            quantity: row.int("quantity")?,
            free: row.int("free")?,
            nanos: row.int("nanos")?,
            records: row.int("records")?,
            currency: currency(row)?,
        };
        Ok((key, sum))
    };
    rows.iter().map(read).collect()
}

fn resource(row: &StoredRow) -> Result<Resource, StoreError> {
    let word = row.text("resource")?;
    word.parse().map_err(|e: crate::UnknownResource| decode(&word, e.to_string()))
}

fn currency(row: &StoredRow) -> Result<doorstep_money::Currency, StoreError> {
    let word = row.text("currency")?;
    word.parse().map_err(|e: doorstep_money::MoneyError| decode(&word, e.to_string()))
}

pub(crate) fn decode(key: &str, reason: String) -> StoreError {
    StoreError::Decode { key: format!("meter {key}"), reason }
}

/// How far this process's journal is folded in.
pub(crate) fn position(tx: &mut dyn Tx, process: &str) -> Result<i64, StoreError> {
    let row = tx.query_opt("SELECT seq FROM meter_positions WHERE process = $1", params![process])?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

pub(crate) fn set_position(tx: &mut dyn Tx, process: &str, seq: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO meter_positions (process, seq) VALUES ($1, $2)
         ON CONFLICT (process) DO UPDATE SET seq = excluded.seq",
        params![process, seq],
    )?;
    Ok(())
}

/// Deletes records of months before `month`, a few at a time; their sums stay.
pub(crate) fn prune(tx: &mut dyn Tx, month: Month, most: u32) -> Result<u64, StoreError> {
    let row = tx.query_opt("SELECT MIN(month) AS month FROM meter_records", &[])?;
    let Some(oldest) = row.and_then(|row| row.opt_int("month").transpose()).transpose()? else { return Ok(0) };
    if oldest >= i64::from(month.number()) {
        return Ok(0);
    }
    tx.execute(
        "DELETE FROM meter_records WHERE (tenant, id, resource) IN
            (SELECT tenant, id, resource FROM meter_records WHERE month = $1 LIMIT $2)",
        params![oldest, most],
    )
}

/// What is reserved and not expired.
pub(crate) fn reservations(
    tx: &mut dyn Tx,
    tenant: &str,
    now: Timestamp,
) -> Result<Vec<(String, crate::caps::Reserved)>, StoreError> {
    let rows = tx.query(
        "SELECT id, speed, amounts FROM meter_reservations WHERE tenant = $1 AND expires_at > $2 ORDER BY id",
        params![tenant, now],
    )?;
    let read = |row: &StoredRow| {
        let id = row.text("id")?;
        let amounts = serde_json::from_str(&row.text("amounts")?)
            .map_err(|e| decode(&format!("reservation {id}"), e.to_string()))?;
        Ok((id, crate::caps::Reserved { speed: row.text("speed")?, amounts }))
    };
    rows.iter().map(read).collect()
}

/// Reserves, or changes what is reserved.
pub(crate) fn reserve(
    tx: &mut dyn Tx,
    tenant: &str,
    id: &str,
    reserved: &crate::caps::Reserved,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let amounts = serde_json::to_string(&reserved.amounts).map_err(|e| decode("reservation", e.to_string()))?;
    tx.execute(
        "INSERT INTO meter_reservations (tenant, id, speed, amounts, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, id) DO UPDATE SET amounts = excluded.amounts, speed = excluded.speed,
             expires_at = excluded.expires_at",
        params![tenant, id, &reserved.speed, amounts, expires_at],
    )?;
    Ok(())
}

/// Forgets reservations whose owner is gone.
pub(crate) fn expire(tx: &mut dyn Tx, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM meter_reservations WHERE expires_at <= $1", params![now])
}
