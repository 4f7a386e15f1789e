//! Follows upload rules: takes jobs, makes what they want, puts it beside its source.
//!
//! A job may be done twice, after a crash or a lost answer: a result tells which version, rule and number it is, and
//! one that is there already is not put again.

use std::sync::Arc;
use std::time::Duration;

use doorstep_images::grammar;
use doorstep_objects::{Bucket, Encrypt, Headers, Meta, Object, ObjectsError, Put, Sealed, body};
use futures::future::join_all;

use crate::jobs::{self, Job, Noting};
use crate::recipe::Recipe;
use crate::{PictureError, PictureSettings, Pictures, metrics, rules};

/// Between two looks at a table that had nothing to do.
const IDLE: Duration = Duration::from_millis(500);
/// Jobs taken at once.
const AT_ONCE: u32 = 4;
/// The longest pause between two tries.
const LONGEST_PAUSE_MS: i64 = 600_000;

/// A picture that was too slow so often will be so again.
fn hopeless(error: &PictureError, tries: i64) -> bool {
    error.reason() == "too_slow" && tries >= 3
}

impl Pictures {
    /// Has every upload of this process note what rules make of it. Called once, before the first upload.
    pub fn note_uploads(&self) {
        self.objects().watch(Arc::new(Noting));
    }

    /// Follows upload rules until it is dropped.
    pub async fn follow_rules(self) {
        loop {
            match self.some_jobs().await {
                Ok(0) => tokio::time::sleep(IDLE).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "upload rules wait for the store");
                    tokio::time::sleep(IDLE * 4).await;
                }
            }
        }
    }

    /// Does the jobs that are due, a few of them. Tells how many there were.
    ///
    /// # Errors
    /// The store's.
    pub async fn some_jobs(&self) -> Result<usize, ObjectsError> {
        let (store, now) = (&self.inner.needs.store, self.inner.needs.clock.now());
        // Most looks find nothing: they do not take the writer's time.
        if store.read(move |tx| jobs::waiting(tx, now)).await? == 0 {
            return Ok(0);
        }
        let hold_ms = self.hold_ms();
        let taken = store.write(move |tx| jobs::take(tx, now, hold_ms, AT_ONCE)).await?;
        let done = join_all(taken.into_iter().map(|job| self.one_job(job))).await;
        let count = done.len();
        done.into_iter().collect::<Result<(), ObjectsError>>()?;
        Ok(count)
    }

    async fn one_job(&self, job: Job) -> Result<(), ObjectsError> {
        let store = &self.inner.needs.store;
        let tries = job.tries;
        match self.follow(&job).await {
            Ok(word) => {
                metrics::rule(word);
                store.write(move |tx| jobs::done(tx, &job)).await?;
            }
            Err(error) if error.passes() && !hopeless(&error, tries) => {
                metrics::rule("later");
                let pause = 1000_i64.saturating_mul(1 << tries.clamp(0, 12)).min(LONGEST_PAUSE_MS);
                tracing::warn!(%error, bucket = job.bucket, key = job.key, rule = job.rule, "an upload rule waits");
                let due = self.inner.needs.clock.now().plus_ms(pause);
                store.write(move |tx| jobs::later(tx, &job, due)).await?;
            }
            Err(error) => {
                metrics::rule("failed");
                tracing::warn!(%error, bucket = job.bucket, key = job.key, rule = job.rule, "an upload rule made nothing");
                store.write(move |tx| jobs::done(tx, &job)).await?;
            }
        }
        Ok(())
    }

    /// How long a worker has a job without a word: twice what the slowest picture takes, and some.
    fn hold_ms(&self) -> i64 {
        i64::try_from(self.inner.limits.time.as_millis()).unwrap_or(i64::MAX / 4).saturating_mul(2).saturating_add(5000)
    }

    async fn follow(&self, job: &Job) -> Result<&'static str, PictureError> {
        let bucket = match self.objects().bucket(&job.bucket).await {
            Err(ObjectsError::NoSuchBucket(_)) => return Ok("gone"),
            bucket => bucket?,
        };
        let source = match self.objects().head(&bucket, &job.key, None).await {
            Ok(source) if source.uid == job.uid => source,
            // A newer version has noted itself.
            Ok(_) | Err(ObjectsError::NoSuchKey { .. } | ObjectsError::IsDeleteMarker { .. }) => return Ok("gone"),
            Err(error) => return Err(error.into()),
        };
        // What another tenant has written is its own, whatever the bucket's owner wants made of it.
        if bucket.owner_of(&source.meta) != bucket.tenant {
            return Ok("gone");
        }
        let settings = PictureSettings::of(&bucket.settings)?;
        let Some(rule) = settings.rules.get(&job.rule) else { return Ok("gone") };
        let mut word = "there";
        let mut failed = None;
        for (number, result) in rule.results.iter().enumerate() {
            let Some(process) = rules::process(&result.process, &settings.styles) else { continue };
            let mark = format!("{} {} {number}", source.uid, job.rule);
            let (held, until) = (job.clone(), self.inner.needs.clock.now().plus_ms(self.hold_ms()));
            self.inner.needs.store.write(move |tx| jobs::hold(tx, &held, until)).await.map_err(ObjectsError::from)?;
            match self.store(&bucket, &settings, &source, (process, &result.key), mark).await {
                Ok(true) => word = "made",
                Ok(false) => {}
                Err(error) if error.passes() => return Err(error),
                // The others may well be possible.
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(word), Err)
    }

    /// Makes one result and puts it in its place; tells whether it was not there before.
    async fn store(
        &self,
        bucket: &Arc<Bucket>,
        settings: &PictureSettings,
        source: &Object,
        (process, template): (&str, &str),
        mark: String,
    ) -> Result<bool, PictureError> {
        let pipeline = grammar::parse(process)?;
        let laid = self.own_overlays(bucket, settings, &pipeline).await?;
        let recipe = Recipe::new((Arc::clone(bucket), source.clone()), pipeline, "", laid);
        let (outcome, _) = self.make(recipe).await;
        let picture = outcome.map_err(|error| match Arc::try_unwrap(error) {
            Ok(error) => error,
            Err(shared) => PictureError::Shared(shared),
        })?;
        let key = rules::target(template, &source.key, &picture.about.extension);
        if key == source.key {
            let error = ObjectsError::InvalidState("a rule's result would overwrite its source".to_owned());
            return Err(error.into());
        }
        match self.objects().head(bucket, &key, None).await {
            Ok(there) if there.meta.derived_from.as_ref() == Some(&mark) => return Ok(false),
            Ok(_) | Err(ObjectsError::NoSuchKey { .. } | ObjectsError::IsDeleteMarker { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let headers = Headers {
            content_type: Some(picture.about.media_type.clone()),
            cache_control: source.meta.headers.cache_control.clone(),
            ..Headers::default()
        };
        let meta = Meta { headers, public: source.meta.public, derived_from: Some(mark), ..Meta::default() };
        // Whatever is not in the clear at its source is not in the clear here.
        let encrypt = match &source.meta.sealed {
            Some(Sealed::Node) => Encrypt::Node,
            Some(Sealed::Named { key }) => Encrypt::Named(key.clone()),
            None | Some(Sealed::Customer { .. }) => Encrypt::Default,
        };
        let put = Put { meta, length: Some(picture.body.len() as u64), encrypt, ..Put::default() };
        self.objects().put(bucket, &key, body(picture.body), put).await?;
        Ok(true)
    }
}
