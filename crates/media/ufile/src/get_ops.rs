//! Reading a file, or what is known of it.

use doorstep_objects::{ByteRange, Get, Object, ReadConditions};
use futures::TryStreamExt as _;
use http::{HeaderMap, Method, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use http_body_util::combinators::UnsyncBoxBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::access::owned;
use crate::answer::{Answer, empty, etag, http_date, moment, put, put_named};
use crate::face::Asked;
use crate::put_ops::META;
use crate::{UfileError, UfileFace};

/// What a file name in a header may have as it is (RFC 5987).
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// GetFile and HEADFile.
pub(crate) async fn get(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    if asked.as_source {
        return source(face, &asked).await;
    }
    let head = asked.method == Method::HEAD;
    let word = |name: &str| asked.header(name).map(str::to_owned);
    let wanted = Get {
        range: asked.header("range").filter(|_| !head).and_then(ByteRange::parse),
        conditions: ReadConditions {
            if_match: word("if-match"),
            if_none_match: word("if-none-match"),
            modified_since: asked.header("if-modified-since").and_then(moment),
            unmodified_since: asked.header("if-unmodified-since").and_then(moment),
        },
        ..Get::default()
    };
    let (bucket, key) = (&asked.bucket, &asked.target.key);
    let found = match head {
        true => face.objects.peek(bucket, key, wanted).await?,
        false => face.objects.get(bucket, key, wanted).await?,
    };
    owned(asked.who.as_ref(), bucket, &found.object.meta)?;
    if !head && !found.object.readable(face.objects.now()) {
        return Err(UfileError::NotRestored);
    }
    let tag = etag(&face.objects, bucket, &found.object, &face.config).await?;
    let mut answer = empty(if found.partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK });
    let headers = answer.headers_mut();
    describe(headers, &found.object);
    put(headers, "etag", &format!("\"{tag}\""));
    put(headers, "content-length", &(found.range.end - found.range.start).to_string());
    if found.partial {
        let last = found.range.end.saturating_sub(1);
        put(headers, "content-range", &format!("bytes {}-{last}/{}", found.range.start, found.object.size));
    }
    if let Some(name) = asked.target.query.text("ufileattname") {
        put(headers, "content-disposition", &attachment(name));
    }
    if !head {
        *answer.body_mut() = UnsyncBoxBody::new(StreamBody::new(found.body.map_ok(Frame::data).map_err(Into::into)));
    }
    answer.extensions_mut().insert(asked.granted(found.object));
    Ok(answer)
}

/// The answer to somebody who makes something else of the file: the mark alone.
async fn source(face: &UfileFace, asked: &Asked) -> Result<Answer, UfileError> {
    let object = face.objects.head(&asked.bucket, &asked.target.key, None).await?;
    owned(asked.who.as_ref(), &asked.bucket, &object.meta)?;
    if !object.readable(face.objects.now()) {
        return Err(UfileError::NotRestored);
    }
    let mut answer = empty(StatusCode::OK);
    answer.extensions_mut().insert(asked.granted(object));
    Ok(answer)
}

/// The headers of an object that do not depend on the request.
fn describe(headers: &mut HeaderMap, object: &Object) {
    let known = &object.meta.headers;
    put(headers, "content-type", known.content_type.as_deref().unwrap_or("application/octet-stream"));
    put(headers, "last-modified", &http_date(object.modified));
    put(headers, "x-ufile-create-time", &http_date(object.modified));
    put(headers, "accept-ranges", "bytes");
    put(headers, "x-ufile-storage-class", object.meta.class.ufile());
    for (name, value) in [
        ("cache-control", &known.cache_control),
        ("content-disposition", &known.content_disposition),
        ("content-encoding", &known.content_encoding),
        ("content-language", &known.content_language),
        ("expires", &known.expires),
    ] {
        if let Some(value) = value {
            put(headers, name, value);
        }
    }
    if let Some(until) = object.meta.restored_until {
        let text = format!("ongoing-request=\"false\", expiry-date=\"{}\"", http_date(until));
        put(headers, "x-ufile-restore", &text);
    }
    for (name, value) in &object.meta.user {
        put_named(headers, &format!("{META}{name}"), value);
    }
}

/// A header that lets a browser save the file under this name.
fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_to_save_under() {
        assert_eq!(attachment("a.txt"), "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt");
        assert_eq!(
            attachment("ü\"\r\nx: y"),
            "attachment; filename=\"____x:_y\"; filename*=UTF-8''%C3%BC%22%0D%0Ax%3A%20y"
        );
    }
}
