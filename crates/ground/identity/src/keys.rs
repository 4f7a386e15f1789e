//! Access keys: made, listed, revoked, and asked whether they are good.

use std::collections::HashMap;
use std::sync::Arc;

use doorstep_clock::{SharedClock, Timestamp};
use doorstep_store::{Migration, Row, Store, StoreError, Tx, params};
use parking_lot::RwLock;
use serde::Serialize;
use uuid::Uuid;

use crate::{IdentityError, KeyId, Principal, Scope, ScopeSet, TenantId, Vault, secret, tenants};

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[
    Migration::same(
        "identity/0001_keys",
        "CREATE TABLE tenants(id TEXT PRIMARY KEY, created_at BIGINT NOT NULL);
     CREATE TABLE access_keys(
         id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenants(id), name TEXT NOT NULL, scopes TEXT NOT NULL,
         secret_sha256 TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT, revoked_at BIGINT);
     CREATE INDEX access_keys_by_tenant ON access_keys(tenant, id)",
    ),
    Migration::same(
        "identity/0002_sealed_secrets",
        "CREATE TABLE access_key_secrets(key TEXT PRIMARY KEY, sealed TEXT NOT NULL)",
    ),
];

const FIND: &str = "SELECT k.*, s.sealed FROM access_keys k LEFT JOIN access_key_secrets s ON s.key = k.id
    WHERE k.id = $1 AND k.revoked_at IS NULL";

/// The tenant that the first start makes.
pub const MAIN_TENANT: &str = "main";
/// How long a good answer is believed without asking the store again: the longest that a key which another
/// process revoked lives on in this one.
const CACHED_MS: i64 = 5_000;
/// Keys kept in the cache; past it the cache starts anew.
const CACHED_KEYS: usize = 10_000;

/// A key just made. The secret is shown here once and nowhere again.
#[derive(Clone, Debug, Serialize)]
pub struct NewKey {
    /// The public half.
    pub access: KeyId,
    /// The secret half.
    pub secret: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub key: Key,
    /// The secret as the vault keeps it.
    #[serde(skip)]
    sealed: Option<String>,
}

/// A key as it is listed: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// The public half.
    pub id: KeyId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: ScopeSet,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

#[derive(Clone)]
struct Cached {
    principal: Principal,
    hash: [u8; 32],
    /// The secret itself, if the vault has it.
    secret: Option<Arc<str>>,
    /// The store has a sealed secret, even if this vault cannot open it.
    sealed: bool,
    expires_at: Option<Timestamp>,
    read_at: Timestamp,
}

