//! Uploads in parts: 4 MiB each, from number 0.

use doorstep_objects::{Complete, CompletedPart, NewUpload, PutPart, UFILE_BLOCK};
use http::StatusCode;
use serde_json::json;

use crate::answer::{Answer, empty, etag, json, with_etag};
use crate::callback::after;
use crate::change_ops::small_body;
use crate::face::Asked;
use crate::put_ops::{md5, meta, user};
use crate::query::brief;
use crate::{UfileError, UfileFace};

/// The list of parts that ends an upload, at most, bytes.
const MOST_LIST: usize = 4 << 20;

/// The upload that a request is about.
pub(crate) fn upload(asked: &Asked) -> Result<&str, UfileError> {
    let query = &asked.target.query;
    // JuiceFS's abort writes the second.
    let id = query.text("uploadId").or_else(|| query.text("uploads"));
    id.ok_or_else(|| UfileError::field("uploadId", "it is missing", "send the UploadId that the upload was begun with"))
}

/// The number of a part.
pub(crate) fn number(asked: &Asked) -> Result<u32, UfileError> {
    let none = || UfileError::field("partNumber", "it is missing", "number the parts from 0");
    let number = asked.target.query.number("partNumber")?.ok_or_else(none)?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The answer to a part that is stored.
pub(crate) fn stored(part: &doorstep_objects::Part) -> Answer {
    let answer = json(StatusCode::OK, &json!({ "PartNumber": part.number }));
    with_etag(answer, part.ufile.as_ref().unwrap_or(&part.etag))
}

/// InitiateMultipartUpload.
pub(crate) async fn initiate(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let mut meta = meta(&asked)?;
    // The Python SDK says `text/plain` here and the file's type with the parts: theirs counts.
    if meta.headers.content_type.as_deref() == Some("text/plain") {
        meta.headers.content_type = None;
    }
    let new = NewUpload { meta, ..NewUpload::default() };
    let upload = face.objects.create_upload(&asked.bucket, &asked.target.key, new).await?;
    let told = json!({ "UploadId": upload.id, "BlkSize": UFILE_BLOCK, "Bucket": asked.bucket.name, "Key": upload.key });
    Ok(json(StatusCode::OK, &told))
}

/// UploadPart.
pub(crate) async fn part(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let (id, number) = (upload(&asked)?.to_owned(), number(&asked)?);
    let content_type = asked.content_type.filter(|kind| !kind.is_empty());
    let put = PutPart { length: asked.length, md5: md5(&asked.headers)?, content_type, ..PutPart::default() };
    let part = face.objects.put_part(&asked.bucket, &asked.target.key, &id, number, asked.body, put).await?;
    Ok(stored(&part))
}

/// The parts that end an upload: their ETags in order, with quotes or without.
fn named(list: &str) -> Result<Vec<CompletedPart>, UfileError> {
    let bad = |reason: String| UfileError::field("body", reason, "send the parts' ETags in order, joined by commas");
    let one = |(ix, etag): (usize, &str)| {
        let etag = etag.trim().trim_matches('"');
        if etag.is_empty() || etag.len() > 64 {
            return Err(bad(format!("`{}` is no ETag", brief(etag))));
        }
        Ok(CompletedPart { number: u32::try_from(ix).unwrap_or(u32::MAX), etag: etag.to_owned(), checksum: None })
    };
    list.trim().split(',').enumerate().map(one).collect()
}

/// FinishMultipartUpload.
pub(crate) async fn finish(face: &UfileFace, mut asked: Asked) -> Result<Answer, UfileError> {
    let id = upload(&asked)?.to_owned();
    let list = small_body(face, &mut asked, MOST_LIST).await?;
    let list = std::str::from_utf8(&list).map_err(|_| UfileError::field("body", "it is no UTF-8", "send ETags"))?;
    let replace = match asked.header("x-ufile-metadata-directive") {
        None | Some("UNCHANGED") => false,
        Some("REPLACE") => true,
        Some(_) => {
            let reason = "there is no such directive";
            return Err(UfileError::field("X-Ufile-Metadata-Directive", reason, "choose UNCHANGED or REPLACE"));
        }
    };
    let query = &asked.target.query;
    let complete = Complete {
        parts: named(list)?,
        multiple: Some(UFILE_BLOCK as u64),
        all: true,
        key_if_taken: query.text("newKey").or_else(|| query.text("newObject")).map(str::to_owned),
        user: replace.then(|| user(&asked.headers)).transpose()?,
        content_type: asked.content_type.clone().filter(|kind| !kind.is_empty() && kind != "text/plain"),
        ..Complete::default()
    };
    let written = face.objects.complete_upload(&asked.bucket, &asked.target.key, &id, complete).await?;
    let object = written.object;
    let told = json!({ "Bucket": asked.bucket.name, "Key": object.key, "FileSize": object.size });
    let tag = etag(&face.objects, &asked.bucket, &object, &face.config).await?;
    after(asked.callback, &face.caller, with_etag(json(StatusCode::OK, &told), &tag)).await
}

/// AbortMultipartUpload.
pub(crate) async fn abort(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    face.objects.abort_upload(&asked.bucket, &asked.target.key, upload(&asked)?).await?;
    Ok(empty(StatusCode::OK))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_parts() {
        let parts = named("\"abc\",def ,\"g\"\n").unwrap();
        let told: Vec<(u32, &str)> = parts.iter().map(|p| (p.number, p.etag.as_str())).collect();
        assert_eq!(told, [(0, "abc"), (1, "def"), (2, "g")]);
        for bad in ["", ",", "a,", "a,,b", &"x".repeat(65)] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
