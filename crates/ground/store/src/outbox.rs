//! Events written in the same transaction as the change they tell of.
//!
//! A relay takes rows, appends them to the journal and deletes them by their numbers. On
//! PostgreSQL a row may become visible after one with a higher number, so a relay must never
//! delete or skip by range.

use doorstep_clock::Timestamp;

use crate::{Migration, Row, StoreError, Tx, Value, params};

/// The outbox's table.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        id: "store/0001_outbox",
        sqlite: "CREATE TABLE outbox(seq INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, kind TEXT NOT NULL, \
                 key TEXT NOT NULL, payload TEXT NOT NULL, at BIGINT NOT NULL)",
        postgres: "CREATE TABLE outbox(seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream TEXT NOT NULL, \
                   kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL, at BIGINT NOT NULL)",
    },
    Migration::same("store/0005_outbox_stream", "CREATE INDEX outbox_stream ON outbox(stream, seq)"),
];

/// Rows deleted by one statement; keeps its parameters below every backend's limit.
const DELETE_CHUNK: usize = 500;

/// An event waiting to be relayed.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// Its number: unique for ever, the dedupe id towards the journal.
    pub seq: i64,
    /// The journal stream it belongs to, such as `orders.porto`.
    pub stream: String,
    /// The event's name.
    pub kind: String,
    /// What it is about, such as an order id.
    pub key: String,
    /// The event itself.
    pub payload: serde_json::Value,
    /// When it happened.
    pub at: Timestamp,
}

/// Adds an event to the transaction.
pub fn append(
    tx: &mut dyn Tx,
    stream: &str,
    kind: &str,
    key: &str,
    payload: &serde_json::Value,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO outbox(stream, kind, key, payload, at) VALUES ($1, $2, $3, $4, $5)",
        params![stream, kind, key, payload.to_string(), at],
    )?;
    Ok(())
}

/// The oldest waiting events of all streams, at most `limit`, in the order of their numbers.
pub fn take(tx: &mut dyn Tx, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
    let sql = "SELECT seq, stream, kind, key, payload, at FROM outbox ORDER BY seq LIMIT $1";
    tx.query(sql, params![limit])?.iter().map(decode).collect()
}

/// The oldest waiting events of one stream: several relays may share the outbox this way.
pub fn take_stream(tx: &mut dyn Tx, stream: &str, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
    let sql = "SELECT seq, stream, kind, key, payload, at FROM outbox WHERE stream = $1 ORDER BY seq LIMIT $2";
    tx.query(sql, params![stream, limit])?.iter().map(decode).collect()
}

fn decode(row: &Row) -> Result<OutboxRow, StoreError> {
    let seq = row.int("seq")?;
    let payload = serde_json::from_str(&row.text("payload")?)
        .map_err(|e| StoreError::Decode { key: format!("outbox row {seq}"), reason: e.to_string() })?;
    Ok(OutboxRow {
        seq,
        stream: row.text("stream")?,
        kind: row.text("kind")?,
        key: row.text("key")?,
        payload,
        at: row.time("at")?,
    })
}

/// Deletes exactly the events with these numbers; returns how many there were.
pub fn delete_through(tx: &mut dyn Tx, seqs: &[i64]) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for chunk in seqs.chunks(DELETE_CHUNK) {
        let places: Vec<String> = (1..=chunk.len()).map(|n| format!("${n}")).collect();
        let values: Vec<Value> = chunk.iter().map(|seq| Value::Int(*seq)).collect();
        deleted += tx.execute(&format!("DELETE FROM outbox WHERE seq IN ({})", places.join(",")), &values)?;
    }
    Ok(deleted)
}

/// How many events wait.
pub fn waiting(tx: &mut dyn Tx) -> Result<u64, StoreError> {
    let rows = tx.query("SELECT COUNT(*) AS n FROM outbox", &[])?;
    let n = rows.first().map_or(Ok(0), |row| row.int("n"))?;
    Ok(u64::try_from(n).unwrap_or(0))
}
