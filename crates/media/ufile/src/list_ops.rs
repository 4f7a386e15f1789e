//! Lists: of files, of uploads under way, of an upload's parts.

use doorstep_objects::{List, ListUploads, Object};
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, json, known_etag, seconds};
use crate::face::Asked;
use crate::multipart_ops::upload;
use crate::{UfileError, UfileFace};

/// Most entries of a page.
const MOST: u64 = 1000;

/// The number of entries that is asked for.
fn limit(asked: &Asked, name: &'static str, otherwise: u64) -> Result<usize, UfileError> {
    let limit = asked.target.query.number(name)?.unwrap_or(otherwise).min(MOST);
    Ok(usize::try_from(limit).unwrap_or_default())
}

fn kind(object: &Object) -> &str {
    object.meta.headers.content_type.as_deref().unwrap_or("application/octet-stream")
}

/// PrefixFileList.
pub(crate) async fn prefix(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let query = &asked.target.query;
    let list = List {
        prefix: query.get("prefix").unwrap_or_default().to_owned(),
        after: query.text("marker").map(str::to_owned),
        limit: limit(&asked, "limit", 20)?,
        ..List::default()
    };
    let page = face.objects.list(&asked.bucket, list).await?;
    let bucket = &asked.bucket.name;
    let one = |object: &Object| {
        json!({
            "BucketName": bucket,
            // The older name of the field, which SDKs still read, and the newer.
            "FileName": object.key,
            "ObjectName": object.key,
            "Hash": known_etag(object),
            "MimeType": kind(object),
            "Size": object.size,
            "CreateTime": seconds(object.modified),
            "ModifyTime": seconds(object.modified),
            "StorageClass": object.meta.class.ufile(),
        })
    };
    let files: Vec<Value> = page.objects.iter().map(one).collect();
    let told = json!({
        "BucketName": bucket,
        "BucketId": bucket,
        "NextMarker": page.next.unwrap_or_default(),
        "DataSet": files,
    });
    Ok(json(StatusCode::OK, &told))
}

/// ListObjects.
pub(crate) async fn objects(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let query = &asked.target.query;
    let delimiter = query.get("delimiter").unwrap_or_default();
    if !["", "/"].contains(&delimiter) {
        return Err(UfileError::field("delimiter", "only folders are grouped", "send / or nothing"));
    }
    let prefix = query.get("prefix").unwrap_or_default();
    let limit = limit(&asked, "max-keys", 100)?;
    let list = List {
        prefix: prefix.to_owned(),
        delimiter: Some(delimiter.to_owned()).filter(|d| !d.is_empty()),
        after: query.text("marker").map(str::to_owned),
        limit,
    };
    let page = face.objects.list(&asked.bucket, list).await?;
    // A folder is not listed inside itself.
    let itself = |object: &Object| !delimiter.is_empty() && prefix.ends_with('/') && object.key == prefix;
    let one = |object: &Object| {
        json!({
            "Key": object.key,
            "MimeType": kind(object),
            "ETag": known_etag(object),
            "Size": object.size.to_string(),
            "StorageClass": object.meta.class.ufile(),
            "LastModified": seconds(object.modified),
            "CreateTime": seconds(object.modified),
            "UserMeta": object.meta.user,
        })
    };
    let contents: Vec<Value> = page.objects.iter().filter(|o| !itself(o)).map(one).collect();
    let folders: Vec<Value> = page.prefixes.iter().map(|prefix| json!({ "Prefix": prefix })).collect();
    let told = json!({
        "Name": asked.bucket.name,
        "Prefix": prefix,
        "MaxKeys": limit.to_string(),
        "Delimiter": delimiter,
        "IsTruncated": page.next.is_some(),
        "NextMarker": page.next.unwrap_or_default(),
        "Contents": contents,
        "CommonPrefixes": folders,
    });
    Ok(json(StatusCode::OK, &told))
}

/// GetMultiUploadId.
pub(crate) async fn uploads(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let query = &asked.target.query;
    let list = ListUploads {
        prefix: query.get("prefix").unwrap_or_default().to_owned(),
        after: query.text("marker").map(str::to_owned),
        after_id: query.text("upload-id-marker").map(str::to_owned),
        limit: limit(&asked, "limit", 20)?,
        ..ListUploads::default()
    };
    let page = face.objects.list_uploads(&asked.bucket, list).await?;
    let one = |upload: &doorstep_objects::Upload| {
        json!({
            "UploadId": upload.id,
            "FileName": upload.key,
            "StartTime": seconds(upload.initiated),
            "StorageClass": upload.plan.meta.class.ufile(),
        })
    };
    let all: Vec<Value> = page.uploads.iter().map(one).collect();
    let truncated = page.next.is_some();
    let (marker, id) = page.next.unwrap_or_default();
    let told = json!({
        "RetCode": 0,
        "ErrMsg": "",
        "Bucket": asked.bucket.name,
        "NextMarker": marker,
        "UploadIdMarker": id,
        "IsTruncated": truncated,
        "DataSet": all,
    });
    Ok(json(StatusCode::OK, &told))
}

/// ListParts. A marker names the first part that is wanted: parts begin with 0, which is also what SDKs send
/// for the beginning.
pub(crate) async fn parts(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let id = upload(&asked)?;
    let marker = asked.target.query.number("part-number-marker")?.unwrap_or(0);
    let after = u32::try_from(marker).unwrap_or(u32::MAX).checked_sub(1);
    let most = limit(&asked, "max-parts", MOST)?;
    let page = face.objects.list_parts(&asked.bucket, None, id, after, most).await?;
    let one = |part: &doorstep_objects::Part| {
        json!({
            "PartNum": part.number,
            "Etag": part.ufile.as_ref().unwrap_or(&part.etag),
            "LastModified": seconds(part.modified),
            "Size": part.size,
        })
    };
    let parts: Vec<Value> = page.parts.iter().map(one).collect();
    let told = json!({
        "UploadId": id,
        "Bucket": asked.bucket.name,
        "Key": page.upload.key,
        "StorageClass": page.upload.plan.meta.class.ufile(),
        "MaxParts": most,
        "IsTruncated": page.next.is_some(),
        "NextPartNumberMarker": page.next.map_or(0, |last| last + 1),
        "Parts": parts,
    });
    Ok(json(StatusCode::OK, &told))
}
