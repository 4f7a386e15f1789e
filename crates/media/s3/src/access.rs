//! May they: who asks for what, and whether the bucket's owner allows it.
//!
//! First the bucket's policy speaks. A key of the bucket's tenant may what its scopes say; everybody else what
//! the access lists of the bucket or the object say. A bucket of another tenant is answered as one that may
//! not be touched, not as one that is not there: bucket names are one space for all.

use std::sync::Arc;

use doorstep_identity::{Keys, Principal, Scope};
use doorstep_objects::acl::Permission;
use doorstep_objects::{Bucket, Meta, Need, Objects, ObjectsError, Served, Verdict, listed};
use s3s::access::{S3Access, S3AccessContext};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::asked::{Spoken, may_list, policy, stranger, version_of};
use crate::error;
use crate::form::POST_OBJECT;
use crate::metered::Payer;

/// Who asks, and the bucket it is about. Operations find it in the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) who: Option<Principal>,
    pub(crate) bucket: Option<Arc<Bucket>>,
    /// Let in as a key of the bucket's tenant, not by a policy or a list.
    by_tenant: bool,
}

/// Tenant and key, as policies name them.
pub(crate) fn names(who: Option<&Principal>) -> Option<(&str, &str)> {
    who.map(|who| (who.tenant.as_str(), who.key.as_str()))
}

/// The need of an operation by its name in the model.
pub(crate) fn need(operation: &str) -> Need {
    match operation {
        "GetObject" | "HeadObject" | "GetObjectAttributes" => Need::Read,
        "ListObjects" | "ListObjectsV2" | "HeadBucket" | "GetBucketLocation" => Need::List,
        "PutObject"
        | POST_OBJECT
        | "CopyObject"
        | "DeleteObject"
        | "DeleteObjects"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload"
        | "AbortMultipartUpload"
        | "ListParts"
        | "ListMultipartUploads"
        | "ListObjectVersions"
        | "GetObjectTagging"
        | "PutObjectTagging"
        | "DeleteObjectTagging"
        | "GetObjectAcl"
        | "PutObjectAcl"
        | "RestoreObject"
        | "ListBuckets"
        | "GetObjectRetention"
        | "GetObjectLegalHold" => Need::Write,
        _ => Need::Manage,
    }
}

/// Which line of which list lets others do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Bucket(Permission),
    Object(Permission),
    None,
}

fn line(operation: &str) -> Line {
    match operation {
        "GetObject" | "HeadObject" | "GetObjectAttributes" => Line::Object(Permission::Read),
        "GetObjectAcl" => Line::Object(Permission::ReadAcp),
        "PutObjectAcl" => Line::Object(Permission::WriteAcp),
        "GetObjectTagging" | "PutObjectTagging" | "DeleteObjectTagging" => Line::Object(Permission::FullControl),
        "ListObjects" | "ListObjectsV2" | "HeadBucket" | "ListObjectVersions" | "ListMultipartUploads" => {
            Line::Bucket(Permission::Read)
        }
        "PutObject"
        | POST_OBJECT
        | "CopyObject"
        | "DeleteObject"
        | "DeleteObjects"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload"
        | "AbortMultipartUpload"
        | "ListParts" => Line::Bucket(Permission::Write),
        "GetBucketAcl" => Line::Bucket(Permission::ReadAcp),
        "PutBucketAcl" => Line::Bucket(Permission::WriteAcp),
        _ => Line::None,
    }
}

/// Refuses a key of the bucket's tenant what another tenant's object does not allow it.
pub(crate) fn owned(caller: &Caller, bucket: &Bucket, meta: &Meta, wanted: Permission) -> S3Result<()> {
    if caller.by_tenant && !bucket.yields(caller.who.as_ref(), meta, wanted) {
        return Err(error::denied("The object is another tenant's, who has not granted this."));
    }
    Ok(())
}

