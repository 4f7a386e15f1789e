//! Listings: v1, v2 and versions.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use doorstep_objects::{Bucket, List, ListPage, ListVersions, Object as Known};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

use crate::access::bucket;
use crate::acl_ops::owner;
use crate::convert::{self, limit};
use crate::error::{argument, s3};
use crate::operations::Operations;

/// Writes keys as the caller wants them.
#[derive(Clone, Copy)]
struct Spelling {
    url: bool,
}

impl Spelling {
    fn of(encoding: Option<&EncodingType>) -> S3Result<Self> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self { url: false }),
            Some("url") => Ok(Self { url: true }),
            Some(_) => Err(argument("the encoding type is url")),
        }
    }

    fn write(self, text: String) -> String {
        if self.url { convert::url_encoded(&text) } else { text }
    }
}

impl Spelling {
    /// The prefix of a listing of the first version: clients take it as it is, so it is spelled only where XML
    /// cannot carry it.
    fn write_prefix(self, text: String) -> String {
        let carried = |c: char| c >= ' ' || matches!(c, '\t' | '\n' | '\r');
        if text.chars().all(carried) { text } else { self.write(text) }
    }
}

fn prefixes(found: Vec<String>, spelling: Spelling) -> Vec<CommonPrefix> {
    found.into_iter().map(|p| CommonPrefix { prefix: Some(spelling.write(p)) }).collect()
}

fn algorithms(object: &Known) -> Option<Vec<ChecksumAlgorithm>> {
    let checksum = object.meta.checksum.as_ref()?;
    Some(vec![ChecksumAlgorithm::from_static(checksum.algorithm.as_str())])
}

fn contents(found: Vec<Known>, spelling: Spelling, bucket: &Bucket, owners: bool) -> Vec<Object> {
    let one = |object: Known| Object {
        checksum_algorithm: algorithms(&object),
        checksum_type: object.meta.checksum.as_ref().map(convert::checksum_type),
        e_tag: Some(convert::etag(&object)),
        last_modified: Some(convert::time(object.modified)),
        owner: owners.then(|| owner(bucket.owner_of(&object.meta))),
        size: Some(convert::size(object.size)),
        storage_class: Some(ObjectStorageClass::from_static(object.meta.class.s3())),
        key: Some(spelling.write(object.key)),
        ..Object::default()
    };
    found.into_iter().map(one).collect()
}

fn empty_to_none(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

pub(crate) async fn list_objects(
    face: &Operations,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let (limit, delimiter) = (limit(input.max_keys)?, empty_to_none(input.delimiter));
    let list = List {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone(),
        after: empty_to_none(input.marker.clone()),
        limit,
    };
    let ListPage { objects, prefixes: common, next } = face.objects.list(&bucket, list).await.map_err(s3)?;
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(bucket.name.clone()),
        prefix: Some(spelling.write_prefix(input.prefix.unwrap_or_default())),
        marker: Some(spelling.write(input.marker.unwrap_or_default())),
        max_keys: i32::try_from(limit).ok(),
        is_truncated: Some(next.is_some()),
        contents: Some(contents(objects, spelling, &bucket, true)),
        common_prefixes: Some(prefixes(common, spelling)),
        // S3 tells where to go on only together with a delimiter; without one the last key says it.
        next_marker: next.filter(|_| delimiter.is_some()).map(|n| spelling.write(n)),
        delimiter: delimiter.map(|d| spelling.write(d)),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    }))
}

pub(crate) async fn list_objects_v2(
    face: &Operations,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let (limit, delimiter) = (limit(input.max_keys)?, empty_to_none(input.delimiter));
    let after = match input.continuation_token.as_deref() {
        Some(token) if !token.is_empty() => {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|b| String::from_utf8(b).ok());
            Some(
                bytes
                    .filter(|b| !b.is_empty())
                    .ok_or_else(|| argument("The continuation token provided is incorrect"))?,
            )
        }
        _ => empty_to_none(input.start_after.clone()),
    };
    let list = List { prefix: input.prefix.clone().unwrap_or_default(), delimiter: delimiter.clone(), after, limit };
    let ListPage { objects, prefixes: common, next } = face.objects.list(&bucket, list).await.map_err(s3)?;
    let owners = input.fetch_owner.unwrap_or(false);
    let count = objects.len() + common.len();
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(bucket.name.clone()),
        prefix: Some(spelling.write(input.prefix.unwrap_or_default())),
        max_keys: i32::try_from(limit).ok(),
        key_count: i32::try_from(count).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(next.is_some()),
        next_continuation_token: next.map(|n| BASE64_URL_SAFE_NO_PAD.encode(n)),
        contents: Some(contents(objects, spelling, &bucket, owners)),
        common_prefixes: Some(prefixes(common, spelling)),
        delimiter: delimiter.map(|d| spelling.write(d)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|s| spelling.write(s)),
        ..ListObjectsV2Output::default()
    }))
}

pub(crate) async fn list_object_versions(
    face: &Operations,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let (limit, delimiter) = (limit(input.max_keys)?, empty_to_none(input.delimiter));
    let list = ListVersions {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone(),
        after: empty_to_none(input.key_marker.clone()),
        version: empty_to_none(input.version_id_marker.clone()),
        limit,
    };
    let page = face.objects.list_versions(&bucket, list).await.map_err(s3)?;
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for version in page.versions {
        let object = version.object;
        let id = Some(object.version().to_owned());
        if version.marker {
            markers.push(DeleteMarkerEntry {
                is_latest: Some(version.latest),
                last_modified: Some(convert::time(object.modified)),
                owner: Some(owner(&bucket.tenant)),
                version_id: id,
                key: Some(spelling.write(object.key)),
            });
        } else {
            versions.push(ObjectVersion {
                checksum_algorithm: algorithms(&object),
                checksum_type: object.meta.checksum.as_ref().map(convert::checksum_type),
                e_tag: Some(convert::etag(&object)),
                is_latest: Some(version.latest),
                last_modified: Some(convert::time(object.modified)),
                owner: Some(owner(bucket.owner_of(&object.meta))),
                size: Some(convert::size(object.size)),
                storage_class: Some(ObjectVersionStorageClass::from_static(object.meta.class.s3())),
                version_id: id,
                key: Some(spelling.write(object.key)),
                ..ObjectVersion::default()
            });
        }
    }
    let truncated = page.next.is_some();
    let (next_key, next_version) = page.next.map_or((None, None), |(key, version)| (Some(key), version));
    Ok(S3Response::new(ListObjectVersionsOutput {
        name: Some(bucket.name.clone()),
        prefix: Some(spelling.write(input.prefix.unwrap_or_default())),
        key_marker: Some(spelling.write(input.key_marker.unwrap_or_default())),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        max_keys: i32::try_from(limit).ok(),
        is_truncated: Some(truncated),
        next_key_marker: next_key.map(|k| spelling.write(k)),
        next_version_id_marker: next_version,
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: Some(prefixes(page.prefixes, spelling)),
        delimiter: delimiter.map(|d| spelling.write(d)),
        encoding_type: input.encoding_type,
        ..ListObjectVersionsOutput::default()
    }))
}
