//! An engine with a bucket, for every store of metadata that is there and both kinds of places for bytes.

use std::sync::Arc;

use doorstep_blobs::{Blobs, Location};
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
    pub(crate) place: Location,
    pub(crate) store: Store,
}

pub(crate) fn config() -> Config {
    Config { master: Some(MasterKey::new(&[1; 32], ["photos".to_owned()])), ..Config::default() }
}

/// One setting per store and kind of place, with an empty bucket `photos`.
pub(crate) async fn settings() -> Vec<Setting> {
    let mut all = on_disk().await;
    for store in testing::stores(doorstep_objects::MIGRATIONS) {
        let dir = tempfile::tempdir().unwrap();
        // An object store whose objects are files, so that tests can count and damage them.
        let place = Location::Url(url::Url::from_directory_path(dir.path()).unwrap().to_string());
        all.push(Setting::new(store, dir, place).await);
    }
    all
}

/// Those that keep bytes in a folder, in files and packs.
pub(crate) async fn on_disk() -> Vec<Setting> {
    let mut all = Vec::new();
    for store in testing::stores(doorstep_objects::MIGRATIONS) {
        let dir = tempfile::tempdir().unwrap();
        let place = Location::Disk(dir.path().to_owned());
        all.push(Setting::new(store, dir, place).await);
    }
    all
}

impl Setting {
    async fn new(store: Store, dir: tempfile::TempDir, place: Location) -> Self {
        let blobs = Blobs::open(&doorstep_blobs::Config::at(place.clone())).await.unwrap();
        let clock = ManualClock::new(NOON);
        let objects = Objects::new(store.clone(), blobs.clone(), Arc::new(clock.clone()), config());
        objects.claim_bytes().await.unwrap();
        let bucket = objects.create_bucket(TENANT, "photos", NewBucket::default()).await.unwrap();
        Self { objects, clock, bucket, blobs, dir, place, store }
    }

    /// The blobs' files and segments.
    pub(crate) fn files(&self) -> Vec<std::path::PathBuf> {
        let all = crate::disk::files(self.dir.path());
        all.into_iter().filter(|path| path.file_name().is_some_and(|name| name != "owner")).collect()
    }

    /// Another engine on the same tables and bytes, as another process has one.
    pub(crate) async fn beside(&self, config: Config) -> (Objects, Blobs) {
        let blobs = Blobs::open(&doorstep_blobs::Config::at(self.place.clone())).await.unwrap();
        (Objects::new(self.store.clone(), blobs.clone(), Arc::new(self.clock.clone()), config), blobs)
    }

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
