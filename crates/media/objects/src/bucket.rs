//! Buckets: made, found, changed, listed, deleted.

use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_store::{Backend, Row, StoreError, Tx, params};

use crate::seal::Encrypt;
use crate::settings::{DefaultEncryption, Settings, Versioning};
use crate::{Objects, ObjectsError, Policy, cors, events, lifecycle, upload, website};

/// A bucket and its settings, as they were when it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    pub(crate) id: i64,
    /// Its name, one for all tenants: an address without a key has to lead to one bucket.
    pub name: String,
    /// Whose it is.
    pub tenant: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What its owner has set.
    pub settings: Settings,
    /// The policy, understood.
    pub policy: Option<Arc<Policy>>,
}

/// What a new bucket is to be.
#[derive(Clone, Debug, Default)]
pub struct NewBucket {
    /// Its first settings.
    pub settings: Settings,
}

/// The rules of bucket names.
#[derive(Clone, Copy, Debug)]
pub struct BucketName;

impl BucketName {
    /// Whether a name can be one: 3 to 63 small letters, digits, dots and dashes, as DNS wants them.
    #[must_use]
    pub fn is_valid(name: &str) -> bool {
        let good = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'.';
        let edge = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let bytes = name.as_bytes();
        (3..=63).contains(&bytes.len())
            && bytes.iter().all(|c| good(*c))
            && edge(bytes.first())
            && edge(bytes.last())
            && !["..", ".-", "-."].iter().any(|bad| name.contains(bad))
            && name.parse::<std::net::Ipv4Addr>().is_err()
    }
}

fn read(row: &Row) -> Result<Bucket, StoreError> {
    let name = row.text("name")?;
    let settings: Settings = serde_json::from_str(&row.text("body")?)
        .map_err(|e| StoreError::Decode { key: format!("bucket {name}"), reason: e.to_string() })?;
    let policy = match &settings.policy {
        // A policy that an older or newer version wrote and this one does not understand must not open anything.
        Some(text) => Some(Arc::new(
            Policy::parse(text, &name)
                .map_err(|e| StoreError::Decode { key: format!("policy of bucket {name}"), reason: e.to_string() })?,
        )),
        None => None,
    };
    let (id, tenant, created_at) = (row.int("id")?, row.text("tenant")?, row.time("created_at")?);
    Ok(Bucket { id, name, tenant, created_at, settings, policy })
}

fn encode(settings: &Settings) -> String {
    serde_json::to_string(settings).expect("settings have string keys and finite numbers")
}

pub(crate) fn find(tx: &mut dyn Tx, name: &str) -> Result<Bucket, ObjectsError> {
    match tx.query_opt("SELECT id, name, tenant, created_at, body FROM buckets WHERE name = $1", params![name])? {
        Some(row) => Ok(read(&row)?),
        None => Err(ObjectsError::NoSuchBucket(name.to_owned())),
    }
}

/// The bucket as it is now, in a writing transaction. On PostgreSQL it cannot be deleted until the end.
pub(crate) fn current(tx: &mut dyn Tx, bucket: &Bucket) -> Result<Bucket, ObjectsError> {
    let sql = match tx.backend() {
        Backend::Sqlite => "SELECT id, name, tenant, created_at, body FROM buckets WHERE id = $1",
        Backend::Postgres => "SELECT id, name, tenant, created_at, body FROM buckets WHERE id = $1 FOR KEY SHARE",
    };
    match tx.query_opt(sql, params![bucket.id])? {
        Some(row) => Ok(read(&row)?),
        None => Err(ObjectsError::NoSuchBucket(bucket.name.clone())),
    }
}

