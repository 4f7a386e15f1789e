//! Statements that somebody keeps under a name.

use doorstep_clock::Timestamp;
use doorstep_store::{Row, StoreError, Tx, params};

use super::Catalog;
use crate::LakeError;

/// Statements on one shelf.
const MOST: i64 = 1_000;
/// Bytes of a statement.
const LONGEST: usize = 100_000;
/// Characters of a name.
const LONGEST_NAME: usize = 80;

/// A statement under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its name.
    pub name: String,
    /// The text.
    pub statement: String,
    /// The database in which it is run.
    pub database: String,
    /// When it was kept.
    pub saved_at: Timestamp,
}

impl Catalog {
    /// The statements of a shelf behind the name `after`, by name, at most `limit`. A shelf is a key's own, or (with
    /// an empty name) that of a tenant's operators.
    ///
    /// # Errors
    /// The store's.
    pub async fn saved(&self, tenant: &str, shelf: &str, after: &str, limit: usize) -> Result<Vec<Saved>, LakeError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let at = params![tenant, shelf, after, limit].to_vec();
        let read = move |tx: &mut dyn Tx| {
            let sql = "SELECT * FROM lake_saved WHERE tenant = $1 AND shelf = $2 AND name > $3 ORDER BY name LIMIT $4";
            tx.query(sql, &at)?.iter().map(decode).collect::<Result<_, StoreError>>()
        };
        Ok(self.store().read(read).await?)
    }

    /// Keeps a statement, in the place of another of its name.
    ///
    /// # Errors
    /// [`LakeError::Invalid`] for a name or text that cannot be, the store's.
    pub async fn save(&self, tenant: &str, shelf: &str, saved: &Saved) -> Result<(), LakeError> {
        let name = saved.name.as_str();
        let good = !name.is_empty() && name.trim() == name && name.chars().count() <= LONGEST_NAME;
        if !good || name.chars().any(char::is_control) {
            let fix = "use 1 to 80 characters, none of them a control character, without blanks at the ends";
            return Err(LakeError::invalid("name", format!("{name:?} is no name of a statement"), fix));
        }
        if saved.statement.trim().is_empty() || saved.statement.len() > LONGEST {
            let reason = format!("it has {} bytes", saved.statement.len());
            return Err(LakeError::invalid("statement", reason, format!("send 1 to {LONGEST} bytes")));
        }
        let (t, s, saved) = (tenant.to_owned(), shelf.to_owned(), saved.clone());
        let write = move |tx: &mut dyn Tx| {
            let sql = "SELECT COUNT(*) AS n FROM lake_saved WHERE tenant = $1 AND shelf = $2 AND name <> $3";
            let others = tx.query_opt(sql, params![&t, &s, &saved.name])?;
            if others.map_or(Ok(0), |row| row.int("n"))? >= MOST {
                let reason = format!("{MOST} statements are kept already");
                return Err(LakeError::invalid("name", reason, "remove some first"));
            }
            tx.execute(
                "INSERT INTO lake_saved(tenant, shelf, name, statement, database_name, saved_at)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (tenant, shelf, name) DO UPDATE SET statement = excluded.statement,
                     database_name = excluded.database_name, saved_at = excluded.saved_at",
                params![&t, &s, &saved.name, &saved.statement, &saved.database, saved.saved_at],
            )?;
            Ok(())
        };
        self.write(write).await
    }

    /// Forgets a statement; whether there was one.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_saved(&self, tenant: &str, shelf: &str, name: &str) -> Result<bool, LakeError> {
        let at = params![tenant, shelf, name].to_vec();
        let write = move |tx: &mut dyn Tx| {
            tx.execute("DELETE FROM lake_saved WHERE tenant = $1 AND shelf = $2 AND name = $3", &at)
        };
        Ok(self.write::<_, StoreError, _>(write).await? > 0)
    }
}

fn decode(row: &Row) -> Result<Saved, StoreError> {
    Ok(Saved {
        name: row.text("name")?,
        statement: row.text("statement")?,
        database: row.text("database_name")?,
        saved_at: row.time("saved_at")?,
    })
}
