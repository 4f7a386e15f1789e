//! Where a watermark's picture comes from: an object of the same bucket, or a host that the bucket's owner has named.

use std::time::{Duration, Instant};

use bytes::Bytes;
use doorstep_clock::monotonic;
use doorstep_fetch::Fetcher;
use doorstep_images::grammar::imgproxy::DEFAULT_WATERMARK;
use doorstep_images::grammar::percent_decode;
use doorstep_objects::bucket_of_host;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::key::hex;
use crate::recipe::Overlay;
use crate::{PictureError, PictureSettings};

/// Bytes of fetched pictures that are kept.
const KEPT_BYTES: u64 = 32 << 20;
/// How long a fetched picture is believed to be unchanged.
const FRESH: Duration = Duration::from_secs(300);
/// Pictures fetched at once.
const AT_ONCE: usize = 8;

/// Where a picture comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// An object of the bucket.
    Key(String),
    /// Another server.
    Url(String),
}

/// Reads a watermark's name. A pure decision.
pub(crate) fn source(
    name: &str,
    bucket: &str,
    settings: &PictureSettings,
    domains: &[String],
) -> Result<Source, PictureError> {
    if name == DEFAULT_WATERMARK
        && let Some(key) = &settings.watermark
    {
        return Ok(Source::Key(key.clone()));
    }
    if let Some(rest) = name.strip_prefix("s3://") {
        return match rest.split_once('/') {
            Some((named, key)) if named == bucket && !key.is_empty() => Ok(Source::Key(key.to_owned())),
            _ => Err(PictureError::overlay(name, "it is in another bucket: copy it into this one")),
        };
    }
    let Some(rest) = name.strip_prefix("http://").or_else(|| name.strip_prefix("https://")) else {
        return Ok(Source::Key(name.to_owned()));
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket_of_host(host, domains).as_deref() == Some(bucket) {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let key = percent_decode(path).filter(|key| !key.is_empty());
        return key.map(Source::Key).ok_or_else(|| PictureError::overlay(name, "it names no object"));
    }
    if settings.watermark_hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
        return Ok(Source::Url(name.to_owned()));
    }
    let host: String = host.chars().take(64).collect();
    Err(PictureError::overlay(name, format!("the bucket's watermark_hosts do not name `{host}`")))
}

#[derive(Clone)]
struct Kept {
    body: Bytes,
    hash: String,
    at: Instant,
}

#[derive(Clone)]
struct KeptBytes;

impl Weighter<String, Kept> for KeptBytes {
    fn weight(&self, url: &String, kept: &Kept) -> u64 {
        (url.len() + kept.body.len()) as u64 + 128
    }
}

/// Fetches pictures from other servers and keeps them for a while.
pub(crate) struct Overlays {
    fetcher: Fetcher,
    kept: Cache<String, Kept, KeptBytes>,
    places: Semaphore,
}

impl Overlays {
    pub(crate) fn new(fetcher: Fetcher) -> Self {
        Self { fetcher, kept: Cache::with_weighter(256, KEPT_BYTES, KeptBytes), places: Semaphore::new(AT_ONCE) }
    }

    pub(crate) async fn fetch(&self, url: &str) -> Result<Overlay, PictureError> {
        if let Some(kept) = self.kept.get(url).filter(|kept| monotonic().duration_since(kept.at) < FRESH) {
            return Ok(Overlay::Fetched(kept.body, kept.hash));
        }
        let _place = self.places.try_acquire().map_err(|_| PictureError::Busy)?;
        let fetched = self.fetcher.get(url).await.map_err(|error| PictureError::fetched(url, &error))?;
        let (body, hash) = (fetched.body.clone(), hex(&Sha256::digest(&fetched.body)));
        self.kept.insert(url.to_owned(), Kept { body: body.clone(), hash: hash.clone(), at: monotonic() });
        Ok(Overlay::Fetched(body, hash))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn where_a_watermark_comes_from() {
        let settings = PictureSettings {
            watermark: Some("marks/own.png".to_owned()),
            watermark_hosts: vec!["cdn.example.com".to_owned(), "10.0.0.1:80".to_owned()],
            ..PictureSettings::default()
        };
        let of = |name: &str| source(name, "photos", &settings, &["s3.example.com".to_owned()]);
        let key = |key: &str| Some(Source::Key(key.to_owned()));
        assert_eq!(of("logo.png").ok(), key("logo.png"));
        assert_eq!(of("default").ok(), key("marks/own.png"));
        assert_eq!(of("s3://photos/a/b.png").ok(), key("a/b.png"));
        assert_eq!(of("http://photos.s3.example.com/a%20b.png?x=1").ok(), key("a b.png"));
        let url = "https://CDN.example.com/logo.png";
        assert_eq!(of(url).ok(), Some(Source::Url(url.to_owned())));
        for bad in [
            "s3://other/a.png",
            "s3://photos/",
            "http://other.s3.example.com/a",
            "http://photos.s3.example.com/",
            "https://evil.example.com/logo.png",
            "http://cdn.example.com:81/x",
            "http://cdn.example.com@evil.example/x",
            "http://10.0.0.1/x",
        ] {
            assert_eq!(of(bad).unwrap_err().code(), "InvalidArgument", "{bad}");
        }
    }
}
