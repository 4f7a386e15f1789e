//! The engine's handle: from a recipe to a picture, by the shortest way.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use doorstep_clock::SharedClock;
use doorstep_fetch::Fetcher;
use doorstep_identity::Vault;
use doorstep_images::{ImageError, Limited, Limits, Pipeline, probe, process};
use doorstep_objects::{Bucket, Get, Object, Objects, ObjectsError};
use doorstep_store::Store;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::cache::{Cache, CachePlace};
use crate::flights::{Flights, Interest, Outcome};
use crate::overlays::Overlays;
use crate::picture::{About, Picture};
use crate::recipe::{Overlay, Recipe, is_negotiated};
use crate::uploads::ROOM_KIB;
use crate::usage::{Meter, Usage};
use crate::workshop::{Place, Workshop, WorkshopConfig};
use crate::{PictureError, metrics};

/// How it is set.
#[derive(Clone, Debug)]
pub struct Config {
    /// How much one picture may cost.
    pub limits: Limits,
    /// Threads and queue.
    pub workshop: WorkshopConfig,
    /// Where results are kept.
    pub cache: CachePlace,
    /// Domains under which buckets are hosts, in small letters.
    pub domains: Vec<String>,
    /// What may be fetched from other servers.
    pub fetch: doorstep_fetch::Config,
}

impl Default for Config {
    /// A cache of 128 MiB in memory.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            workshop: WorkshopConfig::default(),
            cache: CachePlace::Memory(128 << 20),
            domains: Vec::new(),
            fetch: doorstep_fetch::Config::default(),
        }
    }
}

/// What the engine stands on; it owns none of it.
#[derive(Clone)]
pub struct Needs {
    /// Where sources are.
    pub objects: Objects,
    /// Where the jobs of upload rules are; it has [`crate::MIGRATIONS`].
    pub store: Store,
    /// Seals keys of paths.
    pub vault: Arc<Vault>,
    /// Real time.
    pub clock: SharedClock,
    /// Takes down what pictures cost.
    pub meter: Arc<dyn Meter>,
}

/// Makes pictures. Cheap to clone.
#[derive(Clone)]
pub struct Pictures {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) needs: Needs,
    pub(crate) domains: Vec<String>,
    pub(crate) overlays: Overlays,
    pub(crate) limits: Limits,
    /// For the bytes of uploads of which pictures are made, KiB.
    pub(crate) room: Semaphore,
    cache: Cache,
    flights: Arc<Flights>,
    pub(crate) workshop: Workshop,
}

impl std::fmt::Debug for Pictures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pictures").field("cached", &self.inner.cache.bytes()).finish_non_exhaustive()
    }
}

/// How a picture was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It was there.
    Hit,
    /// It was made.
    Made,
    /// It was being made.
    Joined,
}

impl Way {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Made => "made",
            Self::Joined => "joined",
        }
    }
}

