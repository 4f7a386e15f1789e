//! UFile's signature: HMAC-SHA1 under the private key over a few lines of the request.
//!
//! ```text
//! VERB \n Content-MD5 \n Content-Type \n Date or Expires \n
//! x-ucloud-…:values \n …
//! /bucket/key [policy]
//! ```
//! The key is not encoded and the query is not signed. SDKs differ in what they add; a request is let in if
//! any of the forms that they are known to sign fits: each is one that the key's holder wrote for this verb,
//! this bucket and this key.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha1::Sha1;

use crate::UfileError;
use crate::query::Query;

/// Longest value of `Authorization`, bytes: a policy is in it.
const MOST_AUTHORIZATION: usize = 16 << 10;

/// A signature as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The public key: the id of an access key.
    pub public: String,
    /// The signature, base64.
    pub signature: String,
    /// The put policy as it was signed.
    pub policy: Option<String>,
}

impl Authorization {
    /// Reads `UCloud public:signature` or `UCloud public:signature:policy`.
    ///
    /// # Errors
    /// [`UfileError::Malformed`].
    pub fn parse(value: &str) -> Result<Self, UfileError> {
        let bad = UfileError::Malformed("write `UCloud publickey:signature`");
        if value.len() > MOST_AUTHORIZATION {
            return Err(UfileError::Malformed("it is longer than 16 KiB"));
        }
        let Some(rest) = value.trim().strip_prefix("UCloud ") else { return Err(bad) };
        let mut words = rest.trim_start().splitn(3, ':');
        let (Some(public), Some(signature)) = (words.next(), words.next()) else { return Err(bad) };
        let policy = words.next().map(str::to_owned).filter(|policy| !policy.is_empty());
        if public.is_empty() || signature.is_empty() {
            return Err(bad);
        }
        Ok(Self { public: public.to_owned(), signature: signature.to_owned(), policy })
    }
}

/// A signature in an address: who, when it ends (in the words that are signed) and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedUrl {
    pub(crate) authorization: Authorization,
    pub(crate) expires: String,
    /// Seconds since 1970.
    pub(crate) until_s: i64,
}

impl SignedUrl {
    /// The signature of an address, if it has one.
    pub(crate) fn of(query: &Query) -> Result<Option<Self>, UfileError> {
        let Some(public) = query.text("UCloudPublicKey") else { return Ok(None) };
        let bad = UfileError::Malformed("a signed address has UCloudPublicKey, Expires and Signature");
        let (Some(signature), Some(expires)) = (query.text("Signature"), query.text("Expires")) else {
            return Err(bad);
        };
        let digits = expires.bytes().all(|b| b.is_ascii_digit());
        let Some(until_s) = expires.parse().ok().filter(|_| digits) else { return Err(bad) };
        // Some SDKs do not encode the signature: its `+` was read as a space.
        let signature = signature.replace(' ', "+");
        let authorization = Authorization { public: public.to_owned(), signature, policy: None };
        Ok(Some(Self { authorization, expires: expires.to_owned(), until_s }))
    }
}

/// What is signed of a request.
pub(crate) struct ToSign<'a> {
    pub(crate) verb: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// Instead of the header: that of a form's file.
    pub(crate) content_type: Option<&'a str>,
    /// Instead of the `Date`.
    pub(crate) expires: Option<&'a str>,
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) query: &'a Query,
    pub(crate) raw_query: &'a str,
    pub(crate) policy: Option<&'a str>,
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h [u8] {
    headers.get(name).map_or(b"", |value| value.as_bytes())
}

/// `x-ucloud-…` headers as lines: names in order, values of one name joined, runs of white space made one.
fn canonical_headers(headers: &HeaderMap) -> Vec<u8> {
    let mut lines: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-ucloud-")) {
        let words: Vec<&[u8]> =
            value.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        lines.entry(name.as_str()).or_default().push(words.join(&b' '));
    }
    let line = |(name, values): (&str, Vec<Vec<u8>>)| [name.as_bytes(), b":", &values.join(&b','), b"\n"].concat();
    lines.into_iter().flat_map(line).collect()
}

impl ToSign<'_> {
    /// Every string that an SDK may have signed for this request, the documented one first.
    pub(crate) fn candidates(&self) -> Vec<Vec<u8>> {
        let content_type = self.content_type.map_or_else(|| header(self.headers, "content-type"), str::as_bytes);
        let moment = self.expires.map_or_else(|| header(self.headers, "date"), str::as_bytes);
        let mut first = Vec::new();
        for line in [self.verb.as_bytes(), header(self.headers, "content-md5"), content_type, moment] {
            first.extend_from_slice(line);
            first.push(b'\n');
        }
        first.extend_from_slice(&canonical_headers(self.headers));
        let resource = format!("/{}/{}", self.bucket, self.key);
        let policy = self.policy.unwrap_or_default();
        let build = |headers: &[u8], more: &str| {
            [&first, headers, resource.as_bytes(), more.as_bytes(), policy.as_bytes()].concat()
        };
        let mut all = vec![build(b"", "")];
        if self.query.has("listobjects") {
            // The Python SDK's.
            let value = |name| self.query.get(name).unwrap_or_default();
            let more = format!(
                "\nlistobjects\ndelimiter:{}\nmarker:{}\nmax-keys:{}\nprefix:{}",
                value("delimiter"),
                value("marker"),
                value("max-keys"),
                value("prefix")
            );
            all.push(build(b"", &more));
        }
        let source = header(self.headers, "x-ufile-copy-source");
        if !source.is_empty() {
            // The Java SDK's, for copied parts.
            let mut lines = [b"x-ufile-copy-source:", source, b"\n"].concat();
            let range = header(self.headers, "x-ufile-copy-source-range");
            if !range.is_empty() {
                lines.extend([b"x-ufile-copy-source-range:", range, b"\n"].concat());
            }
            all.push(build(&lines, ""));
        }
        if self.query.has("append") {
            // The Java SDK's.
            all.push(build(b"", &format!("?{}", self.raw_query)));
        }
        all
    }
}

