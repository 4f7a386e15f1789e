//! A small durable table of settings: names to JSON values.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Migration, StoreError, Tx, params};

/// The table of settings.
pub const MIGRATIONS: &[Migration] =
    &[Migration::same("store/0004_settings", "CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL)")];

/// Reads a setting; one that does not fit `T` is [`StoreError::Decode`].
pub fn get<T: DeserializeOwned>(tx: &mut dyn Tx, key: &str) -> Result<Option<T>, StoreError> {
    let Some(row) = tx.query_opt("SELECT value FROM settings WHERE key = $1", params![key])? else {
        return Ok(None);
    };
    serde_json::from_str(&row.text("value")?).map(Some).map_err(|e| decode(key, &e))
}

/// Writes a setting.
pub fn put<T: Serialize>(tx: &mut dyn Tx, key: &str, value: &T) -> Result<(), StoreError> {
    let text = serde_json::to_string(value).map_err(|e| decode(key, &e))?;
    tx.execute(
        "INSERT INTO settings(key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        params![key, text],
    )?;
    Ok(())
}

/// Writes a setting unless it is there already, and returns the one that holds.
pub fn put_if_absent<T: Serialize + DeserializeOwned>(tx: &mut dyn Tx, key: &str, value: &T) -> Result<T, StoreError> {
    let text = serde_json::to_string(value).map_err(|e| decode(key, &e))?;
    tx.execute("INSERT INTO settings(key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", params![key, &text])?;
    let row = tx
        .query_opt("SELECT value FROM settings WHERE key = $1", params![key])?
        .ok_or(StoreError::Conflict { attempts: 1 })?;
    serde_json::from_str(&row.text("value")?).map_err(|e| decode(key, &e))
}

/// Removes a setting; returns whether it was there.
pub fn remove(tx: &mut dyn Tx, key: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM settings WHERE key = $1", params![key])? > 0)
}

fn decode(key: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Decode { key: format!("setting {key}"), reason: error.to_string() }
}