/// Whether the list of an object, or its bucket's, lets `who` do something with it.
async fn object_lets(
    objects: &Objects,
    who: Option<&Principal>,
    bucket: &Bucket,
    key: &str,
    version: Option<&str>,
    wanted: Permission,
) -> S3Result<bool> {
    let all = bucket.settings.public_read && !bucket.settings.ignores_public_acls();
    if wanted == Permission::Read && all {
        return Ok(true);
    }
    match objects.head(bucket, key, version).await {
        Ok(object) => Ok(bucket.lets_object(&object.meta, listed(who), wanted)),
        Err(ObjectsError::Store(error)) => Err(error::s3(ObjectsError::Store(error))),
        // Whoever may not list does not learn what is there.
        Err(_) => Ok(bucket.lets(listed(who), Permission::Read) || may_list(names(who), bucket, key)),
    }
}

/// Whether `who` may read an object, the policy aside: the source of a copy.
pub(crate) async fn may_read(
    objects: &Objects,
    who: Option<&Principal>,
    bucket: &Bucket,
    key: &str,
    version: Option<&str>,
) -> S3Result<bool> {
    if !Need::Read.owns(who, bucket) {
        return object_lets(objects, who, bucket, key, version, Permission::Read).await;
    }
    match objects.head(bucket, key, version).await {
        Ok(object) if bucket.owner_of(&object.meta) != bucket.tenant => {
            Ok(bucket.lets_object(&object.meta, listed(who), Permission::Read))
        }
        _ => Ok(true),
    }
}

/// Whether somebody without a key may read an object: a page of a website.
pub(crate) async fn stranger_may_read(
    objects: &Objects,
    bucket: &Bucket,
    key: &str,
    headers: &http::HeaderMap,
) -> S3Result<bool> {
    match stranger(bucket, key, headers) {
        Verdict::Deny => Ok(false),
        Verdict::Allow if !bucket.restricts_its_policy() => Ok(true),
        Verdict::Allow | Verdict::Silent => object_lets(objects, None, bucket, key, None, Permission::Read).await,
    }
}

/// The answers to the wire's question.
pub(crate) struct Gate {
    pub(crate) objects: Objects,
    pub(crate) keys: Keys,
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let who = match cx.credentials() {
            Some(credentials) => {
                let found = self.keys.signing_secret(&credentials.access_key).await;
                Some(found.map_err(|e| error::identity(&e))?.0)
            }
            None => None,
        };
        let operation = cx.s3_op().name().to_owned();
        let name = match cx.s3_path() {
            S3Path::Root => None,
            S3Path::Bucket { bucket } | S3Path::Object { bucket, .. } => Some(bucket.to_string()),
        };
        let bucket = match &name {
            Some(name) if operation != "CreateBucket" => Some(self.objects.bucket(name).await.map_err(error::s3)?),
            _ => None,
        };
        let payer = cx.extensions_mut().get::<Payer>().cloned().unwrap_or_default();
        if let Some(bucket) = &bucket {
            let key = match cx.s3_path() {
                S3Path::Object { key, .. } => Some(key.to_string()),
                _ => None,
            };
            let (bucket, operation, who) = (Arc::clone(bucket), operation.clone().into(), who.clone());
            payer.asks(Served { bucket, key, operation, who, let_in: false });
        }
        if let (Some(expected), Some(bucket)) = (cx.headers().get("x-amz-expected-bucket-owner"), &bucket)
            && expected.as_bytes() != bucket.tenant.as_bytes()
        {
            return Err(error::denied("The bucket's owner is not the one that x-amz-expected-bucket-owner names."));
        }
        let by_tenant = match &bucket {
            Some(bucket) => {
                let key = match cx.s3_path() {
                    S3Path::Object { key, .. } => Some(&**key),
                    _ => None,
                };
                let query = cx.uri().query().unwrap_or_default();
                let spoken = Spoken { operation: &operation, key, query, headers: cx.headers() };
                self.let_in(&spoken, who.as_ref(), bucket).await?
            }
            None => who
                .as_ref()
                .is_some_and(|who| {
                    let scopes: &[Scope] = if operation == "ListBuckets" {
                        &[Scope::Operator, Scope::Merchant]
                    } else {
                        &[Scope::Operator]
                    };
                    scopes.iter().any(|scope| who.scopes.allows(*scope))
                })
                .then_some(true),
        };
        let refused = || error::denied("The key may not do this, or there is none and the bucket is not public.");
        let by_tenant = by_tenant.ok_or_else(refused)?;
        let pays = bucket.as_ref().map(|b| b.tenant.as_str()).or(who.as_ref().map(|who| who.tenant.as_str()));
        if let Some(tenant) = pays {
            payer.pays(tenant, bucket.as_ref().map(|b| b.name.as_str()), &operation);
        }
        cx.extensions_mut().insert(Caller { who, bucket, by_tenant });
        Ok(())
    }
}

