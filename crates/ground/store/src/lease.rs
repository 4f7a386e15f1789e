//! Ownership for a while: one holder at a time, each with a higher epoch than the last.
//!
//! The epoch fences: a holder that was paused and lost its lease is recognised because
//! [`check`] inside its next writing transaction fails.

use doorstep_clock::Timestamp;

use crate::{Backend, Migration, StoreError, Tx, params};

/// The table of leases.
pub const MIGRATIONS: &[Migration] = &[Migration::same(
    "store/0002_leases",
    "CREATE TABLE leases(name TEXT PRIMARY KEY, owner TEXT NOT NULL, epoch BIGINT NOT NULL, expires_at BIGINT NOT NULL)",
)];

/// A lease in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is owned, such as `city/porto`.
    pub name: String,
    /// Who owns it; must differ between processes and between their runs.
    pub owner: String,
    /// The fencing token: higher than that of every earlier holder.
    pub epoch: i64,
    /// When it ends unless renewed.
    pub expires: Timestamp,
}

/// Takes the lease if it is free, expired or already the owner's; else
/// [`StoreError::LeaseHeld`]. Every success has a new epoch.
pub fn acquire(tx: &mut dyn Tx, name: &str, owner: &str, ttl_ms: i64, now: Timestamp) -> Result<Lease, StoreError> {
    let expires = now.plus_ms(ttl_ms);
    let granted = tx.query_opt(
        "INSERT INTO leases(name, owner, epoch, expires_at) VALUES ($1, $2, 1, $3) \
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = leases.epoch + 1, expires_at = excluded.expires_at \
         WHERE leases.expires_at <= $4 OR leases.owner = excluded.owner RETURNING epoch",
        params![name, owner, expires, now],
    )?;
    if let Some(row) = granted {
        return Ok(Lease { name: name.to_owned(), owner: owner.to_owned(), epoch: row.int("epoch")?, expires });
    }
    let holder = tx.query_opt("SELECT owner, expires_at FROM leases WHERE name = $1", params![name])?;
    match holder {
        Some(row) => {
            Err(StoreError::LeaseHeld { name: name.to_owned(), by: row.text("owner")?, until: row.time("expires_at")? })
        }
        // Rows are never deleted, so the conflicting one is there.
        None => Err(StoreError::Conflict { attempts: 1 }),
    }
}

/// Prolongs the lease from `now`; [`StoreError::LeaseLost`] if another took it meanwhile.
/// A lease that ran out but that nobody took is prolonged.
pub fn renew(tx: &mut dyn Tx, lease: &Lease, ttl_ms: i64, now: Timestamp) -> Result<Lease, StoreError> {
    let expires = now.plus_ms(ttl_ms);
    let changed = tx.execute(
        "UPDATE leases SET expires_at = $1 WHERE name = $2 AND owner = $3 AND epoch = $4",
        params![expires, &lease.name, &lease.owner, lease.epoch],
    )?;
    if changed == 0 { Err(lost(lease)) } else { Ok(Lease { expires, ..lease.clone() }) }
}

/// Gives the lease up at once; giving up a lost lease changes nothing.
pub fn release(tx: &mut dyn Tx, lease: &Lease) -> Result<(), StoreError> {
    // The row stays: its epoch must keep rising.
    tx.execute(
        "UPDATE leases SET expires_at = 0 WHERE name = $1 AND owner = $2 AND epoch = $3",
        params![&lease.name, &lease.owner, lease.epoch],
    )?;
    Ok(())
}

/// Fences a writing transaction: fails with [`StoreError::LeaseLost`] unless `lease` is the
/// latest grant, and keeps it from changing hands until the transaction ends.
pub fn check(tx: &mut dyn Tx, lease: &Lease) -> Result<(), StoreError> {
    let sql = match tx.backend() {
        Backend::Sqlite => "SELECT epoch FROM leases WHERE name = $1 AND owner = $2 AND epoch = $3",
        Backend::Postgres => "SELECT epoch FROM leases WHERE name = $1 AND owner = $2 AND epoch = $3 FOR SHARE",
    };
    match tx.query_opt(sql, params![&lease.name, &lease.owner, lease.epoch])? {
        Some(_) => Ok(()),
        None => Err(lost(lease)),
    }
}

fn lost(lease: &Lease) -> StoreError {
    StoreError::LeaseLost { name: lease.name.clone(), epoch: lease.epoch }
}
