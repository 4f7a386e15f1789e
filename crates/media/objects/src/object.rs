//! An object as it is known: its name, size, ETags and what its owner said about it.

use std::collections::BTreeMap;

use doorstep_clock::Timestamp;
use doorstep_store::{Row, StoreError};
use serde::{Deserialize, Serialize};

use crate::acl::{self, Grant};
use crate::checksum::Checksum;
use crate::seal::Sealed;
use crate::{Config, ObjectsError};

/// What a version without an id of its own is called.
pub(crate) const UNVERSIONED: &str = "null";

/// How soon an object can be read again, in the words of each protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageClass {
    /// Read at any time.
    #[default]
    Standard,
    /// Read seldom (S3 `STANDARD_IA`, UFile `IA`).
    Infrequent,
    /// Restored before it is read (S3 `GLACIER`, UFile `ARCHIVE`).
    Archive,
}

impl StorageClass {
    /// S3's word.
    #[must_use]
    pub const fn s3(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Infrequent => "STANDARD_IA",
            Self::Archive => "GLACIER",
        }
    }

    /// UFile's word.
    #[must_use]
    pub const fn ufile(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Infrequent => "IA",
            Self::Archive => "ARCHIVE",
        }
    }

    /// From either protocol's word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "STANDARD" | "REDUCED_REDUNDANCY" => Some(Self::Standard),
            "IA" | "STANDARD_IA" | "ONEZONE_IA" | "INTELLIGENT_TIERING" | "GLACIER_IR" => Some(Self::Infrequent),
            "ARCHIVE" | "GLACIER" | "DEEP_ARCHIVE" => Some(Self::Archive),
            _ => None,
        }
    }
}

/// The headers that come back with an object as they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// `Content-Type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Cache-Control`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Encoding`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Expires`, in the words it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Where a website sends whoever asks for the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
}

/// How strictly a version is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockMode {
    /// Those who may bypass governance can shorten it.
    Governance,
    /// Nobody can shorten it.
    Compliance,
}

/// Until when a version is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// How strictly.
    pub mode: LockMode,
    /// Until when.
    pub until: Timestamp,
}

/// What is known of a version beside its name, size and ETag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// Headers that come back as they were given.
    #[serde(flatten)]
    pub headers: Headers,
    /// The owner's own words: `x-amz-meta-*`, `X-Ufile-Meta-*`, names in small letters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub user: BTreeMap<String, String>,
    /// Tags, in the order they were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, String)>,
    /// UFile's hash. `None` for an object of parts that do not end on 4 MiB: see `Objects::ufile_hash`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ufile: Option<String>,
    /// How soon it can be read.
    #[serde(skip_serializing_if = "is_standard")]
    pub class: StorageClass,
    /// The checksum that was asked for at the upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Parts of a multipart upload; 0 for an object that came at once.
    #[serde(skip_serializing_if = "is_zero")]
    pub parts: u32,
    /// The multipart upload it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// What it was made of by a rule of its bucket: the source's version, the rule and the result's number. Rules make
    /// nothing of such an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derived_from: Option<String>,
    /// Until when it cannot be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Cannot be deleted until this is taken away.
    #[serde(skip_serializing_if = "is_false")]
    pub legal_hold: bool,
    /// Whoever reads without a key may read it.
    #[serde(skip_serializing_if = "is_false")]
    pub public: bool,
    /// The tenant that wrote it, if it is not the bucket's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Who else may what with it; without it the owner alone, and who `public` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl: Option<Vec<Grant>>,
    /// Under whose key its bytes are, if they are encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
    /// An archived object can be read until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored_until: Option<Timestamp>,
}

fn is_standard(class: &StorageClass) -> bool {
    *class == StorageClass::Standard
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

fn is_false(b: &bool) -> bool {
    !b
}

/// What a header's value may not have.
const NO_CONTROLS: &str = "leave line ends and other control characters out";

/// Whether a header's name can end with this: a token of RFC 9110.
fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Whether it can be a header's value.
fn is_value(text: &str) -> bool {
    text.bytes().all(|b| b == b'\t' || (b >= b' ' && b != 0x7f))
}

impl Headers {
    /// Refuses what cannot be sent back.
    fn check(&self) -> Result<(), ObjectsError> {
        for (field, value) in [
            ("Content-Type", &self.content_type),
            ("Cache-Control", &self.cache_control),
            ("Content-Disposition", &self.content_disposition),
            ("Content-Encoding", &self.content_encoding),
            ("Content-Language", &self.content_language),
            ("Expires", &self.expires),
            ("redirect", &self.redirect),
        ] {
            if !value.as_deref().is_none_or(is_value) {
                return Err(ObjectsError::field(field, "it cannot be sent back", NO_CONTROLS));
            }
        }
        Ok(())
    }
}

impl Meta {
    /// Refuses what is too large or cannot be sent back.
    pub(crate) fn check(&self, config: &Config) -> Result<(), ObjectsError> {
        let bytes: usize = self.user.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > config.meta_bytes {
            let fix = format!("send at most {}", config.meta_bytes);
            return Err(ObjectsError::field("metadata", format!("{bytes} bytes of user metadata"), fix));
        }
        for (name, value) in &self.user {
            let brief: String = name.chars().take(64).collect();
            if !is_name(name) {
                let fix = "write letters, digits and signs that a header's name may have";
                return Err(ObjectsError::field("metadata", format!("`{}` is no name", brief.escape_debug()), fix));
            }
            if !is_value(value) {
                return Err(ObjectsError::field("metadata", format!("`{brief}` cannot be sent back"), NO_CONTROLS));
            }
        }
        self.headers.check()?;
        acl::check(self.acl.as_deref().unwrap_or_default())?;
        check_tags(&self.tags, 10)
    }
}

/// Refuses tags that are too many, too long or named twice.
pub(crate) fn check_tags(tags: &[(String, String)], most: usize) -> Result<(), ObjectsError> {
    let refuse = |reason: String, fix: &str| Err(ObjectsError::field("tags", reason, fix));
    if tags.len() > most {
        return refuse(format!("{} tags", tags.len()), &format!("send at most {most}"));
    }
    for (ix, (name, value)) in tags.iter().enumerate() {
        if name.is_empty() || name.chars().count() > 128 || value.chars().count() > 256 {
            let fix = "names have 1 to 128 characters, values up to 256";
            return refuse(
                format!("the tag `{}` is too long or has no name", name.chars().take(32).collect::<String>()),
                fix,
            );
        }
        if tags[..ix].iter().any(|(other, _)| other == name) {
            return refuse(format!("the tag `{name}` is named twice"), "name each tag once");
        }
    }
    Ok(())
}

/// One version of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// Its name in the bucket.
    pub key: String,
    /// Names this version for ever.
    pub uid: String,
    /// Its place among the key's versions: the newest has the highest.
    pub seq: i64,
    /// Written while the bucket kept no versions.
    pub unversioned: bool,
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
    /// S3's ETag, without quotes.
    pub etag: String,
    /// Everything else.
    pub meta: Meta,
    /// The one blob of an object that came at once.
    pub(crate) blob: Option<String>,
}

