//! Copies of files and of parts, and new names.

use std::sync::Arc;

use doorstep_objects::{Bucket, ByteRange, Copy, Directive, Need, PartCopy, ReadConditions, WriteConditions};
use http::StatusCode;
use percent_encoding::percent_decode_str;

use crate::access::{READ, owned, permit};
use crate::answer::{Answer, empty, known_etag, put, with_etag};
use crate::face::Asked;
use crate::multipart_ops::{number, stored, upload};
use crate::put_ops::{class, user};
use crate::{UfileError, UfileFace};

/// The source that a copy names, if its caller may read it.
async fn source(face: &UfileFace, asked: &Asked) -> Result<(Arc<Bucket>, String), UfileError> {
    let bad = || {
        UfileError::field(
            "X-Ufile-Copy-Source",
            "it is not /bucket/key",
            "write /bucket/key, percent-encoded, in UTF-8",
        )
    };
    let text = asked.header("x-ufile-copy-source").ok_or_else(bad)?;
    let text = percent_decode_str(text.strip_prefix('/').unwrap_or(text)).decode_utf8().map_err(|_| bad())?;
    let (bucket, key) = text.split_once('/').filter(|(_, key)| !key.is_empty()).ok_or_else(bad)?;
    let bucket = face.objects.bucket(bucket).await?;
    permit(&face.objects, asked.who.as_ref(), &bucket, key, READ, &asked.headers).await?;
    owned(asked.who.as_ref(), &bucket, &face.objects.head(&bucket, key, None).await?.meta)?;
    Ok((bucket, key.to_owned()))
}

/// Copy.
pub(crate) async fn copy(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let (from, from_key) = source(face, &asked).await?;
    let replace = match asked.header("x-ufile-metadata-directive") {
        None | Some("COPY") => false,
        Some("REPLACE") => true,
        Some(_) => {
            let reason = "there is no such directive";
            return Err(UfileError::field("X-Ufile-Metadata-Directive", reason, "choose COPY or REPLACE"));
        }
    };
    let class = asked.header("x-ufile-storage-class").map(class).transpose()?;
    let mut copy = Copy { class, ..Copy::default() };
    if replace {
        // The request's Content-Type is that of the request, in most SDKs: the file keeps its own.
        let object = face.objects.head(&from, &from_key, None).await?;
        copy.meta = Directive::Replace((object.meta.headers.clone(), user(&asked.headers)?));
        copy.source = ReadConditions { if_match: Some(object.etag), ..ReadConditions::default() };
    }
    let written = face.objects.copy(&from, &from_key, &asked.bucket, &asked.target.key, copy).await?;
    Ok(with_etag(empty(StatusCode::OK), &known_etag(&written.object)))
}

/// UploadPartCopy.
pub(crate) async fn part(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let (from, from_key) = source(face, &asked).await?;
    let bad = || UfileError::field("X-Ufile-Copy-Source-Range", "it is no range", "write bytes=first-last");
    let range = match asked.header("x-ufile-copy-source-range") {
        None => None,
        Some(text) => match ByteRange::parse(text).ok_or_else(bad)? {
            range @ ByteRange::From { last: Some(_), .. } => Some(range),
            _ => return Err(bad()),
        },
    };
    let size = face.objects.head(&from, &from_key, None).await?.size;
    let copy = PartCopy { range, ..PartCopy::default() };
    let (id, number) = (upload(&asked)?, number(&asked)?);
    let (bucket, key) = (&asked.bucket, &asked.target.key);
    let part = face.objects.copy_part(&from, &from_key, bucket, key, id, number, copy).await?;
    let mut answer = stored(&part);
    if let Some(ByteRange::From { first, last: Some(last) }) = range {
        put(answer.headers_mut(), "content-range", &format!("bytes {first}-{last}/{size}"));
    }
    Ok(answer)
}

/// Rename: inside the bucket, in one step.
pub(crate) async fn rename(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let query = &asked.target.query;
    let none = || UfileError::field("newFileName", "it is empty", "send the new name");
    let to = query.text("newFileName").ok_or_else(none)?;
    let (bucket, from) = (&asked.bucket, &asked.target.key);
    // It writes the new name, which the call was let through for the old one only, and deletes the old.
    for (key, action) in [(to, "s3:PutObject"), (from.as_str(), "s3:DeleteObject")] {
        permit(&face.objects, asked.who.as_ref(), bucket, key, (Need::Write, action), &asked.headers).await?;
    }
    let force = query.get("force").is_some_and(|force| force.eq_ignore_ascii_case("true"));
    let target = WriteConditions { if_none_match: (!force).then(|| "*".to_owned()), ..WriteConditions::default() };
    let written = face.objects.rename(bucket, from, to, target).await?;
    Ok(with_etag(empty(StatusCode::OK), &known_etag(&written.object)))
}
