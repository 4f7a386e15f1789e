//! An engine with a bucket, for every store that is there.

use std::sync::Arc;

use doorstep_blobs::Blobs;
use doorstep_clock::{ManualClock, Timestamp};
use doorstep_objects::{
    Bucket, Config, Get, MasterKey, NewBucket, Objects, ObjectsError, Put, Settings, Versioning, Written, body,
};
use doorstep_store::{Store, testing};

pub(crate) const TENANT: &str = "main";
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_384_790_400_000);

pub(crate) struct Setting {
    pub(crate) objects: Objects,
    pub(crate) clock: ManualClock,
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) blobs: Blobs,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: Store,
}

pub(crate) fn config() -> Config {
    Config { master: Some(MasterKey::new(&[1; 32], ["photos".to_owned()])), ..Config::default() }
}

/// One setting per store, with an empty bucket `photos`.
pub(crate) async fn settings() -> Vec<Setting> {
    let mut all = Vec::new();
    for store in testing::stores(doorstep_objects::MIGRATIONS) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&doorstep_blobs::Config::disk(dir.path())).await.unwrap();
        let clock = ManualClock::new(NOON);
        let objects = Objects::new(store.clone(), blobs.clone(), Arc::new(clock.clone()), config());
        let bucket = objects.create_bucket(TENANT, "photos", NewBucket::default()).await.unwrap();
        all.push(Setting { objects, clock, bucket, blobs, dir, store });
    }
    all
}

impl Setting {
    pub(crate) async fn put(&self, key: &str, bytes: &[u8]) -> Written {
        self.objects.put(&self.bucket, key, body(bytes.to_vec()), Put::default()).await.unwrap()
    }

    pub(crate) async fn read(&self, key: &str, get: Get) -> Result<Vec<u8>, ObjectsError> {
        Ok(self.objects.get(&self.bucket, key, get).await?.collect(64 << 20).await?.to_vec())
    }

    pub(crate) async fn text(&self, key: &str) -> Result<String, &'static str> {
        match self.read(key, Get::default()).await {
            Ok(bytes) => Ok(String::from_utf8(bytes).unwrap()),
            Err(error) => Err(error.as_str()),
        }
    }

    pub(crate) async fn versioning(&mut self, versioning: Versioning) {
        self.set(move |settings| settings.versioning = versioning).await;
    }

    pub(crate) async fn set(&mut self, change: impl Fn(&mut Settings) + Send + 'static) {
        self.bucket = self
            .objects
            .configure("photos", move |settings| {
                change(settings);
                Ok(())
            })
            .await
            .unwrap();
    }
}

/// Bytes that differ from one seed to the next.
pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(len);
    out
}
