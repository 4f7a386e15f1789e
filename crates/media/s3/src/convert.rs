//! Between S3's words and the engine's.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use doorstep_clock::Timestamp;
use doorstep_objects::{
    Algorithm, Checksum, Expected, Headers, LockMode, Md5Sum, Meta, Object, Retention, StorageClass,
};
use s3s::dto;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders};

use crate::error::argument;

/// A moment as the wire has it.
pub(crate) fn time(at: Timestamp) -> dto::Timestamp {
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    (SystemTime::UNIX_EPOCH + Duration::from_millis(millis)).into()
}

/// A moment of the wire.
pub(crate) fn moment(at: &dto::Timestamp) -> Timestamp {
    let mut text = Vec::new();
    // The wire's type gives its moment as text only.
    let written = at.format(dto::TimestampFormat::DateTime, &mut text);
    let text = written.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default();
    Timestamp::parse(&text).unwrap_or_default()
}

/// A moment as HTTP's headers have it.
pub(crate) fn http_date(at: Timestamp) -> String {
    let mut text = Vec::new();
    let written = time(at).format(dto::TimestampFormat::HttpDate, &mut text);
    written.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default()
}

pub(crate) fn etag(object: &Object) -> dto::ETag {
    dto::ETag::Strong(object.etag.clone())
}

/// A condition as the engine reads it.
pub(crate) fn condition(condition: &dto::ETagCondition) -> String {
    match condition.as_etag() {
        Some(tag) => tag.value().to_owned(),
        None => "*".to_owned(),
    }
}

/// A number of entries, held to what S3 allows.
pub(crate) fn limit(asked: Option<i32>) -> S3Result<usize> {
    match asked {
        None => Ok(1000),
        Some(n) if n < 0 => Err(argument("the number of entries must not be negative")),
        Some(n) => Ok(usize::try_from(n).unwrap_or(0).min(1000)),
    }
}

pub(crate) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(crate) fn length(bytes: Option<i64>) -> S3Result<Option<u64>> {
    bytes.map(|n| u64::try_from(n).map_err(|_| argument("the length must not be negative"))).transpose()
}

/// `Content-MD5`.
pub(crate) fn md5(text: Option<&str>) -> S3Result<Option<Md5Sum>> {
    let Some(text) = text else { return Ok(None) };
    let sum = BASE64_STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    sum.map(Some)
        .ok_or_else(|| S3Error::with_message(S3ErrorCode::InvalidDigest, "Content-MD5 is not 16 bytes in base64"))
}

/// The five headers of checksums.
pub(crate) struct Sums<'a> {
    pub(crate) crc32: Option<&'a String>,
    pub(crate) crc32c: Option<&'a String>,
    pub(crate) crc64nvme: Option<&'a String>,
    pub(crate) sha1: Option<&'a String>,
    pub(crate) sha256: Option<&'a String>,
}

macro_rules! sums {
    ($input:expr) => {
        $crate::convert::Sums {
            crc32: $input.checksum_crc32.as_ref(),
            crc32c: $input.checksum_crc32c.as_ref(),
            crc64nvme: $input.checksum_crc64nvme.as_ref(),
            sha1: $input.checksum_sha1.as_ref(),
            sha256: $input.checksum_sha256.as_ref(),
        }
    };
}
pub(crate) use sums;

impl Sums<'_> {
    /// The one that was sent, if any.
    pub(crate) fn sent(&self) -> S3Result<Option<(Algorithm, String)>> {
        let all = [
            (Algorithm::Crc32, self.crc32),
            (Algorithm::Crc32c, self.crc32c),
            (Algorithm::Crc64nvme, self.crc64nvme),
            (Algorithm::Sha1, self.sha1),
            (Algorithm::Sha256, self.sha256),
        ];
        let mut sent = all.into_iter().filter_map(|(algorithm, value)| Some((algorithm, value?.clone())));
        let first = sent.next();
        if sent.next().is_some() {
            return Err(S3Error::with_message(
                S3ErrorCode::InvalidRequest,
                "Expecting a single x-amz-checksum- header",
            ));
        }
        if let Some((algorithm, value)) = &first {
            let bytes = BASE64_STANDARD.decode(value).map(|b| b.len()).unwrap_or(0);
            let wanted = match algorithm {
                Algorithm::Crc32 | Algorithm::Crc32c => 4,
                Algorithm::Crc64nvme => 8,
                Algorithm::Sha1 => 20,
                Algorithm::Sha256 => 32,
            };
            if bytes != wanted {
                let message =
                    format!("Value for x-amz-checksum-{} header is invalid.", algorithm.as_str().to_lowercase());
                return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
            }
        }
        Ok(first)
    }
}