/// The columns of an object's row.
pub(crate) const COLUMNS: &str = "key, seq, uid, unversioned, size, modified, etag, blob, body";

impl Object {
    /// The id of this version; `null` for one that was written while the bucket kept no versions.
    #[must_use]
    pub fn version(&self) -> &str {
        if self.unversioned { UNVERSIONED } else { &self.uid }
    }

    /// Whether bytes can be read now; an archived object has to be restored first.
    #[must_use]
    pub fn readable(&self, now: Timestamp) -> bool {
        self.meta.class != StorageClass::Archive || self.meta.restored_until.is_some_and(|until| now < until)
    }

    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        let uid = row.text("uid")?;
        let decode = |what: &str, reason: String| StoreError::Decode { key: format!("object {uid}, {what}"), reason };
        let key = String::from_utf8(row.blob("key")?).map_err(|e| decode("key", e.to_string()))?;
        let meta = serde_json::from_str(&row.text("body")?).map_err(|e| decode("body", e.to_string()))?;
        Ok(Self {
            key,
            seq: row.int("seq")?,
            unversioned: row.flag("unversioned")?,
            size: u64::try_from(row.int("size")?).unwrap_or(0),
            modified: row.time("modified")?,
            etag: row.text("etag")?,
            blob: row.opt_text("blob")?,
            meta,
            uid,
        })
    }

    pub(crate) fn body(&self) -> String {
        serde_json::to_string(&self.meta).expect("metadata has string keys and finite numbers")
    }
}

/// Refuses a key that cannot be.
pub(crate) fn check_key(key: &str, config: &Config) -> Result<(), ObjectsError> {
    if key.is_empty() || key.len() > config.key_bytes {
        let fix = format!("a key has 1 to {} bytes of UTF-8", config.key_bytes);
        return Err(ObjectsError::field("key", format!("a key of {} bytes", key.len()), fix));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_object_has_a_short_body() {
        let object = Object::default();
        assert_eq!(object.body(), "{}");
        let mut meta = Meta { parts: 3, legal_hold: true, ..Meta::default() };
        meta.headers.content_type = Some("text/plain".to_owned());
        meta.user.insert("a".to_owned(), "b".to_owned());
        let text = serde_json::to_string(&meta).unwrap();
        assert_eq!(serde_json::from_str::<Meta>(&text).unwrap(), meta);
        assert_eq!(text, r#"{"content_type":"text/plain","user":{"a":"b"},"parts":3,"legal_hold":true}"#);
    }

    #[test]
    fn what_cannot_be_sent_back_is_refused() {
        let user = |name: &str, value: &str| Meta { user: [(name.into(), value.into())].into(), ..Meta::default() };
        let headers = |content_type: &str| {
            let headers = Headers { content_type: Some(content_type.to_owned()), ..Headers::default() };
            Meta { headers, ..Meta::default() }
        };
        let refused = |meta: &Meta| match meta.check(&Config::default()) {
            Ok(()) => None,
            Err(ObjectsError::InvalidField { field, .. }) => Some(field),
            Err(error) => unreachable!("{error}"),
        };
        for good in [user("a-b.c_d", "门\té"), user("", ""), headers("image/png; name=\"猫\""), headers("")] {
            assert_eq!(refused(&good), None);
        }
        for bad in ["a b", "a:b", "ä", "a\r\nb", "a\0", "(a)"] {
            assert_eq!(refused(&user(bad, "")), Some("metadata"), "{bad:?}");
        }
        for bad in ["a\r\nX: y", "\n", "\0", "\x7f"] {
            assert_eq!(refused(&user("a", bad)), Some("metadata"), "{bad:?}");
            assert_eq!(refused(&headers(bad)), Some("Content-Type"), "{bad:?}");
        }
    }

    #[test]
    fn bad_tags_are_named() {
        let tag = |name: &str| (name.to_owned(), String::new());
        assert!(check_tags(&[tag("a"), tag("b")], 2).is_ok());
        for bad in
            [vec![tag("a"), tag("a")], vec![tag("")], vec![tag(&"x".repeat(129))], vec![tag("a"), tag("b"), tag("c")]]
        {
            assert!(matches!(check_tags(&bad, 2), Err(ObjectsError::InvalidField { field: "tags", .. })));
        }
    }
}
