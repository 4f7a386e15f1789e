//! Pictures made of uploads before they are stored, for a face whose protocol asks for that.
//!
//! The pipeline is read first, so that a wrong one costs no byte. The upload's bytes take room as they come, and only
//! when they are all there is it fetched what lies elsewhere and a place at a bench taken: somebody who sends slowly
//! keeps nobody from working.

use std::sync::Arc;

use doorstep_clock::monotonic;
use doorstep_images::Pipeline;
use doorstep_images::pipeline::Deliver;
use doorstep_objects::{Bucket, Made, Maker, NotMade, Order};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::SemaphorePermit;
use tracing::Instrument as _;

use crate::ask::{Ask, Wanted};
use crate::layer::pipeline;
use crate::overlays::{self, Source};
use crate::recipe::Overlay;
use crate::{Picture, PictureError, PictureSettings, Pictures, metrics};

/// Bytes of uploads, and of pictures fetched for them, that are held at once, KiB.
pub(crate) const ROOM_KIB: usize = 256 << 10;

impl Maker for Pictures {
    fn make(&self, order: Order) -> BoxFuture<'_, Result<Made, NotMade>> {
        let span = tracing::info_span!("picture_upload", bucket = order.bucket.name, query = order.query);
        async move {
            let started = monotonic();
            match self.upload(order).await {
                Ok(picture) => {
                    metrics::answered("stored", started.elapsed());
                    Ok(Made { bytes: picture.body, media_type: picture.about.media_type })
                }
                Err(error) => {
                    metrics::refused(error.reason());
                    metrics::answered("refused", started.elapsed());
                    Err(not_made(error))
                }
            }
        }
        .instrument(span)
        .boxed()
    }
}

fn not_made(error: PictureError) -> NotMade {
    let status = error.status().as_u16();
    if status == 500 {
        tracing::error!(%error, "a picture failed");
    }
    match error {
        PictureError::Objects(error) => NotMade::Upload(error),
        error => NotMade::Refused { status, code: error.code(), message: error.told() },
    }
}

/// What is laid over an upload, by the names that its pipeline has for it.
#[derive(Default)]
struct Laid {
    /// Of this bucket.
    objects: Vec<(String, Overlay)>,
    /// Addresses of other servers', from which nothing is fetched yet.
    elsewhere: Vec<(String, String)>,
}

impl Pictures {
    async fn upload(&self, order: Order) -> Result<Picture, PictureError> {
        let Order { bucket, query, own, body, length, md5 } = order;
        let Some(Ask { wanted, .. }) = Ask::of("/", Some(&query))? else { return Err(PictureError::Twice) };
        let settings = PictureSettings::of(&bucket.settings)?;
        if settings.sealed {
            return Err(PictureError::SealedUpload);
        }
        let trusted = own || matches!(wanted, Wanted::Style(_));
        let (pipeline, _) = pipeline(&settings, wanted)?;
        if matches!(pipeline.deliver, Deliver::Answer(_)) {
            return Err(PictureError::NoPicture);
        }
        let Laid { mut objects, elsewhere } = self.laid_over_upload(&bucket, &settings, &pipeline, trusted).await?;
        let most = self.inner.limits.source_bytes;
        let (source, _room) = self.objects().gather(body, length, md5, most, |bytes| self.room(bytes)).await?;
        let mut rooms = Vec::new();
        for (name, url) in elsewhere {
            let fetched = self.inner.overlays.fetch(&url).await?;
            if let Overlay::Fetched(bytes, _) = &fetched {
                rooms.push(self.room(bytes.len())?);
            }
            objects.push((name, fetched));
        }
        let place = self.inner.workshop.enter().await?;
        let overlays = self.load_overlays(&bucket, &objects).await?;
        self.work(place, &bucket, source, (pipeline, ""), overlays, || true).await
    }