/// What checksum comes with a body: in a header, behind the body, or only wanted.
pub(crate) fn expected(
    sums: &Sums<'_>,
    wanted: Option<&dto::ChecksumAlgorithm>,
    headers: &http::HeaderMap,
    trailing: Option<TrailingHeaders>,
) -> S3Result<Option<(Algorithm, Expected)>> {
    if let Some((algorithm, value)) = sums.sent()? {
        return Ok(Some((algorithm, Expected::Value(value))));
    }
    let announced = headers.get("x-amz-trailer").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let behind = announced
        .split(',')
        .find_map(|name| Algorithm::parse(name.trim().to_ascii_lowercase().strip_prefix("x-amz-checksum-")?));
    if let (Some(algorithm), Some(trailing)) = (behind, trailing) {
        let name = format!("x-amz-checksum-{}", algorithm.as_str().to_lowercase());
        let ask = move || trailing.read(|h| h.get(&name).and_then(|v| v.to_str().ok()).map(str::to_owned)).flatten();
        return Ok(Some((algorithm, Expected::Trailing(Box::new(ask)))));
    }
    match wanted {
        Some(wanted) => Ok(Some((algorithm(wanted)?, Expected::Computed))),
        None => Ok(None),
    }
}

pub(crate) fn algorithm(name: &dto::ChecksumAlgorithm) -> S3Result<Algorithm> {
    Algorithm::parse(name.as_str()).ok_or_else(|| {
        S3Error::with_message(S3ErrorCode::InvalidRequest, "Checksum algorithm provided is unsupported.")
    })
}

/// Puts a checksum into the field of an output that is its kind's.
macro_rules! set_sum {
    ($output:expr, $algorithm:expr, $value:expr) => {
        match $algorithm {
            doorstep_objects::Algorithm::Crc32 => $output.checksum_crc32 = Some($value),
            doorstep_objects::Algorithm::Crc32c => $output.checksum_crc32c = Some($value),
            doorstep_objects::Algorithm::Crc64nvme => $output.checksum_crc64nvme = Some($value),
            doorstep_objects::Algorithm::Sha1 => $output.checksum_sha1 = Some($value),
            doorstep_objects::Algorithm::Sha256 => $output.checksum_sha256 = Some($value),
        }
    };
}
pub(crate) use set_sum;

pub(crate) fn checksum_type(checksum: &Checksum) -> dto::ChecksumType {
    let word = if checksum.full { dto::ChecksumType::FULL_OBJECT } else { dto::ChecksumType::COMPOSITE };
    dto::ChecksumType::from_static(word)
}

/// What an upload says of its object.
macro_rules! meta {
    ($input:expr) => {{
        let headers = doorstep_objects::Headers {
            content_type: $input.content_type.clone(),
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $crate::convert::encoding($input.content_encoding.clone()),
            content_language: $input.content_language.clone(),
            expires: $input.expires.as_ref().map(|at| $crate::convert::http_date($crate::convert::moment(at))),
            redirect: $input.website_redirect_location.clone(),
        };
        $crate::convert::meta_of(
            headers,
            $input.metadata.as_ref(),
            $input.tagging.as_deref(),
            $input.storage_class.as_ref().map(|c| c.as_str()),
        )
    }};
}
pub(crate) use meta;

/// The lock that an upload or a copy asks for.
macro_rules! asked_lock {
    ($input:expr, $meta:expr, $lockable:expr) => {
        $crate::convert::lock(
            $meta,
            $input.object_lock_mode.as_ref().map(|mode| mode.as_str()),
            $input.object_lock_retain_until_date.as_ref(),
            $input.object_lock_legal_hold_status.as_ref().map(|hold| hold.as_str()),
            $lockable,
        )
    };
}
pub(crate) use asked_lock;

/// `aws-chunked` is the upload's way to come, not the object's encoding.
pub(crate) fn encoding(value: Option<String>) -> Option<String> {
    let rest: Vec<String> =
        value?.split(',').map(|e| e.trim().to_owned()).filter(|e| e != "aws-chunked" && !e.is_empty()).collect();
    (!rest.is_empty()).then(|| rest.join(", "))
}

/// Most bytes of user metadata, names and values together.
const MOST_META: usize = 2048;

