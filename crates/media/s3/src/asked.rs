//! A request in the words of bucket policies: its action, its resource, and the keys that conditions ask for.

use doorstep_identity::Principal;
use doorstep_objects::{Asked, Bucket, Object, Verdict};
use http::HeaderMap;

use crate::form::POST_OBJECT;

/// Headers that conditions can ask for as `s3:<header>`.
const HEADERS: [&str; 12] = [
    "x-amz-acl",
    "x-amz-grant-read",
    "x-amz-grant-write",
    "x-amz-grant-read-acp",
    "x-amz-grant-write-acp",
    "x-amz-grant-full-control",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-storage-class",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
];

/// The action of a policy that an operation is.
pub(crate) fn action(operation: &str, query: &str) -> String {
    let versioned = if version_of(query).is_some() { "Version" } else { "" };
    let word = match operation {
        "GetObject" | "HeadObject" => return format!("s3:GetObject{versioned}"),
        "DeleteObject" => return format!("s3:DeleteObject{versioned}"),
        "GetObjectTagging" | "PutObjectTagging" | "DeleteObjectTagging" => {
            return format!("s3:{}", operation.replace("Tagging", &format!("{versioned}Tagging")));
        }
        "GetObjectAcl" | "PutObjectAcl" => {
            return format!("s3:{}", operation.replace("Acl", &format!("{versioned}Acl")));
        }
        "DeleteObjects" => "DeleteObject",
        "PutObject"
        | POST_OBJECT
        | "CopyObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload" => "PutObject",
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => "ListBucket",
        "ListObjectVersions" => "ListBucketVersions",
        "ListParts" => "ListMultipartUploadParts",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => "PutBucketPublicAccessBlock",
        "GetBucketEncryption" => "GetEncryptionConfiguration",
        "PutBucketEncryption" | "DeleteBucketEncryption" => "PutEncryptionConfiguration",
        "GetBucketLifecycleConfiguration" => "GetLifecycleConfiguration",
        "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => "PutLifecycleConfiguration",
        "GetBucketNotificationConfiguration" => "GetBucketNotification",
        "PutBucketNotificationConfiguration" => "PutBucketNotification",
        "DeleteBucketCors" => "PutBucketCORS",
        "DeleteBucketTagging" => "PutBucketTagging",
        "DeleteBucketOwnershipControls" => "PutBucketOwnershipControls",
        "GetObjectLockConfiguration" => "GetBucketObjectLockConfiguration",
        "PutObjectLockConfiguration" => "PutBucketObjectLockConfiguration",
        other => other,
    };
    format!("s3:{word}")
}

pub(crate) fn version_of(query: &str) -> Option<String> {
    query.split('&').find_map(|pair| pair.strip_prefix("versionId=")).map(str::to_owned)
}

fn query_word(query: &str, name: &str) -> Option<String> {
    let raw = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    crate::convert::percent_decoded(raw)
}

/// What is asked, as far as policies look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spoken<'a> {
    /// By its name in the model.
    pub(crate) operation: &'a str,
    /// The object, if it is about one.
    pub(crate) key: Option<&'a str>,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

/// What the bucket's policy says. `object` is what is there, where the policy asks for its tags.
pub(crate) fn policy(
    spoken: &Spoken<'_>,
    who: Option<&Principal>,
    bucket: &Bucket,
    object: Option<&Object>,
) -> Verdict {
    let Some(policy) = &bucket.policy else { return Verdict::Silent };
    let Spoken { operation, query, .. } = *spoken;
    let resource = match spoken.key {
        Some(key) => format!("{}/{key}", bucket.name),
        // Which objects is in the body: the policy has to speak of all.
        None if operation == "DeleteObjects" => format!("{}/*", bucket.name),
        None => bucket.name.clone(),
    };
    let header = |name: &str| spoken.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let mut context: Vec<(String, String)> = vec![("aws:SecureTransport".to_owned(), "false".to_owned())];
    let mut add = |key: String, value: Option<String>| context.extend(value.map(|value| (key, value)));
    add("aws:Referer".to_owned(), header("referer"));
    add("aws:UserAgent".to_owned(), header("user-agent"));
    for name in HEADERS {
        add(format!("s3:{name}"), header(name));
    }
    if operation.starts_with("List") {
        for name in ["prefix", "delimiter", "max-keys"] {
            add(format!("s3:{name}"), query_word(query, name));
        }
    }
    let sent = header("x-amz-tagging").and_then(|text| crate::convert::tags_of_header(&text).ok());
    for (name, value) in sent.into_iter().flatten() {
        add(format!("s3:RequestObjectTag/{name}"), Some(value));
    }
    for (name, value) in object.iter().flat_map(|object| &object.meta.tags) {
        add(format!("s3:ExistingObjectTag/{name}"), Some(value.clone()));
    }
    let who = who.map(|who| (who.tenant.as_str(), who.key.as_str()));
    policy.judge(&Asked { who, action: &action(operation, query), resource: &resource, context })
}

/// What the policy says of a page that is asked for without a key.
pub(crate) fn stranger(bucket: &Bucket, key: &str, headers: &http::HeaderMap) -> Verdict {
    let Some(policy) = &bucket.policy else { return Verdict::Silent };
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let mut context = vec![("aws:SecureTransport".to_owned(), "false".to_owned())];
    context.extend(header("referer").map(|value| ("aws:Referer".to_owned(), value)));
    context.extend(header("user-agent").map(|value| ("aws:UserAgent".to_owned(), value)));
    let resource = format!("{}/{key}", bucket.name);
    policy.judge(&Asked { who: None, action: "s3:GetObject", resource: &resource, context })
}

/// Whether the policy lets somebody list keys like this one.
pub(crate) fn may_list(who: Option<(&str, &str)>, bucket: &Bucket, key: &str) -> bool {
    bucket.policy.as_ref().is_some_and(|policy| {
        let context = vec![("s3:prefix".to_owned(), key.to_owned())];
        policy.judge(&Asked { who, action: "s3:ListBucket", resource: &bucket.name, context }) == Verdict::Allow
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_the_names_of_policies() {
        assert_eq!(action("HeadObject", "versionId=a"), "s3:GetObjectVersion");
        assert_eq!(action("PutObjectTagging", ""), "s3:PutObjectTagging");
        assert_eq!(action("GetObjectTagging", "versionId=a"), "s3:GetObjectVersionTagging");
        assert_eq!(action("GetPublicAccessBlock", ""), "s3:GetBucketPublicAccessBlock");
        assert_eq!(version_of("a=b&versionId=abc"), Some("abc".to_owned()));
    }
}