    /// Room for so many bytes, as long as it is held.
    fn room(&self, bytes: usize) -> Result<SemaphorePermit<'_>, PictureError> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        self.inner.room.try_acquire_many(kib).map_err(|_| {
            metrics::shed("full");
            PictureError::Busy
        })
    }

    /// What is laid over: what the bucket's owner names, or what its settings let anybody fetch.
    async fn laid_over_upload(
        &self,
        bucket: &Arc<Bucket>,
        settings: &PictureSettings,
        pipeline: &Pipeline,
        trusted: bool,
    ) -> Result<Laid, PictureError> {
        let mut laid = Laid::default();
        for name in pipeline.overlays() {
            match overlays::source(name, &bucket.name, settings, &self.inner.domains)? {
                Source::Url(url) => laid.elsewhere.push((name.to_owned(), url)),
                Source::Key(key) if trusted => {
                    laid.objects.push((name.to_owned(), self.own_overlay(bucket, name, &key).await?));
                }
                Source::Key(_) => {
                    let closed =
                        "sign the header and not the address, with a key of the bucket's tenant, or save a style";
                    return Err(PictureError::overlay(name, closed));
                }
            }
        }
        Ok(laid)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;
    use doorstep_blobs::Blobs;
    use doorstep_clock::SystemClock;
    use doorstep_identity::Vault;
    use doorstep_objects::{BodyError, NewBucket, Objects, ObjectsError, body};
    use doorstep_store::{Migration, testing};
    use futures::{StreamExt as _, stream};

    use super::*;
    use crate::{CachePlace, Config, Needs, Unmetered};

    /// One pixel.
    const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

    /// With the bucket `photos`.
    async fn open(dir: &std::path::Path) -> Pictures {
        let migrations: Vec<Migration> =
            doorstep_objects::MIGRATIONS.iter().chain(crate::MIGRATIONS).copied().collect();
        let (store, clock) = (testing::memory(&migrations), Arc::new(SystemClock));
        let blobs = Blobs::open(&doorstep_blobs::Config::disk(dir)).await.unwrap();
        let objects = Objects::new(store.clone(), blobs, clock.clone(), doorstep_objects::Config::default());
        objects.create_bucket("main", "photos", NewBucket::default()).await.unwrap();
        let vault = Arc::new(Vault::new(&[1; 32]));
        let needs = Needs { objects, store, vault, clock, meter: Arc::new(Unmetered) };
        Pictures::open(needs, Config { cache: CachePlace::Off, ..Config::default() }).unwrap()
    }

    async fn set(pictures: &Pictures, settings: PictureSettings) {
        let keep = move |kept: &mut doorstep_objects::Settings| settings.keep(kept);
        pictures.objects().configure("photos", keep).await.unwrap();
    }

    /// A body of which one byte comes, and then nothing for long.
    fn slow() -> doorstep_objects::Body {
        stream::iter([Ok::<_, BodyError>(Bytes::from_static(b"x"))]).chain(stream::pending()).boxed()
    }

    async fn make(
        pictures: &Pictures,
        query: &str,
        body: doorstep_objects::Body,
        length: Option<u64>,
    ) -> Result<Made, (u16, &'static str, String)> {
        let bucket = pictures.objects().bucket("photos").await.unwrap();
        let order = Order { bucket, query: query.to_owned(), own: true, body, length, md5: None };
        Maker::make(pictures, order).await.map_err(|error| match error {
            NotMade::Refused { status, code, message } => (status, code, message),
            NotMade::Upload(error) => unreachable!("{error}"),
        })
    }

    const SMALLER: &str = "iopcmd=thumbnail&type=4&width=1";

    #[tokio::test]
    async fn a_text_is_never_stored_in_place_of_a_picture() {
        let dir = tempfile::tempdir().unwrap();
        let pictures = open(dir.path()).await;
        let style = crate::Style { process: "image/info".to_owned(), saved_at: pictures.now() };
        let styles = [("about".to_owned(), style)].into();
        set(&pictures, PictureSettings { styles, ..PictureSettings::default() }).await;
        for query in [
            "iopcmd=imageinfo",
            "iopcmd=exif",
            "x-oss-process=image/average-hue",
            "x-oss-process=image/info",
            "iopstyle=about",
        ] {
            // The body never ends: it is not waited for.
            let (status, code, message) = make(&pictures, query, slow(), None).await.unwrap_err();
            assert_eq!((status, code), (400, "InvalidArgument"), "{query}: {message}");
            assert!(message.contains("text"), "{query}: {message}");
        }
    }

    #[tokio::test]
    async fn a_sealed_bucket_makes_nothing_of_uploads() {
        let dir = tempfile::tempdir().unwrap();
        let pictures = open(dir.path()).await;
        assert_eq!(make(&pictures, SMALLER, body(GIF), None).await.unwrap().media_type, "image/gif");
        set(&pictures, PictureSettings { sealed: true, ..PictureSettings::default() }).await;
        // Whoever sends it, the owner too.
        let (status, code, _) = make(&pictures, SMALLER, slow(), None).await.unwrap_err();
        assert_eq!((status, code), (403, "AccessDenied"));
    }

    #[tokio::test]
    async fn slow_senders_shut_nobody_out() {
        let dir = tempfile::tempdir().unwrap();
        let pictures = open(dir.path()).await;
        let room = &pictures.inner.room;
        let senders: Vec<_> = (0..20)
            .map(|n| {
                let pictures = pictures.clone();
                // Half of them tell that much will come.
                let length = (n % 2 == 0).then_some(40_000_000);
                tokio::spawn(async move { make(&pictures, SMALLER, slow(), length).await })
            })
            .collect();
        while room.available_permits() > ROOM_KIB - 20 * 64 {
            tokio::task::yield_now().await;
        }
        assert_eq!(room.available_permits(), ROOM_KIB - 20 * 64, "no more than what came, and a little");
        make(&pictures, SMALLER, body(GIF), Some(GIF.len() as u64)).await.unwrap();
        for sender in senders {
            sender.abort();
            assert!(sender.await.unwrap_err().is_cancelled());
        }
        assert_eq!(room.available_permits(), ROOM_KIB, "all is given back");
        let _all = pictures.room(ROOM_KIB << 10).unwrap();
        let (status, code, _) = make(&pictures, SMALLER, body(GIF), None).await.unwrap_err();
        assert_eq!((status, code), (503, "SlowDown"));
    }

    #[tokio::test]
    async fn what_lies_elsewhere_is_fetched_behind_the_body() {
        let dir = tempfile::tempdir().unwrap();
        let pictures = open(dir.path()).await;
        let watermark_hosts = vec!["127.0.0.1:1".to_owned()];
        set(&pictures, PictureSettings { watermark_hosts, ..PictureSettings::default() }).await;
        // http://127.0.0.1:1/a.png: the owner names it, and it is no public address, so that nothing is fetched there.
        let marked = "iopcmd=watermark&type=2&imageurl=aHR0cDovLzEyNy4wLjAuMToxL2EucG5n";
        let fetching = pictures.clone();
        let waiting = tokio::spawn(async move { make(&fetching, marked, slow(), None).await });
        while pictures.inner.room.available_permits() == ROOM_KIB && !waiting.is_finished() {
            tokio::task::yield_now().await;
        }
        assert!(!waiting.is_finished(), "it waits for the body, and has fetched nothing");
        waiting.abort();
        let (status, code, message) = make(&pictures, marked, body(GIF), None).await.unwrap_err();
        assert_eq!((status, code), (400, "InvalidArgument"), "{message}");
        // http://127.0.0.1:2/a.png, which nobody has named, is refused before the body is read.
        let foreign = "iopcmd=watermark&type=2&imageurl=aHR0cDovLzEyNy4wLjAuMToyL2EucG5n";
        let (_, code, message) = make(&pictures, foreign, slow(), None).await.unwrap_err();
        assert!(code == "InvalidArgument" && message.contains("watermark_hosts"), "{message}");
    }

    #[test]
    fn what_is_said_when_nothing_is_made() {
        let upload = not_made(ObjectsError::TooLarge { limit: 9 }.into());
        assert!(matches!(upload, NotMade::Upload(ObjectsError::TooLarge { limit: 9 })));
        match not_made(PictureError::Sealed) {
            NotMade::Refused { status, code, .. } => assert_eq!((status, code), (403, "AccessDenied")),
            NotMade::Upload(error) => unreachable!("{error}"),
        }
    }
}
