//! Pictures for whoever looks after a bucket, with no face in between: what the console shows while a pipeline is built.

use std::sync::Arc;

use doorstep_clock::monotonic;
use doorstep_images::grammar;
use doorstep_objects::{Bucket, ObjectsError};

use crate::recipe::Recipe;
use crate::service::count;
use crate::{Picture, PictureError, PictureSettings, Pictures};

impl Pictures {
    /// What `process`, in any grammar, makes of an object. Whether the caller may read it is asked before.
    ///
    /// # Errors
    /// What is wrong with the pipeline, the object or the picture; [`PictureError::Busy`].
    pub async fn preview(
        &self,
        bucket: &Arc<Bucket>,
        key: &str,
        process: &str,
        accept: &str,
    ) -> Result<Picture, PictureError> {
        let started = monotonic();
        let pipeline = grammar::parse(process)?;
        let object = self.objects().head(bucket, key, None).await?;
        if !object.readable(self.now()) {
            return Err(ObjectsError::InvalidState("the object is archived: restore it first".to_owned()).into());
        }
        let settings = PictureSettings::of(&bucket.settings)?;
        let overlays = self.own_overlays(bucket, &settings, &pipeline).await?;
        let recipe = Recipe::new((Arc::clone(bucket), object), pipeline, accept, overlays);
        let (outcome, way) = self.make(recipe).await;
        count(&outcome, way, started.elapsed());
        outcome.map_err(PictureError::Shared)
    }
}
