//! Where a request goes: its bucket by the host, its key by the path.

use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::UfileError;
use crate::query::Query;

/// Longest path, bytes; a key has 1 KiB at most, a byte may be written as three.
const MOST_PATH: usize = 8 << 10;

/// The target of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) bucket: String,
    /// The path behind its first slash, decoded; empty for the bucket itself.
    pub(crate) key: String,
    pub(crate) query: Query,
    /// The query as it came.
    pub(crate) raw_query: String,
}

/// The host of a request, in small letters and without a port.
pub(crate) fn host(head: &Parts) -> Option<String> {
    let host = head.headers.get(http::header::HOST).and_then(|v| v.to_str().ok());
    let host = host.or_else(|| head.uri.authority().map(http::uri::Authority::as_str))?;
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    Some(name.to_ascii_lowercase())
}

/// The bucket that a host names: by its own domain, else the first label. Names of UFile's buckets have no dots.
fn bucket(host: &str, own: &[(String, String)]) -> Option<String> {
    if let Some((_, bucket)) = own.iter().find(|(name, _)| name == host) {
        return Some(bucket.clone());
    }
    let label = host.split('.').next().unwrap_or_default();
    let address = host.parse::<std::net::Ipv4Addr>().is_ok() || host.starts_with('[');
    (!label.is_empty() && !address).then(|| label.to_owned())
}

impl Target {
    pub(crate) fn of(head: &Parts, own: &[(String, String)]) -> Result<Self, UfileError> {
        let none = || {
            let fix = "ask http://bucket.host/key, or give the bucket a host of its own";
            UfileError::field("host", "it names no bucket", fix)
        };
        let bucket = host(head).and_then(|host| bucket(&host, own)).ok_or_else(none)?;
        let path = head.uri.path();
        let bad = |reason: &str| UfileError::field("key", reason, "write the key percent-encoded, in UTF-8");
        if path.len() > MOST_PATH {
            return Err(bad("the path is longer than 8 KiB"));
        }
        let key = percent_decode_str(path.strip_prefix('/').unwrap_or(path)).decode_utf8();
        let key = key.map_err(|_| bad("it is no UTF-8"))?.into_owned();
        let raw_query = head.uri.query().unwrap_or_default().to_owned();
        Ok(Self { bucket, key, query: Query::parse(&raw_query)?, raw_query })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn target(host: &str, uri: &str) -> Result<Target, UfileError> {
        let request = http::Request::builder().uri(uri).header("host", host).body(()).unwrap();
        Target::of(&request.into_parts().0, &[("img.shop.example".to_owned(), "shop.photos".to_owned())])
    }

    #[test]
    fn buckets_and_keys() {
        let of = |host: &str, uri: &str| target(host, uri).ok().map(|t| (t.bucket, t.key));
        let both = |bucket: &str, key: &str| Some((bucket.to_owned(), key.to_owned()));
        assert_eq!(of("photos.cn-bj.ufileos.com", "/a%20b/%C3%BC+?list"), both("photos", "a b/ü+"));
        assert_eq!(of("Photos.localhost:9000", "/"), both("photos", ""));
        assert_eq!(of("localhost:9000", "/k"), both("localhost", "k"));
        assert_eq!(of("IMG.shop.example:9000", "/k"), both("shop.photos", "k"));
        assert_eq!(of("photos.x", "//../%2e%2e/etc"), both("photos", "/../../etc"), "a key is a name, not a path");
        for none in ["127.0.0.1:9000", "[::1]:9000", "", ".x"] {
            assert_eq!(of(none, "/k"), None, "{none}");
        }
        assert!(target("photos.x", "/%ff").is_err());
        assert!(target("photos.x", &format!("/{}", "k".repeat(9000))).is_err());
    }
}