/// The access keys of all tenants. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    store: Store,
    clock: SharedClock,
    vault: Option<Arc<Vault>>,
    cache: Arc<RwLock<HashMap<String, Cached>>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("cached", &self.cache.read().len()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys kept in `store`, which has [`MIGRATIONS`]. `clock` is real time, not a city's.
    #[must_use]
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self { store, clock, vault: None, cache: Arc::default() }
    }

    /// The same, able to check signatures: secrets of new keys are also kept sealed in `vault`.
    #[must_use]
    pub fn with_vault(mut self, vault: Arc<Vault>) -> Self {
        self.vault = Some(vault);
        self
    }

    /// A key for `purpose` that hangs on the node key, see [`Vault::derive`]; nothing without a vault.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Option<[u8; 32]> {
        self.vault.as_ref().map(|vault| vault.derive(purpose))
    }

    /// Makes the first tenant and its admin key on the first start; `None` on every later one.
    ///
    /// # Errors
    /// The store's, or no randomness.
    pub async fn ensure_admin(&self) -> Result<Option<NewKey>, IdentityError> {
        let made =
            self.draft(&TenantId::new(MAIN_TENANT), "first admin", [Scope::Admin].into_iter().collect(), None)?;
        let wanted = made.clone();
        let is_new = self
            .store
            .write(move |tx| {
                if tx.query("SELECT id FROM access_keys LIMIT 1", &[])?.is_empty() {
                    tenants::add(tx, &wanted.key.tenant, wanted.key.created_at)?;
                    insert(tx, &wanted)?;
                    return Ok(true);
                }
                Ok::<_, IdentityError>(false)
            })
            .await?;
        Ok(is_new.then_some(made))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`IdentityError::InvalidField`], [`IdentityError::NoSuchTenant`], the store's, or no randomness.
    pub async fn create(
        &self,
        tenant: &TenantId,
        name: &str,
        scopes: ScopeSet,
        expires_at: Option<Timestamp>,
    ) -> Result<NewKey, IdentityError> {
        let made = self.draft(tenant, name, scopes, expires_at)?;
        let wanted = made.clone();
        self.store.write(move |tx| insert(tx, &wanted)).await?;
        Ok(made)
    }

    /// Checks the fields of a key and draws its secret, without keeping it; [`insert`] keeps it. For callers
    /// that have a transaction of their own.
    ///
    /// # Errors
    /// [`IdentityError::InvalidField`] or no randomness.
    pub fn draft(
        &self,
        tenant: &TenantId,
        name: &str,
        scopes: ScopeSet,
        expires_at: Option<Timestamp>,
    ) -> Result<NewKey, IdentityError> {
        let name = name.trim();
        let now = self.clock.now();
        if name.is_empty() || name.chars().count() > 100 {
            let reason = format!("a name of {} characters", name.chars().count());
            return Err(IdentityError::InvalidField { field: "/name", reason, fix: "write 1 to 100 characters" });
        }
        if scopes.is_empty() {
            let reason = "a key without a scope can do nothing".to_owned();
            return Err(IdentityError::InvalidField { field: "/scopes", reason, fix: "name at least one scope" });
        }
        if let Some(at) = expires_at.filter(|at| *at <= now) {
            let reason = format!("{at} is over");
            return Err(IdentityError::InvalidField { field: "/expires_at", reason, fix: "choose a time to come" });
        }
        let id = KeyId::new(format!("key_{}", Uuid::now_v7().simple()));
        let key = Key {
            id: id.clone(),
            tenant: tenant.clone(),
            name: name.to_owned(),
            scopes,
            created_at: now,
            expires_at,
            revoked_at: None,
        };
        let secret = secret::new_secret()?;
        let sealed = self.vault.as_ref().map(|vault| vault.seal(id.as_str(), &secret)).transpose()?;
        Ok(NewKey { access: id, secret, key, sealed })
    }

    /// The keys of `tenant` after the key `after`, oldest first, at most `limit` (up to 200).
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, tenant: &TenantId, after: Option<&str>, limit: usize) -> Result<Vec<Key>, IdentityError> {
        let (tenant, after) = (tenant.to_string(), after.unwrap_or_default().to_owned());
        let limit = i64::try_from(limit.clamp(1, 200)).unwrap_or(200);
        self.store
            .read(move |tx| {
                let rows = tx.query(
                    "SELECT * FROM access_keys WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
                    params![&tenant, &after, limit],
                )?;
                rows.iter().map(read).collect()
            })
            .await
    }

    /// Ends a key at once in this process, within five seconds in others.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchKey`] or the store's.
    pub async fn revoke(&self, tenant: &TenantId, id: &str) -> Result<Key, IdentityError> {
        let (tenant, key, now) = (tenant.to_string(), id.to_owned(), self.clock.now());
        let revoked = self.store.write(move |tx| revoke_in(tx, &tenant, &key, now)).await?;
        self.forget(id);
        Ok(revoked)
    }

    /// Forgets what is cached of a key, after it was revoked in a transaction of the caller's.
    pub fn forget(&self, id: &str) {
        self.cache.write().remove(id);
    }

    /// Who holds this key.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a key that is unknown, wrong, expired or revoked; the store's.
    pub async fn authenticate(&self, access: &str, secret: &str) -> Result<Principal, IdentityError> {
        let given = secret::hash(secret);
        let known = self.known(access).await?;
        if !secret::same(&known.hash, &given) {
            return Err(IdentityError::Invalid);
        }
        if !known.sealed
            && let Some(vault) = &self.vault
        {
            self.adopt(access, vault.seal(access, secret)?).await?;
        }
        Ok(known.principal)
    }

    /// Who signs with this key, and the secret that the signature is made with. Only for checking a
    /// signature: the caller must not keep the secret.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a key that is unknown, expired or revoked; [`IdentityError::CannotSign`]
    /// for one whose secret the vault does not have; the store's.
    pub async fn signing_secret(&self, access: &str) -> Result<(Principal, Arc<str>), IdentityError> {
        let known = self.known(access).await?;
        let secret = known.secret.ok_or_else(|| IdentityError::CannotSign(access.chars().take(64).collect()))?;
        Ok((known.principal, secret))
    }

    async fn known(&self, access: &str) -> Result<Cached, IdentityError> {
        let now = self.clock.now();
        let cached = self.cache.read().get(access).filter(|c| now.ms_since(c.read_at) < CACHED_MS).cloned();
        let known = match cached {
            Some(known) => known,
            None => self.look_up(access, now).await?,
        };
        if known.expires_at.is_none_or(|at| now < at) { Ok(known) } else { Err(IdentityError::Invalid) }
    }

    /// Keeps the secret of a key that is older than the vault, now that its holder has shown it.
    async fn adopt(&self, access: &str, sealed: String) -> Result<(), IdentityError> {
        let key = access.to_owned();
        let sql = "INSERT INTO access_key_secrets(key, sealed) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        self.store
            .write(move |tx| {
                tx.execute(sql, params![&key, &sealed])?;
                Ok::<_, IdentityError>(())
            })
            .await?;
        self.forget(access);
        Ok(())
    }

    async fn look_up(&self, access: &str, now: Timestamp) -> Result<Cached, IdentityError> {
        let (id, vault) = (access.to_owned(), self.vault.clone());
        let found = self
            .store
            .read(move |tx| {
                let rows = tx.query(FIND, params![&id])?;
                let Some(row) = rows.first() else { return Err(IdentityError::Invalid) };
                let key = read(row)?;
                let sealed = row.opt_text("sealed")?;
                let secret = vault.as_ref().zip(sealed.as_ref()).and_then(|(vault, text)| vault.open(&id, text));
                Ok(Cached {
                    hash: from_hex(&row.text("secret_sha256")?).ok_or(IdentityError::Invalid)?,
                    secret: secret.map(Arc::from),
                    sealed: sealed.is_some(),
                    expires_at: key.expires_at,
                    principal: Principal { tenant: key.tenant, key: key.id, name: key.name, scopes: key.scopes },
                    read_at: now,
                })
            })
            .await?;
        let mut cache = self.cache.write();
        if cache.len() >= CACHED_KEYS {
            cache.clear();
        }
        cache.insert(access.to_owned(), found.clone());
        Ok(found)
    }
}

