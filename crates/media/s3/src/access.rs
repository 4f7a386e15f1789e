//! May they: who asks for what, and whether the bucket's owner allows it.
//!
//! A key of the bucket's tenant may what its scopes say; everybody else may only read what the owner has
//! made public. A bucket of another tenant is answered as one that may not be touched, not as one that is
//! not there: bucket names are one space for all.

use std::sync::Arc;

use doorstep_identity::{Keys, Principal, Scope};
use doorstep_objects::{Asked, Bucket, Objects, ObjectsError, Verdict};
use s3s::access::{S3Access, S3AccessContext};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::error;
use crate::metered::Payer;

/// Who asks, and the bucket it is about. Operations find it in the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) who: Option<Principal>,
    pub(crate) bucket: Option<Arc<Bucket>>,
}

/// What an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Objects are read.
    Read,
    /// The bucket is listed.
    List,
    /// Objects are written or deleted.
    Write,
    /// The bucket or its settings are changed or looked at.
    Manage,
}

/// The need of an operation by its name in the model.
pub(crate) fn need(operation: &str) -> Need {
    match operation {
        "GetObject" | "HeadObject" | "GetObjectAttributes" => Need::Read,
        "ListObjects" | "ListObjectsV2" | "HeadBucket" | "GetBucketLocation" => Need::List,
        "PutObject"
        | "PostObject"
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

/// Whether `who` may do this with `bucket`; `public` says whether the object itself is for everybody.
pub(crate) fn may(who: Option<&Principal>, bucket: &Bucket, need: Need) -> bool {
    let own = who.filter(|who| who.tenant.as_str() == bucket.tenant);
    let scopes = match need {
        Need::Read | Need::List | Need::Write => [Scope::Operator, Scope::Merchant].as_slice(),
        Need::Manage => [Scope::Operator].as_slice(),
    };
    if own.is_some_and(|who| scopes.iter().any(|scope| who.scopes.allows(*scope))) {
        return true;
    }
    match need {
        Need::Read => bucket.settings.public_read,
        Need::List => bucket.settings.public_list,
        Need::Write | Need::Manage => false,
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
        let need = need(&operation);
        let name = match cx.s3_path() {
            S3Path::Root => None,
            S3Path::Bucket { bucket } | S3Path::Object { bucket, .. } => Some(bucket.to_string()),
        };
        let bucket = match &name {
            Some(name) if operation != "CreateBucket" => Some(self.objects.bucket(name).await.map_err(error::s3)?),
            _ => None,
        };
        if let (Some(expected), Some(bucket)) = (cx.headers().get("x-amz-expected-bucket-owner"), &bucket)
            && expected.as_bytes() != bucket.tenant.as_bytes()
        {
            return Err(error::denied("The bucket's owner is not the one that x-amz-expected-bucket-owner names."));
        }
        let allowed = match &bucket {
            Some(bucket) => {
                let by_policy = policy(cx, &operation, who.as_ref(), bucket);
                // The owner can always repair the bucket's rules.
                let own = may(who.as_ref(), bucket, Need::Manage);
                match by_policy {
                    Verdict::Deny if !(own && need == Need::Manage) => false,
                    Verdict::Allow => true,
                    Verdict::Deny | Verdict::Silent => {
                        may(who.as_ref(), bucket, need) || self.object_is_public(cx, bucket, need).await?
                    }
                }
            }
            None => who.as_ref().is_some_and(|who| {
                let scopes: &[Scope] =
                    if operation == "ListBuckets" { &[Scope::Operator, Scope::Merchant] } else { &[Scope::Operator] };
                scopes.iter().any(|scope| who.scopes.allows(*scope))
            }),
        };
        if !allowed {
            return Err(error::denied("The key may not do this, or there is none and the bucket is not public."));
        }
        let pays = bucket.as_ref().map(|b| b.tenant.as_str()).or(who.as_ref().map(|who| who.tenant.as_str()));
        if let (Some(tenant), Some(payer)) = (pays, cx.extensions_mut().get::<Payer>()) {
            payer.pays(tenant, bucket.as_ref().map(|b| b.name.as_str()), &operation);
        }
        cx.extensions_mut().insert(Caller { who, bucket });
        Ok(())
    }
}

impl Gate {
    /// Whether the one object that is read was made public by its own ACL.
    async fn object_is_public(&self, cx: &S3AccessContext<'_>, bucket: &Bucket, need: Need) -> S3Result<bool> {
        let (Need::Read, S3Path::Object { key, .. }) = (need, cx.s3_path()) else { return Ok(false) };
        let version = version_of(cx.uri().query().unwrap_or_default());
        match self.objects.head(bucket, key, version.as_deref()).await {
            Ok(object) => Ok(object.meta.public),
            Err(ObjectsError::Store(error)) => Err(error::s3(ObjectsError::Store(error))),
            // Whoever may not list does not learn what is there.
            Err(_) => Ok(bucket.settings.public_list),
        }
    }
}

/// The action of a policy that an operation is.
fn action(operation: &str, query: &str) -> String {
    let versioned = if version_of(query).is_some() { "Version" } else { "" };
    match operation {
        "GetObject" | "HeadObject" => format!("s3:GetObject{versioned}"),
        "DeleteObject" => format!("s3:DeleteObject{versioned}"),
        "DeleteObjects" => "s3:DeleteObject".to_owned(),
        "PutObject"
        | "PostObject"
        | "CopyObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload" => "s3:PutObject".to_owned(),
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => "s3:ListBucket".to_owned(),
        "ListObjectVersions" => "s3:ListBucketVersions".to_owned(),
        "ListParts" => "s3:ListMultipartUploadParts".to_owned(),
        "ListMultipartUploads" => "s3:ListBucketMultipartUploads".to_owned(),
        "GetObjectTagging" | "PutObjectTagging" | "DeleteObjectTagging" => {
            format!("s3:{}", operation.replace("Tagging", &format!("{versioned}Tagging")))
        }
        other => format!("s3:{other}"),
    }
}

/// What the bucket's policy says.
fn policy(cx: &S3AccessContext<'_>, operation: &str, who: Option<&Principal>, bucket: &Bucket) -> Verdict {
    let Some(policy) = &bucket.policy else { return Verdict::Silent };
    let query = cx.uri().query().unwrap_or_default();
    let resource = match cx.s3_path() {
        S3Path::Object { key, .. } => format!("{}/{key}", bucket.name),
        // Which objects is in the body: the policy has to speak of all.
        _ if matches!(operation, "DeleteObjects" | "PostObject") => format!("{}/*", bucket.name),
        _ => bucket.name.clone(),
    };
    let header = |name: &str| cx.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let asked_for =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
    let listed = operation.starts_with("List");
    let mut context = Vec::new();
    let mut add = |key, value: Option<String>| context.extend(value.map(|value| (key, value)));
    add("aws:Referer", header("referer"));
    add("aws:UserAgent", header("user-agent"));
    add("s3:x-amz-acl", header("x-amz-acl"));
    add("s3:prefix", asked_for("prefix").and_then(|p| crate::convert::percent_decoded(&p)).filter(|_| listed));
    add("s3:delimiter", asked_for("delimiter").and_then(|d| crate::convert::percent_decoded(&d)).filter(|_| listed));
    add("aws:SecureTransport", Some("false".to_owned()));
    let who = who.map(|who| (who.tenant.as_str(), who.key.as_str()));
    policy.judge(&Asked { who, action: &action(operation, query), resource: &resource, context })
}

fn version_of(query: &str) -> Option<String> {
    query.split('&').find_map(|pair| pair.strip_prefix("versionId=")).map(str::to_owned)
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
        assert_eq!(action("HeadObject", "versionId=a"), "s3:GetObjectVersion");
        assert_eq!(action("PutObjectTagging", ""), "s3:PutObjectTagging");
        assert_eq!(action("GetObjectTagging", "versionId=a"), "s3:GetObjectVersionTagging");
        assert_eq!(version_of("a=b&versionId=abc"), Some("abc".to_owned()));
    }
}
