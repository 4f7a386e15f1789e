//! Pictures made of uploads before they are stored, for a face whose protocol asks for that.
//!
//! The pipeline is read first, so that a wrong one costs no byte; then there has to be room for the upload's bytes, and
//! only when they are all there a place at a bench: somebody who sends slowly keeps nobody from working.

use std::sync::Arc;

use doorstep_clock::monotonic;
use doorstep_images::Pipeline;
use doorstep_objects::{Bucket, Made, Maker, NotMade, ObjectsError, Order};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tracing::Instrument as _;

use crate::ask::{Ask, Wanted};
use crate::layer::pipeline;
use crate::overlays::{self, Source};
use crate::recipe::Overlay;
use crate::{Picture, PictureError, PictureSettings, Pictures, metrics};

/// Bytes of uploads that are held at once, KiB.
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

/// How much of the room an upload takes. One that does not tell its length may have the most.
fn room(length: Option<u64>, most: u64) -> u32 {
    let kib = length.unwrap_or(most).min(most).div_ceil(1024).max(1);
    u32::try_from(kib.min(ROOM_KIB as u64)).unwrap_or(u32::MAX)
}

impl Pictures {
    async fn upload(&self, order: Order) -> Result<Picture, PictureError> {
        let Order { bucket, query, loose, own, body, length, md5 } = order;
        let Some(Ask { wanted, .. }) = Ask::of("/", Some(&query))? else { return Err(PictureError::Twice) };
        let settings = PictureSettings::of(&bucket.settings)?;
        if settings.sealed && loose {
            return Err(PictureError::Sealed);
        }
        let trusted = own || matches!(wanted, Wanted::Style(_));
        let (pipeline, _) = pipeline(&settings, wanted)?;
        let overlays = self.overlays_of_upload(&bucket, &settings, &pipeline, trusted).await?;
        let most = self.inner.limits.source_bytes;
        if length.is_some_and(|length| length > most) {
            return Err(ObjectsError::TooLarge { limit: most }.into());
        }
        let Ok(_room) = self.inner.room.try_acquire_many(room(length, most)) else {
            metrics::shed("full");
            return Err(PictureError::Busy);
        };
        let source = self.objects().gather(body, length, md5, most).await?;
        let place = self.inner.workshop.enter().await?;
        let overlays = self.load_overlays(&bucket, &overlays).await?;
        self.work(place, &bucket, source, (pipeline, ""), overlays, || true).await
    }

    /// What is laid over: what the bucket's owner names, or what its settings let anybody fetch.
    async fn overlays_of_upload(
        &self,
        bucket: &Arc<Bucket>,
        settings: &PictureSettings,
        pipeline: &Pipeline,
        trusted: bool,
    ) -> Result<Vec<(String, Overlay)>, PictureError> {
        for name in pipeline.overlays().filter(|_| !trusted) {
            if let Source::Key(_) = overlays::source(name, &bucket.name, settings, &self.inner.domains)? {
                let closed = "sign the header and not the address, with a key of the bucket's tenant, or save a style";
                return Err(PictureError::overlay(name, closed));
            }
        }
        self.own_overlays(bucket, settings, pipeline).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_room_an_upload_takes() {
        assert_eq!(room(Some(0), 40_000_000), 1);
        assert_eq!(room(Some(1025), 40_000_000), 2);
        assert_eq!(room(None, 40_000_000), 39_063);
        assert_eq!(room(Some(u64::MAX), u64::MAX), 256 << 10);
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
