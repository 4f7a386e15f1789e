//! Uploads: at once, by a form, by hash alone, at the end of a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use doorstep_objects::{Headers, Md5Sum, Meta, Order, Put, StorageClass, body};
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode};
use sync_wrapper::SyncStream;

use crate::answer::{Answer, empty, known_etag, with_etag};
use crate::callback::after;
use crate::face::{Asked, text};
use crate::query::brief;
use crate::{UfileError, UfileFace};

/// What headers call the owner's own words.
pub(crate) const META: &str = "x-ufile-meta-";

/// The owner's own words among the headers.
pub(crate) fn user(headers: &HeaderMap) -> Result<BTreeMap<String, String>, UfileError> {
    let mut all = BTreeMap::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(META).filter(|name| !name.is_empty()) else { continue };
        let value = std::str::from_utf8(value.as_bytes())
            .map_err(|_| UfileError::field("X-Ufile-Meta", format!("`{name}` is no UTF-8"), "write it in UTF-8"))?;
        all.insert(name.to_owned(), value.to_owned());
    }
    Ok(all)
}

/// A storage class in UFile's words.
pub(crate) fn class(word: &str) -> Result<StorageClass, UfileError> {
    match word {
        "STANDARD" => Ok(StorageClass::Standard),
        "IA" => Ok(StorageClass::Infrequent),
        "ARCHIVE" => Ok(StorageClass::Archive),
        other => {
            let fix = "choose among STANDARD, IA, ARCHIVE";
            Err(UfileError::field("storage class", format!("there is no `{}`", brief(other)), fix))
        }
    }
}

/// What an upload says of its object.
pub(crate) fn meta(asked: &Asked) -> Result<Meta, UfileError> {
    let word = |name: &str| asked.header(name).map(str::to_owned);
    let headers = Headers {
        content_type: asked.content_type.clone().filter(|kind| !kind.is_empty()),
        cache_control: word("cache-control"),
        content_disposition: word("content-disposition"),
        content_encoding: word("content-encoding"),
        content_language: word("content-language"),
        ..Headers::default()
    };
    let class = asked.header("x-ufile-storage-class").map(class).transpose()?.unwrap_or_default();
    let public = asked.header("x-ufile-object-acl") == Some("public-read");
    Ok(Meta { headers, user: user(&asked.headers)?, class, public, ..Meta::default() })
}

/// `Content-MD5`: hex, as UFile's SDKs write it, or base64, as HTTP has it.
pub(crate) fn md5(headers: &HeaderMap) -> Result<Option<Md5Sum>, UfileError> {
    let Some(value) = text(headers, "content-md5").filter(|value| !value.is_empty()) else { return Ok(None) };
    let byte = |ix: usize| u8::from_str_radix(value.get(ix * 2..ix * 2 + 2)?, 16).ok();
    let hex = || (0..16).map(byte).collect::<Option<Vec<u8>>>();
    let hexadecimal = value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit());
    let bytes = if hexadecimal { hex() } else { BASE64_STANDARD.decode(value).ok() };
    let bad = || UfileError::field("Content-MD5", "it is no MD5", "write 32 hexadecimal digits");
    bytes.and_then(|bytes| bytes.try_into().ok()).map(Some).ok_or_else(bad)
}

fn how(asked: &Asked) -> Result<Put, UfileError> {
    Ok(Put { meta: meta(asked)?, length: asked.length, md5: md5(&asked.headers)?, ..Put::default() })
}

/// PutFile and PostFile. Where a query asks for a picture, that is stored instead of what is sent.
pub(crate) async fn put(face: &UfileFace, mut asked: Asked) -> Result<Answer, UfileError> {
    let mut how = how(&asked)?;
    let mut bytes = asked.body;
    if let Some(maker) = asked.maker.take() {
        let own = asked.who.as_ref().is_some_and(|who| who.tenant.as_str() == asked.bucket.tenant);
        let order = Order {
            bucket: Arc::clone(&asked.bucket),
            query: asked.target.raw_query.clone(),
            own: own && asked.in_person,
            body: bytes.boxed(),
            length: how.length,
            md5: how.md5.take(),
        };
        let made = maker.make(order).await?;
        how.length = Some(made.bytes.len() as u64);
        // What is said of the upload's bytes does not hold for others.
        (how.meta.headers.content_type, how.meta.headers.content_encoding) = (Some(made.media_type), None);
        bytes = SyncStream::new(body(made.bytes));
    }
    let written = face.objects.put(&asked.bucket, &asked.target.key, bytes, how).await?;
    let plain = with_etag(empty(StatusCode::OK), &known_etag(&written.object));
    after(asked.callback, &face.caller, plain).await
}

/// UploadHit.
pub(crate) async fn hit(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let query = &asked.target.query;
    let none = || UfileError::field("FileSize", "it is missing", "send the size in bytes");
    let size = query.number("FileSize")?.ok_or_else(none)?;
    let hash = query.get("Hash").unwrap_or_default();
    let mut put = Put { meta: meta(&asked)?, ..Put::default() };
    // The request's type says nothing of the file: there is no body.
    put.meta.headers.content_type = None;
    let written = face.objects.hit(&asked.bucket, &asked.target.key, hash, size, put).await?;
    let written = written.ok_or(UfileError::Miss)?;
    Ok(with_etag(empty(StatusCode::OK), &known_etag(&written.object)))
}

/// AppendFile.
pub(crate) async fn append(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let none = || UfileError::field("position", "it is missing", "send the size that the file has");
    let position = asked.target.query.number("position")?.ok_or_else(none)?;
    let how = how(&asked)?;
    let written = face.objects.append(&asked.bucket, &asked.target.key, position, asked.body, how).await?;
    Ok(with_etag(empty(StatusCode::OK), &known_etag(&written.object)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn digests_in_both_forms() {
        let of = |value: &str| md5(&[("content-md5".parse().unwrap(), value.parse().unwrap())].into_iter().collect());
        let hello: Md5Sum = *b"\x5d\x41\x40\x2a\xbc\x4b\x2a\x76\xb9\x71\x9d\x91\x10\x17\xc5\x92";
        assert_eq!(of("5D41402abc4b2a76b9719d911017c592").unwrap(), Some(hello));
        assert_eq!(of("XUFAKrxLKna5cZ2REBfFkg==").unwrap(), Some(hello));
        assert_eq!(of("").unwrap(), None);
        for bad in ["x", "5d41402abc4b2a76b9719d911017c59", "5d41402abc4b2a76b9719d911017c59g"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