/// Deletes a bucket without objects, or ends some of the uploads that are open in it and says so: an upload
/// can have thousands of parts, and one transaction must not take all of them.
fn delete(tx: &mut dyn Tx, name: &str, now: Timestamp) -> Result<bool, ObjectsError> {
    if tx.backend() == Backend::Postgres {
        tx.query("SELECT id FROM buckets WHERE name = $1 FOR UPDATE", params![name])?;
    }
    let bucket = find(tx, name)?;
    for table in ["objects", "object_versions"] {
        let sql = format!("SELECT 1 AS one FROM {table} WHERE bucket = $1 LIMIT 1");
        if tx.query_opt(&sql, params![bucket.id])?.is_some() {
            return Err(ObjectsError::BucketNotEmpty(name.to_owned()));
        }
    }
    let open = tx.query("SELECT id FROM object_uploads WHERE bucket = $1 LIMIT 10", params![bucket.id])?;
    for row in &open {
        upload::discard(tx, &row.text("id")?, now)?;
    }
    if !open.is_empty() {
        return Ok(false);
    }
    tx.execute("DELETE FROM object_usage WHERE bucket = $1", params![bucket.id])?;
    tx.execute("DELETE FROM buckets WHERE id = $1", params![bucket.id])?;
    Ok(true)
}

impl Objects {
    /// Makes a bucket.
    ///
    /// # Errors
    /// A bad name, [`ObjectsError::BucketExists`], [`ObjectsError::TooManyBuckets`], or the store's.
    pub async fn create_bucket(&self, tenant: &str, name: &str, new: NewBucket) -> Result<Arc<Bucket>, ObjectsError> {
        if !BucketName::is_valid(name) {
            let fix = "use 3 to 63 small letters, digits, dots and dashes, beginning and ending with a letter or digit";
            return Err(ObjectsError::field("bucket", format!("`{name}` is no name of a bucket"), fix));
        }
        let mut settings = new.settings;
        if settings.lockable {
            settings.versioning = Versioning::Enabled;
        }
        let (tenant, name, now, limit) = (tenant.to_owned(), name.to_owned(), self.now(), self.config().buckets);
        let made = self
            .store()
            .write(move |tx| {
                let count = tx.query("SELECT COUNT(*) AS n FROM buckets WHERE tenant = $1", params![&tenant])?;
                if count.first().map_or(Ok(0), |row| row.int("n"))? >= i64::from(limit) {
                    return Err(ObjectsError::TooManyBuckets { limit });
                }
                let made = tx.execute(
                    "INSERT INTO buckets (name, tenant, created_at, body) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (name) DO NOTHING",
                    params![&name, &tenant, now, encode(&settings)],
                )?;
                let bucket = find(tx, &name)?;
                if made == 0 {
                    return Err(ObjectsError::BucketExists { name: name.clone(), yours: bucket.tenant == tenant });
                }
                Ok(bucket)
            })
            .await?;
        Ok(self.remember(made))
    }

    /// The bucket of this name, whoever's it is. May be a second old.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchBucket`] or the store's.
    pub async fn bucket(&self, name: &str) -> Result<Arc<Bucket>, ObjectsError> {
        if let Some(known) = self.known(name) {
            return Ok(known);
        }
        let wanted = name.to_owned();
        let found = self.store().read(move |tx| find(tx, &wanted)).await?;
        Ok(self.remember(found))
    }

