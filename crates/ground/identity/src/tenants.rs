//! Tenants: the companies on this Doorstep. A key belongs to one, and nothing of one is seen by another.

use doorstep_clock::Timestamp;
use doorstep_store::{Tx, params};
use serde::Serialize;

use crate::keys::{self, Keys, NewKey};
use crate::{IdentityError, Scope, TenantId};

/// The longest id of a tenant.
const LONGEST: usize = 40;

/// A tenant as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Keys {
    /// Makes a tenant and its first key, an admin's.
    ///
    /// # Errors
    /// [`IdentityError::TenantExists`], [`IdentityError::InvalidField`], the store's, or no randomness.
    pub async fn create_tenant(&self, id: &str) -> Result<NewKey, IdentityError> {
        let tenant = TenantId::new(check(id)?);
        let made = self.draft(&tenant, "first admin", [Scope::Admin].into_iter().collect(), None)?;
        let wanted = made.clone();
        self.store()
            .write(move |tx| {
                if !add(tx, &tenant, wanted.key.created_at)? {
                    return Err(IdentityError::TenantExists(tenant.to_string()));
                }
                keys::insert(tx, &wanted)
            })
            .await?;
        Ok(made)
    }

    /// Whether this is the id of a tenant, or of a key that is not revoked.
    ///
    /// # Errors
    /// The store's.
    pub async fn knows(&self, id: &str) -> Result<bool, IdentityError> {
        let id = id.to_owned();
        self.store()
            .read(move |tx| {
                let sql = "SELECT 1 AS one FROM tenants WHERE id = $1
                    UNION ALL SELECT 1 AS one FROM access_keys WHERE id = $1 AND revoked_at IS NULL";
                Ok(tx.query_opt(sql, params![&id])?.is_some())
            })
            .await
    }

    /// All tenants, by id.
    ///
    /// # Errors
    /// The store's.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, IdentityError> {
        self.store()
            .read(|tx| {
                let rows = tx.query("SELECT id, created_at FROM tenants ORDER BY id", &[])?;
                let read = |row: &doorstep_store::Row| {
                    let created_at = Timestamp::from_millis(row.int("created_at")?);
                    Ok(Tenant { id: TenantId::new(row.text("id")?), created_at })
                };
                rows.iter().map(read).collect()
            })
            .await
    }
}

/// Adds a tenant; false when it is there already.
pub(crate) fn add(tx: &mut dyn Tx, id: &TenantId, now: Timestamp) -> Result<bool, IdentityError> {
    let added = tx.execute(
        "INSERT INTO tenants(id, created_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        params![id.as_str(), now.millis()],
    )?;
    Ok(added == 1)
}

/// Refuses a tenant that was never made.
pub(crate) fn require(tx: &mut dyn Tx, id: &TenantId) -> Result<(), IdentityError> {
    if tx.query("SELECT id FROM tenants WHERE id = $1", params![id.as_str()])?.is_empty() {
        return Err(IdentityError::NoSuchTenant(id.as_str().chars().take(LONGEST).collect()));
    }
    Ok(())
}

fn check(id: &str) -> Result<&str, IdentityError> {
    let good = id.len() <= LONGEST
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if good {
        return Ok(id);
    }
    Err(IdentityError::InvalidField {
        field: "/id",
        reason: format!("{id:?} is no id of a tenant"),
        fix: "use up to 40 small letters, digits and dashes, beginning with a letter",
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use doorstep_clock::ManualClock;

    use super::*;
    use crate::{MAIN_TENANT, MIGRATIONS};

    #[tokio::test]
    async fn tenants_are_made_once_and_keep_their_keys_apart() {
        for store in doorstep_store::testing::stores(MIGRATIONS) {
            let keys = Keys::new(store, Arc::new(ManualClock::new(Timestamp(1_000))));
            let main = keys.ensure_admin().await.unwrap().unwrap();
            let other = keys.create_tenant("night-cabs").await.unwrap();
            let again = keys.create_tenant("night-cabs").await;
            assert!(matches!(again, Err(IdentityError::TenantExists(id)) if id == "night-cabs"));
            let ids: Vec<String> = keys.tenants().await.unwrap().iter().map(|t| t.id.to_string()).collect();
            assert_eq!(ids, [MAIN_TENANT, "night-cabs"]);

            let who = keys.authenticate(other.access.as_str(), &other.secret).await.unwrap();
            assert_eq!(who.tenant.as_str(), "night-cabs");
            let theirs = keys.list(&who.tenant, None, 10).await.unwrap();
            assert_eq!(theirs.iter().map(|key| &key.id).collect::<Vec<_>>(), [&other.access]);
            assert!(keys.revoke(&who.tenant, main.access.as_str()).await.is_err());
            let nobody = keys.create(&TenantId::new("nobody"), "a", who.scopes, None).await;
            assert!(matches!(nobody, Err(IdentityError::NoSuchTenant(id)) if id == "nobody"));
            for bad in ["", "Main", "9", "a b", &"a".repeat(41)] {
                assert!(matches!(keys.create_tenant(bad).await, Err(IdentityError::InvalidField { field: "/id", .. })));
            }
        }
    }
}