pub(crate) fn meta_of(
    headers: Headers,
    user: Option<&dto::Metadata>,
    tagging: Option<&str>,
    class: Option<&str>,
) -> S3Result<Meta> {
    let user = self::user(user);
    let bytes: usize = user.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MOST_META {
        let message = "Your metadata headers exceed the maximum allowed metadata size.";
        return Err(S3Error::with_message(S3ErrorCode::MetadataTooLarge, message));
    }
    Ok(Meta {
        headers,
        user,
        tags: tagging.map(tags_of_header).transpose()?.unwrap_or_default(),
        class: self::class(class)?.unwrap_or_default(),
        ..Meta::default()
    })
}

pub(crate) fn user(metadata: Option<&dto::Metadata>) -> BTreeMap<String, String> {
    metadata.into_iter().flatten().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
}

pub(crate) fn class(word: Option<&str>) -> S3Result<Option<StorageClass>> {
    let unknown = || S3Error::with_message(S3ErrorCode::InvalidStorageClass, "there is no such storage class");
    word.map(|word| StorageClass::parse(word).ok_or_else(unknown)).transpose()
}

/// Tags as a header has them: `a=b&c=d`, percent-encoded.
pub(crate) fn tags_of_header(text: &str) -> S3Result<Vec<(String, String)>> {
    let invalid = || argument("the header x-amz-tagging is not percent-encoded UTF-8");
    let word = |text: &str| percent_decoded(&text.replace('+', " ")).ok_or_else(invalid);
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((word(name)?, word(value)?))
        })
        .collect()
}

pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// A key as listings with `encoding-type=url` have it. A space is `%20`: clients that read `+` as a space
/// read this too, the others read only this.
pub(crate) fn url_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b'*' => out.push(byte as char),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// `x-amz-expiration`.
pub(crate) fn expiration(due: Option<(Timestamp, String)>) -> Option<String> {
    due.map(|(at, rule)| format!("expiry-date=\"{}\", rule-id=\"{rule}\"", http_date(at)))
}

pub(crate) fn storage_class(object: &Object) -> Option<dto::StorageClass> {
    let class = object.meta.class;
    (class != StorageClass::Standard).then(|| dto::StorageClass::from_static(class.s3()))
}

pub(crate) fn mode(word: &str) -> S3Result<LockMode> {
    match word {
        "GOVERNANCE" => Ok(LockMode::Governance),
        "COMPLIANCE" => Ok(LockMode::Compliance),
        _ => Err(S3Error::with_message(S3ErrorCode::MalformedXML, "the mode is GOVERNANCE or COMPLIANCE")),
    }
}

pub(crate) const fn mode_word(mode: LockMode) -> &'static str {
    match mode {
        LockMode::Governance => "GOVERNANCE",
        LockMode::Compliance => "COMPLIANCE",
    }
}

/// The lock that an upload asks for in its headers.
pub(crate) fn lock(
    meta: &mut Meta,
    mode_word: Option<&str>,
    until: Option<&dto::Timestamp>,
    hold: Option<&str>,
    lockable: bool,
) -> S3Result<()> {
    let invalid = |message: &'static str| S3Error::with_message(S3ErrorCode::InvalidRequest, message);
    if (mode_word.is_some() || until.is_some() || hold.is_some()) && !lockable {
        return Err(invalid("Bucket is missing Object Lock Configuration"));
    }
    meta.retention = match (mode_word, until) {
        (None, None) => None,
        (Some(word), Some(until)) => {
            Some(Retention { mode: mode(word).map_err(|_| argument("unknown lock mode"))?, until: moment(until) })
        }
        _ => {
            return Err(argument(
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
            ));
        }
    };
    meta.legal_hold = hold == Some("ON");
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn words_and_back() {
        let at = Timestamp(1_384_790_400_000);
        assert_eq!(moment(&time(at)), at);
        assert_eq!(http_date(at), "Mon, 18 Nov 2013 16:00:00 GMT");
        assert_eq!(encoding(Some("aws-chunked".to_owned())), None);
        assert_eq!(encoding(Some("gzip, aws-chunked".to_owned())), Some("gzip".to_owned()));
        assert_eq!(
            tags_of_header("a=b&c=%C3%BC+x&d").unwrap(),
            [("a", "b"), ("c", "ü x"), ("d", "")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert!(tags_of_header("a=%F").is_err());
        assert_eq!(url_encoded("a b/ü+"), "a%20b/%C3%BC%2B");
        assert_eq!(limit(None).unwrap(), 1000);
        assert!(limit(Some(-1)).is_err());
        assert!(md5(Some("short")).is_err());
    }
}