    /// The buckets of a tenant after the name `after`, by name, at most `limit`.
    ///
    /// # Errors
    /// The store's.
    pub async fn buckets(
        &self,
        tenant: &str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Bucket>, ObjectsError> {
        let (tenant, prefix, after) = (tenant.to_owned(), prefix.to_owned(), after.to_owned());
        let mut rows = self
            .store()
            .read(move |tx| {
                let rows = tx.query(
                    "SELECT id, name, tenant, created_at, body FROM buckets WHERE tenant = $1 AND name > $2 ORDER BY name",
                    params![&tenant, &after],
                )?;
                rows.iter().map(|row| Ok(read(row)?)).collect::<Result<Vec<Bucket>, ObjectsError>>()
            })
            .await?;
        rows.retain(|bucket| bucket.name.starts_with(&prefix));
        // The database's collation may put dashes and dots elsewhere.
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        rows.truncate(limit);
        Ok(rows)
    }

    /// Changes a bucket's settings; `change` sees them as they are now.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchBucket`], what `change` refuses, or the store's.
    pub async fn configure(
        &self,
        name: &str,
        change: impl Fn(&mut Settings) -> Result<(), ObjectsError> + Send + 'static,
    ) -> Result<Arc<Bucket>, ObjectsError> {
        let wanted = name.to_owned();
        let changed = self.store().write(move |tx| Self::configure_in(tx, &wanted, &change)).await?;
        Ok(self.remember(changed))
    }

    /// The same in a transaction of the caller's, who calls [`Self::forget_bucket`] when it is committed.
    ///
    /// # Errors
    /// As those of [`Self::configure`].
    pub fn configure_in(
        tx: &mut dyn Tx,
        name: &str,
        change: impl Fn(&mut Settings) -> Result<(), ObjectsError>,
    ) -> Result<Bucket, ObjectsError> {
        if tx.backend() == Backend::Postgres {
            tx.query("SELECT id FROM buckets WHERE name = $1 FOR NO KEY UPDATE", params![name])?;
        }
        let mut bucket = find(tx, name)?;
        change(&mut bucket.settings)?;
        check(&bucket.settings)?;
        bucket.policy = match &bucket.settings.policy {
            Some(text) => Some(Arc::new(Policy::parse(text, &bucket.name)?)),
            None => None,
        };
        tx.execute("UPDATE buckets SET body = $1 WHERE id = $2", params![encode(&bucket.settings), bucket.id])?;
        Ok(bucket)
    }

    /// Forgets what is cached of a bucket.
    pub fn forget_bucket(&self, name: &str) {
        self.forget(name);
    }

    /// Says how objects are encrypted of which an upload says nothing.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchMasterKey`], [`ObjectsError::NoMasterKey`], or those of [`Self::configure`].
    pub async fn set_encryption(
        &self,
        name: &str,
        default: Option<DefaultEncryption>,
    ) -> Result<Arc<Bucket>, ObjectsError> {
        let bucket = self.bucket(name).await?;
        let encrypt = match &default {
            None => Encrypt::Default,
            Some(DefaultEncryption::Node) => Encrypt::Node,
            Some(DefaultEncryption::Named { key }) => Encrypt::Named(key.clone()),
        };
        self.sealer(&bucket).describe(&encrypt)?;
        self.configure(name, move |settings| {
            settings.encryption = default.clone();
            Ok(())
        })
        .await
    }

    /// Deletes an empty bucket; uploads that are still open in it are ended.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchBucket`], [`ObjectsError::BucketNotEmpty`], or the store's.
    pub async fn delete_bucket(&self, name: &str) -> Result<(), ObjectsError> {
        let now = self.now();
        loop {
            let wanted = name.to_owned();
            let gone = self.store().write(move |tx| delete(tx, &wanted, now)).await?;
            if gone {
                break;
            }
        }
        self.forget(name);
        Ok(())
    }
}

/// Refuses settings that do not go together.
fn check(settings: &Settings) -> Result<(), ObjectsError> {
    if settings.lockable && settings.versioning != Versioning::Enabled {
        let reason = "a bucket whose objects can be locked keeps versions".to_owned();
        return Err(ObjectsError::InvalidState(reason));
    }
    crate::acl::check(settings.acl.as_deref().unwrap_or_default())?;
    cors::check(&settings.cors)?;
    lifecycle::check(&settings.lifecycle)?;
    events::check(&settings.events)?;
    settings.website.as_ref().map_or(Ok(()), website::check)?;
    crate::object::check_tags(&settings.tags, 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["abc", "a-b.c", "0ab", "a1b", &"x".repeat(63)] {
            assert!(BucketName::is_valid(good), "{good}");
        }
        for bad in ["ab", "Abc", "a_b", "-ab", "ab-", "a..b", "a.-b", "10.0.0.1", "a b", "ä-b", "", &"x".repeat(64)] {
            assert!(!BucketName::is_valid(bad), "{bad}");
        }
    }
}