impl Gate {
    /// The caller of what is asked, if they may.
    pub(crate) async fn admit(
        &self,
        spoken: &Spoken<'_>,
        who: Option<Principal>,
        bucket: &Arc<Bucket>,
    ) -> S3Result<Option<Caller>> {
        let by_tenant = self.let_in(spoken, who.as_ref(), bucket).await?;
        Ok(by_tenant.map(|by_tenant| Caller { who, bucket: Some(Arc::clone(bucket)), by_tenant }))
    }

    /// Whether somebody may, and if so whether as a key of the bucket's tenant.
    async fn let_in(&self, spoken: &Spoken<'_>, who: Option<&Principal>, bucket: &Bucket) -> S3Result<Option<bool>> {
        let Spoken { operation, key, query, .. } = *spoken;
        let version = version_of(query);
        let tagged = bucket.policy.as_ref().is_some_and(|policy| policy.asks_for_tags());
        let object = match key.filter(|_| tagged) {
            Some(key) => self.objects.head(bucket, key, version.as_deref()).await.ok(),
            None => None,
        };
        let verdict = policy(spoken, who, bucket, object.as_ref());
        let own = who.is_some_and(|who| who.tenant.as_str() == bucket.tenant);
        // The owner can always repair the policy itself.
        let repairs = operation.ends_with("BucketPolicy") && Need::Manage.owns(who, bucket);
        if verdict == Verdict::Deny && !repairs {
            return Ok(None);
        }
        if need(operation).owns(who, bucket) {
            return Ok(Some(true));
        }
        if verdict == Verdict::Allow && (own || !bucket.restricts_its_policy()) {
            return Ok(Some(false));
        }
        let granted = match (line(operation), key) {
            (Line::Bucket(wanted), _) => {
                let all =
                    wanted == Permission::Read && bucket.settings.public_list && !bucket.settings.ignores_public_acls();
                all || bucket.lets(listed(who), wanted)
            }
            (Line::Object(wanted), Some(key)) => {
                object_lets(&self.objects, who, bucket, key, version.as_deref(), wanted).await?
            }
            (Line::Object(_), None) | (Line::None, _) => false,
        };
        Ok(granted.then_some(false))
    }
}

/// The caller and bucket of a request that the gate has let through.
pub(crate) fn caller<T>(request: &s3s::S3Request<T>) -> S3Result<Caller> {
    let internal = || S3Error::with_message(S3ErrorCode::InternalError, "The request did not pass the gate.");
    request.extensions.get::<Caller>().cloned().ok_or_else(internal)
}

/// The bucket that the operation is about.
pub(crate) fn bucket<T>(request: &s3s::S3Request<T>) -> S3Result<Arc<Bucket>> {
    let missing = || S3Error::with_message(S3ErrorCode::NoSuchBucket, "The request names no bucket.");
    caller(request)?.bucket.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_needs_most() {
        assert_eq!(need("GetObject"), Need::Read);
        assert_eq!(need("PutBucketPolicy"), Need::Manage);
        assert_eq!(need("SomethingNew"), Need::Manage);
        assert_eq!(line("SomethingNew"), Line::None);
        assert_eq!(line("DeleteObjects"), Line::Bucket(Permission::Write));
    }
}