/// Keeps a drafted key, in the caller's transaction.
///
/// # Errors
/// [`IdentityError::NoSuchTenant`] or the store's.
pub fn insert(tx: &mut dyn Tx, new: &NewKey) -> Result<(), IdentityError> {
    let key = &new.key;
    tenants::require(tx, &key.tenant)?;
    tx.execute(
        "INSERT INTO access_keys(id, tenant, name, scopes, secret_sha256, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            key.id.as_str(),
            key.tenant.as_str(),
            key.name.as_str(),
            key.scopes.to_string(),
            to_hex(&secret::hash(&new.secret)),
            key.created_at.millis(),
            key.expires_at.map(Timestamp::millis)
        ],
    )?;
    if let Some(sealed) = &new.sealed {
        tx.execute(
            "INSERT INTO access_key_secrets(key, sealed) VALUES ($1, $2)",
            params![key.id.as_str(), sealed.as_str()],
        )?;
    }
    Ok(())
}

/// Ends a key, in the caller's transaction; [`Keys::forget`] it afterwards. Revoking twice changes nothing.
///
/// # Errors
/// [`IdentityError::NoSuchKey`] or the store's.
pub fn revoke_in(tx: &mut dyn Tx, tenant: &str, id: &str, now: Timestamp) -> Result<Key, IdentityError> {
    tx.execute(
        "UPDATE access_keys SET revoked_at = $1 WHERE id = $2 AND tenant = $3 AND revoked_at IS NULL",
        params![now.millis(), id, tenant],
    )?;
    tx.execute(
        "DELETE FROM access_key_secrets WHERE key = $1 AND EXISTS (SELECT 1 FROM access_keys WHERE id = $1 AND tenant = $2)",
        params![id, tenant],
    )?;
    let rows = tx.query("SELECT * FROM access_keys WHERE id = $1 AND tenant = $2", params![id, tenant])?;
    rows.first().map_or_else(|| Err(IdentityError::NoSuchKey(id.chars().take(64).collect())), read)
}