/// Whether `signature` is that of one of the texts under this private key; compared in constant time.
#[must_use]
pub fn verify(private: &str, signature: &str, texts: &[Vec<u8>]) -> bool {
    let Ok(given) = BASE64_STANDARD.decode(signature) else { return false };
    texts.iter().any(|text| {
        Hmac::<Sha1>::new_from_slice(private.as_bytes())
            .is_ok_and(|mac| mac.chain_update(text).verify_slice(&given).is_ok())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fits(to_sign: &ToSign<'_>, private: &str, signature: &str) -> bool {
        verify(private, signature, &to_sign.candidates())
    }

    fn put<'a>(headers: &'a HeaderMap, query: &'a Query) -> ToSign<'a> {
        ToSign {
            verb: "PUT",
            headers,
            content_type: None,
            expires: None,
            bucket: "demo",
            key: "a.txt",
            query,
            raw_query: "",
            policy: None,
        }
    }

    #[test]
    fn the_sdks_vector() {
        let mut headers = HeaderMap::new();
        headers.insert("content-md5", "f02699bd2dc47b1764fa902c19feb767".parse().unwrap());
        headers.insert("content-type", "text/plain".parse().unwrap());
        let query = Query::default();
        let signature = "Nvt1WZx9vlqf78VoezLkfHanWkQ=";
        assert!(fits(&put(&headers, &query), "priv", signature));
        assert!(!fits(&put(&headers, &query), "other", signature));
        assert!(!fits(&ToSign { key: "b.txt", ..put(&headers, &query) }, "priv", signature));
        assert!(!fits(&ToSign { verb: "GET", ..put(&headers, &query) }, "priv", signature));
        assert!(!fits(&ToSign { policy: Some("e30="), ..put(&headers, &query) }, "priv", signature));
        for bad in ["", "Nvt1", "Nvt1WZx9vlqf78VoezLkfHanWkQ", "////", "ä"] {
            assert!(!fits(&put(&headers, &query), "priv", bad), "{bad}");
        }
    }

    #[test]
    fn the_documented_text() {
        let mut headers = HeaderMap::new();
        headers.append("x-ucloud-foo", "foo".parse().unwrap());
        headers.append("x-ucloud-bar", "bar1".parse().unwrap());
        headers.append("x-ucloud-bar", " bar2   x ".parse().unwrap());
        headers.append("x-ufile-meta-a", "unsigned".parse().unwrap());
        headers.append("content-type", "image/jpeg".parse().unwrap());
        let query = Query::default();
        let texts = put(&headers, &query).candidates();
        let wanted = "PUT\n\nimage/jpeg\n\nx-ucloud-bar:bar1,bar2 x\nx-ucloud-foo:foo\n/demo/a.txt";
        assert_eq!(texts, [wanted.as_bytes()]);
        let url = ToSign { expires: Some("1141889120"), verb: "GET", ..put(&headers, &query) };
        assert!(String::from_utf8(url.candidates().remove(0)).unwrap().starts_with("GET\n\nimage/jpeg\n1141889120\n"));
    }

    #[test]
    fn what_some_sdks_add() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ufile-copy-source", "/b/k".parse().unwrap());
        headers.insert("x-ufile-copy-source-range", "bytes=0-9".parse().unwrap());
        let query = Query::parse("listobjects&max-keys=2&prefix=p").unwrap();
        let texts: Vec<String> =
            put(&headers, &query).candidates().into_iter().map(|t| String::from_utf8(t).unwrap()).collect();
        assert_eq!(texts.len(), 3);
        assert!(texts[1].ends_with("/demo/a.txt\nlistobjects\ndelimiter:\nmarker:\nmax-keys:2\nprefix:p"));
        assert!(texts[2].ends_with("\nx-ufile-copy-source:/b/k\nx-ufile-copy-source-range:bytes=0-9\n/demo/a.txt"));
    }

    #[test]
    fn authorizations() {
        let read = |text: &str| Authorization::parse(text).ok().map(|a| (a.public, a.signature, a.policy));
        let word = |w: &str| w.to_owned();
        assert_eq!(read("UCloud pub:sig="), Some((word("pub"), word("sig="), None)));
        assert_eq!(read("UCloud pub:sig=:e30="), Some((word("pub"), word("sig="), Some(word("e30=")))));
        assert_eq!(read("UCloud pub:sig:"), Some((word("pub"), word("sig"), None)));
        for bad in ["", "UCloud", "UCloud ", "UCloud pub", "UCloud :sig", "UCloud pub:", "AWS pub:sig", "ucloud a:b"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let url =
            |text: &str| SignedUrl::of(&Query::parse(text).unwrap()).map(|url| url.map(|u| u.authorization.signature));
        assert_eq!(url("UCloudPublicKey=p&Expires=9&Signature=a+b%2Bc=").unwrap(), Some(word("a+b+c=")));
        assert_eq!(url("Expires=9").unwrap(), None);
        assert!(url("UCloudPublicKey=p&Expires=-9&Signature=a").is_err());
        assert!(url("UCloudPublicKey=p&Signature=a").is_err());
    }
}
