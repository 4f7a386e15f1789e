//! The guard: which addresses may be asked, by their text and by what their name resolves to.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::{OutboundError, is_public};

/// Longest address, bytes.
const MOST_URL: usize = 2048;

/// Lets through public addresses and the hosts that the operator allows. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Hosts inside, in small letters: names or addresses, no ports.
    allowed: Arc<[String]>,
}

impl Guard {
    /// A guard that lets these hosts through wherever they are: names or addresses without a port.
    #[must_use]
    pub fn new(allowed: &[String]) -> Self {
        Self { allowed: allowed.iter().map(|host| host.trim().to_ascii_lowercase()).collect() }
    }

    fn allows(&self, host: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == host)
    }

    /// Reads an address and refuses what cannot be asked, before anything is looked up.
    ///
    /// # Errors
    /// [`OutboundError::BadUrl`], [`OutboundError::Inside`].
    pub fn check(&self, text: &str) -> Result<Url, OutboundError> {
        let bad = |reason: &str, fix| OutboundError::BadUrl {
            url: text.chars().take(100).collect(),
            reason: reason.to_owned(),
            fix,
        };
        if text.len() > MOST_URL {
            return Err(bad("it is longer than 2048 bytes", "send a shorter one"));
        }
        let url = Url::parse(text).map_err(|e| bad(&e.to_string(), "write http://host/path"))?;
        if url.scheme() != "http" {
            return Err(bad("only http is spoken", "write http://host/path"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it carries a name or a password", "leave them out"));
        }
        let inside = match url.host() {
            None => return Err(bad("it names no host", "write http://host/path")),
            Some(Host::Ipv4(v4)) => !is_public(v4.into()) && !self.allows(&v4.to_string()),
            Some(Host::Ipv6(v6)) => !is_public(v6.into()) && !self.allows(&v6.to_string()),
            // Names are judged by what they resolve to.
            Some(Host::Domain(_)) => false,
        };
        if inside { Err(OutboundError::Inside(url.host_str().unwrap_or_default().to_owned())) } else { Ok(url) }
    }

    /// Of the addresses of a name those that may be connected to.
    fn admit(&self, name: &str, found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        let allowed = self.allows(&name.to_ascii_lowercase());
        found.filter(|at| allowed || is_public(at.ip()) || self.allows(&at.ip().to_string())).collect()
    }
}

/// Resolves names to admitted addresses only, so that the connection itself is guarded.
pub(crate) struct Resolver(pub(crate) Guard);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let name = name.as_str().trim_end_matches('.').to_owned();
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted = guard.admit(&name, found);
            if admitted.is_empty() {
                return Err(OutboundError::Inside(name).into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(guard: &Guard, url: &str) -> &'static str {
        match guard.check(url) {
            Ok(_) => "ok",
            Err(OutboundError::Inside(_)) => "inside",
            Err(_) => "bad",
        }
    }

    #[test]
    fn what_is_let_through() {
        let guard = Guard::new(&["10.0.0.5".to_owned(), "Jobs.Internal".to_owned()]);
        for (url, wanted) in [
            ("http://example.com/a?b=c", "ok"),
            ("http://1.1.1.1:8080/", "ok"),
            ("http://10.0.0.5/", "ok"),
            ("http://10.0.0.6/", "inside"),
            ("http://127.0.0.1/", "inside"),
            ("http://2130706433/", "inside"), // the same address in one number
            ("http://0x7f.1/", "inside"),
            ("http://017700000001/", "inside"),
            ("http://[::1]/", "inside"),
            ("http://[::ffff:169.254.169.254]/", "inside"),
            ("http://127.0.0.1%2f@example.com/", "bad"),
            ("http://user:pw@example.com/", "bad"),
            ("https://example.com/", "bad"),
            ("file:///etc/passwd", "bad"),
            ("gopher://example.com/", "bad"),
            ("http://", "bad"),
            ("//example.com/", "bad"),
            ("", "bad"),
        ] {
            assert_eq!(word(&guard, url), wanted, "{url}");
        }
        assert_eq!(word(&guard, &format!("http://example.com/{}", "x".repeat(2048))), "bad");
    }

    #[test]
    fn names_are_judged_by_their_addresses() {
        let guard = Guard::new(&["10.0.0.5".to_owned(), "Jobs.Internal".to_owned()]);
        let inside = SocketAddr::from(([127, 0, 0, 1], 0));
        let public = SocketAddr::from(([1, 1, 1, 1], 0));
        let known = SocketAddr::from(([10, 0, 0, 5], 0));
        assert_eq!(guard.admit("evil.example", [inside, public, known].into_iter()), [public, known]);
        assert_eq!(guard.admit("evil.example", [inside].into_iter()), []);
        assert_eq!(guard.admit("jobs.internal", [inside].into_iter()), [inside]);
    }
}