fn read(row: &Row) -> Result<Key, IdentityError> {
    let scopes = row.text("scopes")?;
    let scopes = scopes.parse().map_err(|_| StoreError::Decode {
        key: "access_keys.scopes".to_owned(),
        reason: format!("`{scopes}` is no list of scopes"),
    })?;
    Ok(Key {
        id: KeyId::new(row.text("id")?),
        tenant: TenantId::new(row.text("tenant")?),
        name: row.text("name")?,
        scopes,
        created_at: Timestamp::from_millis(row.int("created_at")?),
        expires_at: row.opt_int("expires_at")?.map(Timestamp::from_millis),
        revoked_at: row.opt_int("revoked_at")?.map(Timestamp::from_millis),
    })
}

fn to_hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (ix, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[ix * 2..ix * 2 + 2], 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use doorstep_clock::{Clock as _, ManualClock};

    use super::*;

    #[tokio::test]
    async fn a_key_lives_and_ends() {
        for store in doorstep_store::testing::stores(MIGRATIONS) {
            let clock = ManualClock::new(Timestamp(1_000_000));
            let keys = Keys::new(store.clone(), Arc::new(clock.clone()));
            let admin = keys.ensure_admin().await.unwrap().unwrap();
            assert!(keys.ensure_admin().await.unwrap().is_none(), "only the first start makes a key");
            let who = keys.authenticate(admin.access.as_str(), &admin.secret).await.unwrap();
            assert!(who.require(Scope::Operator).is_ok());
            assert!(matches!(keys.authenticate(admin.access.as_str(), "x").await, Err(IdentityError::Invalid)));
            assert!(matches!(keys.authenticate("key_x", &admin.secret).await, Err(IdentityError::Invalid)));

            let soon = Some(clock.now().plus_ms(60_000));
            let rider = [Scope::Rider].into_iter().collect();
            let key = keys.create(&who.tenant, "app", rider, soon).await.unwrap();
            let app = keys.authenticate(key.access.as_str(), &key.secret).await.unwrap();
            assert!(matches!(app.require(Scope::Admin), Err(IdentityError::Forbidden { needed: Scope::Admin, .. })));
            clock.advance(Duration::from_secs(61));
            assert!(keys.authenticate(key.access.as_str(), &key.secret).await.is_err(), "expired");

            let other = keys.create(&who.tenant, "second", rider, None).await.unwrap();
            keys.authenticate(other.access.as_str(), &other.secret).await.unwrap();
            assert!(matches!(
                keys.revoke(&TenantId::new("elsewhere"), other.access.as_str()).await,
                Err(IdentityError::NoSuchKey(_))
            ));
            keys.revoke(&who.tenant, other.access.as_str()).await.unwrap();
            assert!(keys.authenticate(other.access.as_str(), &other.secret).await.is_err(), "revoked at once");
            assert_eq!(keys.list(&who.tenant, None, 2).await.unwrap().len(), 2);
            let text = store
                .read(|tx| Ok::<_, StoreError>(format!("{:?}", tx.query("SELECT * FROM access_keys", &[])?)))
                .await
                .unwrap();
            assert!(!text.contains(&other.secret) && !text.contains(&admin.secret), "only hashes are kept");
        }
    }

    #[tokio::test]
    async fn keys_sign_when_the_vault_has_their_secret() {
        for store in doorstep_store::testing::stores(MIGRATIONS) {
            let clock = ManualClock::new(Timestamp(1_000_000));
            let plain = Keys::new(store.clone(), Arc::new(clock.clone()));
            let old = plain.ensure_admin().await.unwrap().unwrap();
            let keys = plain.clone().with_vault(Arc::new(Vault::new(&[7; 32])));
            assert!(matches!(keys.signing_secret(old.access.as_str()).await, Err(IdentityError::CannotSign(_))));
            // Shown once, an older key can sign too.
            keys.authenticate(old.access.as_str(), &old.secret).await.unwrap();
            assert_eq!(&*keys.signing_secret(old.access.as_str()).await.unwrap().1, old.secret);
            let scopes = [Scope::Operator].into_iter().collect();
            let new = keys.create(&TenantId::new(MAIN_TENANT), "signs", scopes, None).await.unwrap();
            let (who, secret) = keys.signing_secret(new.access.as_str()).await.unwrap();
            assert_eq!((who.key.as_str(), &*secret), (new.access.as_str(), new.secret.as_str()));
            let elsewhere = Keys::new(store.clone(), Arc::new(clock)).with_vault(Arc::new(Vault::new(&[8; 32])));
            assert!(matches!(elsewhere.signing_secret(new.access.as_str()).await, Err(IdentityError::CannotSign(_))));
            let text = store
                .read(|tx| Ok::<_, StoreError>(format!("{:?}", tx.query("SELECT * FROM access_key_secrets", &[])?)))
                .await
                .unwrap();
            assert!(!text.contains(&new.secret) && !text.contains(&old.secret), "only sealed secrets are kept");
            keys.revoke(&who.tenant, new.access.as_str()).await.unwrap();
            assert!(keys.signing_secret(new.access.as_str()).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_key_revoked_elsewhere_ends_within_five_seconds() {
        let store = doorstep_store::testing::memory(MIGRATIONS);
        let clock = ManualClock::new(Timestamp(0));
        let here = Keys::new(store.clone(), Arc::new(clock.clone()));
        let there = Keys::new(store, Arc::new(clock.clone()));
        let key = here.ensure_admin().await.unwrap().unwrap();
        here.authenticate(key.access.as_str(), &key.secret).await.unwrap();
        there.revoke(&TenantId::new(MAIN_TENANT), key.access.as_str()).await.unwrap();
        clock.advance(Duration::from_secs(5));
        assert!(here.authenticate(key.access.as_str(), &key.secret).await.is_err());
    }

    #[tokio::test]
    async fn bad_keys_name_their_field() {
        let keys = Keys::new(doorstep_store::testing::memory(MIGRATIONS), Arc::new(ManualClock::new(Timestamp(9))));
        let main = TenantId::new(MAIN_TENANT);
        let rider: ScopeSet = [Scope::Rider].into_iter().collect();
        for (name, scopes, until, field) in [
            (" ", rider, None, "/name"),
            ("a", ScopeSet::default(), None, "/scopes"),
            ("a", rider, Some(Timestamp(9)), "/expires_at"),
        ] {
            let error = keys.create(&main, name, scopes, until).await.unwrap_err();
            assert!(matches!(error, IdentityError::InvalidField { field: f, .. } if f == field), "{error}");
        }
    }
}
