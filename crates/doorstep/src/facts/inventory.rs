//! The inventory of objects, read from where objects are kept while somebody asks for it.

use doorstep_journal::{
    Record,
    table::{LiveRows, Page, PageFuture},
};
use doorstep_objects::{ListVersions, Objects, Version};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The rows of the table `object_inventory`.
#[derive(Clone)]
pub(crate) struct Inventory(pub(crate) Objects);

impl std::fmt::Debug for Inventory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inventory")
    }
}

/// Where a page begins: in a bucket, behind a key and its version.
#[derive(Debug, Deserialize, Serialize)]
struct Place {
    bucket: String,
    after: Option<(String, Option<String>)>,
}

impl LiveRows for Inventory {
    fn page<'a>(&'a self, tenant: &'a str, from: Option<String>, limit: usize) -> PageFuture<'a> {
        Box::pin(self.read(tenant, from, limit))
    }
}

impl Inventory {
    async fn read(&self, tenant: &str, from: Option<String>, limit: usize) -> Page {
        let place = match from {
            Some(text) => Some(serde_json::from_str::<Place>(&text).map_err(|e| e.to_string())?),
            None => self.bucket_after(tenant, "").await?,
        };
        let Some(Place { bucket, after }) = place else { return Ok((Vec::new(), None)) };
        let found = match self.0.bucket(&bucket).await {
            Ok(found) if found.tenant.as_str() == tenant => found,
            // Deleted meanwhile.
            _ => return Ok((Vec::new(), text(self.bucket_after(tenant, &bucket).await?)?)),
        };
        let (after, version) = after.map_or((None, None), |(key, version)| (Some(key), version));
        let asked = ListVersions { prefix: String::new(), delimiter: None, after, version, limit };
        let listed = self.0.list_versions(&found, asked).await.map_err(|e| e.to_string())?;
        let rows = listed.versions.iter().map(|version| row(tenant, &bucket, version)).collect();
        let next = match listed.next {
            Some(after) => Some(Place { bucket, after: Some(after) }),
            None => self.bucket_after(tenant, &bucket).await?,
        };
        Ok((rows, text(next)?))
    }

    async fn bucket_after(&self, tenant: &str, name: &str) -> Result<Option<Place>, String> {
        let next = self.0.buckets(tenant, "", name, 1).await.map_err(|e| e.to_string())?;
        Ok(next.into_iter().next().map(|bucket| Place { bucket: bucket.name, after: None }))
    }
}

fn text(place: Option<Place>) -> Result<Option<String>, String> {
    place.map(|place| serde_json::to_string(&place).map_err(|e| e.to_string())).transpose()
}

fn row(tenant: &str, bucket: &str, version: &Version) -> Record {
    let object = &version.object;
    let meta = &object.meta;
    let payload = json!({
        "tenant": tenant, "bucket": bucket, "version": object.version(), "latest": version.latest,
        "marker": version.marker, "size": object.size, "etag": object.etag, "class": meta.class,
        "headers": meta.headers, "user": meta.user, "parts": meta.parts,
        "tags": meta.tags.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "locked_until": meta.retention.as_ref().map(|r| r.until), "legal_hold": meta.legal_hold,
    });
    let payload = payload.to_string().into_bytes().into();
    Record { seq: 0, kind: String::new(), key: object.key.clone(), at: object.modified, payload }
}