impl Pictures {
    /// Opens the cache and starts the threads.
    ///
    /// # Errors
    /// The cache's folder cannot be used, the system starts no thread, or it has no certificates.
    pub fn open(needs: Needs, config: Config) -> std::io::Result<Self> {
        let fetcher = Fetcher::new(config.fetch).map_err(std::io::Error::other)?;
        let inner = Inner {
            needs,
            domains: config.domains.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
            overlays: Overlays::new(fetcher),
            limits: config.limits,
            room: Semaphore::new(ROOM_KIB),
            cache: Cache::open(&config.cache)?,
            flights: Arc::default(),
            workshop: Workshop::open(&config.workshop)?,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.inner.needs.objects
    }

    /// The picture of this recipe.
    pub(crate) async fn make(&self, recipe: Recipe) -> (Outcome, Way) {
        let key = recipe.key;
        if let Some(picture) = self.inner.cache.get(&key).await {
            return (Ok(picture), Way::Hit);
        }
        let this = self.clone();
        let span = tracing::info_span!(
            "picture", bucket = recipe.bucket.name, key = recipe.object.key, pipeline = %recipe.pipeline
        );
        let work = |interest| async move { this.fresh(recipe, interest).await.map_err(Arc::new) }.instrument(span);
        let (outcome, joined) = self.inner.flights.join(key, work).await;
        (outcome, if joined { Way::Joined } else { Way::Made })
    }

    async fn fresh(&self, recipe: Recipe, interest: Interest) -> Result<Picture, PictureError> {
        let place = self.inner.workshop.enter().await?;
        if interest.is_lost() {
            return Err(PictureError::Busy);
        }
        let source = self.load(&recipe.bucket, &recipe.object).await?;
        let overlays = self.load_overlays(&recipe.bucket, &recipe.overlays).await?;
        let order = (recipe.pipeline.clone(), recipe.accept);
        let made = self.work(place, &recipe.bucket, source, order, overlays, move || !interest.is_lost()).await?;
        if !recipe.is_sealed() {
            self.inner.cache.put(recipe.key, &made).await;
        }
        Ok(made)
    }

    /// The pictures to be laid over.
    pub(crate) async fn load_overlays(
        &self,
        bucket: &Bucket,
        named: &[(String, Overlay)],
    ) -> Result<HashMap<String, Bytes>, PictureError> {
        let mut overlays = HashMap::new();
        for (name, overlay) in named {
            let bytes = match overlay {
                Overlay::Object(object) => self.load(bucket, object).await?,
                Overlay::Fetched(bytes, _) => bytes.clone(),
            };
            overlays.insert(name.clone(), bytes);
        }
        Ok(overlays)
    }

    /// Makes a picture at its place, if it is still wanted when its turn comes, and tells the meter.
    pub(crate) async fn work(
        &self,
        place: Place,
        bucket: &Bucket,
        source: Bytes,
        (pipeline, accept): (Pipeline, &'static str),
        overlays: HashMap<String, Bytes>,
        wanted: impl FnOnce() -> bool + Send + 'static,
    ) -> Result<Picture, PictureError> {
        let bytes_in = (source.len() + overlays.values().map(Bytes::len).sum::<usize>()) as u64;
        let limits = self.inner.limits.clone();
        let work = move || {
            if !wanted() {
                return Err(PictureError::Busy);
            }
            Ok(picture(&source, pipeline, accept, &limits, &overlays)?)
        };
        let (made, cpu) = place.work(work).await?;
        let made = made?;
        let about = &made.about;
        tracing::debug!(width = about.width, height = about.height, bytes = made.body.len(), ?cpu, "made");
        self.inner.needs.meter.picture(&Usage {
            tenant: bucket.tenant.clone(),
            bucket: bucket.name.clone(),
            cpu,
            bytes_in,
            bytes_out: made.body.len() as u64,
            pixels: u64::from(about.width) * u64::from(about.height) * u64::from(about.frames),
        });
        Ok(made)
    }

    /// The bytes of exactly this version.
    async fn load(&self, bucket: &Bucket, object: &Object) -> Result<Bytes, PictureError> {
        let most = self.inner.limits.source_bytes;
        if object.size > most {
            let too_large = ImageError::TooLarge { what: Limited::SourceBytes, given: object.size, allowed: most };
            return Err(too_large.into());
        }
        let get = Get { version: Some(object.version().to_owned()), ..Get::default() };
        let found = match self.objects().get(bucket, &object.key, get).await {
            // A version without an id is gone with the next one.
            Err(ObjectsError::NoSuchVersion { .. } | ObjectsError::NoSuchKey { .. }) => {
                return Err(PictureError::Moving);
            }
            found => found?,
        };
        if found.object.uid != object.uid {
            return Err(PictureError::Moving);
        }
        Ok(found.collect(usize::try_from(most).unwrap_or(usize::MAX)).await?)
    }
}

/// The work itself, on a thread that may work.
fn picture(
    source: &[u8],
    mut pipeline: Pipeline,
    accept: &str,
    limits: &Limits,
    overlays: &HashMap<String, Bytes>,
) -> Result<Picture, ImageError> {
    if is_negotiated(&pipeline) {
        pipeline = pipeline.for_client(accept, &probe(source)?);
    }
    let fetch =
        |name: &str| overlays.get(name).map(|bytes| bytes.to_vec()).ok_or_else(|| "it was not brought".to_owned());
    let done = process(source, &pipeline, limits, &fetch)?;
    let about = About {
        media_type: done.media_type.to_owned(),
        extension: done.format.map_or("json", doorstep_images::Format::extension).to_owned(),
        width: done.width,
        height: done.height,
        frames: done.frames,
    };
    Ok(Picture { body: done.body.into(), about })
}

/// Counts an outcome.
pub(crate) fn count(outcome: &Outcome, way: Way, took: std::time::Duration) {
    match outcome {
        Ok(_) => metrics::answered(way.as_str(), took),
        Err(error) => {
            metrics::refused(error.reason());
            metrics::answered("refused", took);
        }
    }
}
