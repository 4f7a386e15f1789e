//! What a bucket's owner does with its settings of pictures.

use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_identity::Vault;
use doorstep_images::grammar::imgproxy;
use doorstep_objects::{Bucket, Objects, ObjectsError};
use doorstep_store::Tx;
use serde::{Deserialize, Serialize};

use crate::key::hex;
use crate::settings::{PathKey, invalid, seal_context};
use crate::{PictureSettings, Pictures};

/// Shortest and longest key or salt, bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=256;

/// A key and salt just added, in hexadecimal as imgproxy's tools want them. They are told once.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPathKey {
    /// The secret.
    pub key: String,
    /// What is put before a path.
    pub salt: String,
    /// What is kept of both.
    pub kept: PathKey,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Secrets {
    key: String,
    salt: String,
}

fn bytes(field: &'static str, text: &str) -> Result<Vec<u8>, ObjectsError> {
    let digit = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digit).collect();
    bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len())).ok_or_else(|| {
        let fix = format!("write {} to {} bytes in hexadecimal", SECRET_BYTES.start(), SECRET_BYTES.end());
        invalid(field, "it is no secret in hexadecimal", fix)
    })
}

fn failed(error: impl ToString) -> ObjectsError {
    ObjectsError::InvalidState(error.to_string())
}

fn fresh() -> Result<String, ObjectsError> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(failed)?;
    Ok(hex(&bits))
}

/// The keys of a bucket's paths, opened. One that this vault did not seal is left out.
pub(crate) fn path_keys(vault: &Vault, bucket: &Bucket, settings: &PictureSettings) -> Vec<imgproxy::Key> {
    let open = |kept: &PathKey| {
        let opened = vault.open(&seal_context(&bucket.name, &kept.id), &kept.sealed)?;
        let Secrets { key, salt } = serde_json::from_str(&opened).ok()?;
        Some(imgproxy::Key { key: bytes("/key", &key).ok()?, salt: bytes("/salt", &salt).ok()? })
    };
    settings.keys.iter().filter_map(open).collect()
}

impl Pictures {
    /// A bucket of this tenant.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchBucket`], also for another tenant's, or the store's.
    pub async fn bucket(&self, tenant: &str, name: &str) -> Result<Arc<Bucket>, ObjectsError> {
        let bucket = self.objects().bucket(name).await?;
        if bucket.tenant == tenant { Ok(bucket) } else { Err(ObjectsError::NoSuchBucket(name.to_owned())) }
    }

    /// The settings of a tenant's bucket.
    ///
    /// # Errors
    /// As [`Self::bucket`], and settings that cannot be read.
    pub async fn settings(&self, tenant: &str, bucket: &str) -> Result<PictureSettings, ObjectsError> {
        PictureSettings::of(&self.bucket(tenant, bucket).await?.settings)
    }

    /// Changes the settings of a tenant's bucket in the caller's transaction; `change` sees them as they are now. When
    /// it is committed, the caller calls [`Self::changed`].
    ///
    /// # Errors
    /// As [`Self::settings`], what `change` refuses, and what cannot stand.
    pub fn configure_in(
        tx: &mut dyn Tx,
        tenant: &str,
        bucket: &str,
        change: impl Fn(&mut PictureSettings) -> Result<(), ObjectsError>,
    ) -> Result<PictureSettings, ObjectsError> {
        let changed = Objects::configure_in(tx, bucket, |settings| {
            let mut pictures = PictureSettings::of(settings)?;
            change(&mut pictures)?;
            pictures.keep(settings)
        })?;
        if changed.tenant != tenant {
            return Err(ObjectsError::NoSuchBucket(bucket.to_owned()));
        }
        PictureSettings::of(&changed.settings)
    }

    /// Sees to it that a bucket's settings are read anew.
    pub fn changed(&self, bucket: &str) {
        self.objects().forget_bucket(bucket);
    }

    /// Makes a key and salt for imgproxy's signatures, of those that are given in hexadecimal or fresh ones. They are
    /// good once [`NewPathKey::kept`] is among the bucket's keys.
    ///
    /// # Errors
    /// Secrets that are too short or no hexadecimal; no randomness.
    pub fn draft_path_key(&self, bucket: &str, given: Option<(String, String)>) -> Result<NewPathKey, ObjectsError> {
        let (key, salt) = match given {
            Some((key, salt)) => (key.to_ascii_lowercase(), salt.to_ascii_lowercase()),
            None => (fresh()?, fresh()?),
        };
        bytes("/key", &key)?;
        bytes("/salt", &salt)?;
        let id = format!("pik_{}", &fresh()?[..16]);
        let secrets = Secrets { key: key.clone(), salt: salt.clone() };
        let text = serde_json::to_string(&secrets).map_err(failed)?;
        let sealed = self.inner.needs.vault.seal(&seal_context(bucket, &id), &text).map_err(failed)?;
        let kept = PathKey { id, sealed, added_at: self.inner.needs.clock.now() };
        Ok(NewPathKey { key, salt, kept })
    }

    /// Now, for what is saved with its time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.needs.clock.now()
    }
}
