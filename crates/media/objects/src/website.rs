//! A bucket as a website: what its owner has set, and where a request is led. Pure decisions.

use serde::{Deserialize, Serialize};

use crate::ObjectsError;

/// Most routing rules.
const MOST: usize = 50;

/// Where a redirect leads; what is not said stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Redirect {
    /// Another host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Another status than 301.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Instead of the condition's prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Instead of the whole key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Who is redirected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Route {
    /// Keys that begin so.
    pub prefix: String,
    /// Only where the answer would be this error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<u16>,
    /// Where to.
    pub to: Redirect,
}

/// What a bucket is as a website.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Website {
    /// What is behind the path of a folder: `index.html`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The key that is answered instead of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Everything is elsewhere: host and protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<Redirect>,
    /// Some is elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
}

/// A redirect that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// 301, or what the owner says.
    pub status: u16,
    /// `None`: the request's own.
    pub protocol: Option<String>,
    /// `None`: the request's own.
    pub host: Option<String>,
    /// The key there.
    pub key: String,
}

impl Redirect {
    fn of(&self, key: &str, prefix: &str) -> Elsewhere {
        let key = match (&self.key, &self.prefix) {
            (Some(whole), _) => whole.clone(),
            (None, Some(begin)) => format!("{begin}{}", key.strip_prefix(prefix).unwrap_or(key)),
            (None, None) => key.to_owned(),
        };
        let status = self.status.unwrap_or(301);
        Elsewhere { status, protocol: self.protocol.clone(), host: self.host.clone(), key }
    }
}

impl Website {
    /// Where a request is led before anything is looked for (`error` is nothing), or instead of this error.
    #[must_use]
    pub fn elsewhere(&self, key: &str, error: Option<u16>) -> Option<Elsewhere> {
        if let Some(all) = &self.all {
            return Some(all.of(key, ""));
        }
        let route = self.routes.iter().find(|route| route.error == error && key.starts_with(&route.prefix))?;
        Some(route.to.of(key, &route.prefix))
    }

    /// The key that a path asks for.
    #[must_use]
    pub fn key(&self, path: &str) -> String {
        match &self.index {
            Some(index) if path.is_empty() || path.ends_with('/') => format!("{path}{index}"),
            _ => path.to_owned(),
        }
    }

    /// The page of a folder that was asked for without its slash.
    #[must_use]
    pub fn inside(&self, path: &str) -> Option<String> {
        self.index.as_ref().filter(|_| !path.is_empty() && !path.ends_with('/')).map(|index| format!("{path}/{index}"))
    }
}

/// Refuses what is no website.
pub(crate) fn check(website: &Website) -> Result<(), ObjectsError> {
    let refuse = |reason: &str, fix: &str| Err(ObjectsError::field("website", reason, fix));
    if website.all.is_some() {
        if website.index.is_some() || website.error.is_some() || !website.routes.is_empty() {
            return refuse("everything is redirected and something is not", "write RedirectAllRequestsTo alone");
        }
    } else if website.index.as_ref().is_none_or(|index| index.is_empty() || index.contains('/')) {
        return refuse("there is no index document, or it has a slash", "write its name, such as index.html");
    }
    if website.routes.len() > MOST {
        return refuse("there are more than 50 routing rules", "write fewer");
    }
    let redirects = website.routes.iter().map(|route| &route.to).chain(&website.all);
    for to in redirects {
        if to.prefix.is_some() && to.key.is_some() {
            return refuse("a rule replaces both the prefix and the whole key", "write one of them");
        }
        if to.status.is_some_and(|status| !matches!(status, 301 | 302 | 303 | 304 | 305 | 307 | 308)) {
            return refuse("a rule redirects with a status that is none", "write 301, 302, 303, 307 or 308");
        }
        if to.protocol.as_deref().is_some_and(|protocol| !matches!(protocol, "http" | "https")) {
            return refuse("a rule names a protocol that is none", "write http or https");
        }
    }
    let errors = website.routes.iter().filter_map(|route| route.error);
    if errors.into_iter().any(|error| !(400..600).contains(&error)) {
        return refuse("a rule waits for an error that is none", "write 400 to 599");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_pages_or_away() {
        let text = |t: &str| Some(t.to_owned());
        let site = Website {
            index: text("index.html"),
            routes: vec![
                Route {
                    prefix: "docs/".to_owned(),
                    to: Redirect { prefix: text("documents/"), ..Redirect::default() },
                    ..Route::default()
                },
                Route {
                    error: Some(404),
                    to: Redirect { host: text("old.example.com"), status: Some(302), ..Redirect::default() },
                    ..Route::default()
                },
            ],
            ..Website::default()
        };
        assert!(check(&site).is_ok());
        assert_eq!(
            (site.key(""), site.key("a/"), site.key("a")),
            ("index.html".into(), "a/index.html".into(), "a".into())
        );
        assert_eq!((site.inside("a"), site.inside("a/")), (text("a/index.html"), None));
        let moved = site.elsewhere("docs/a", None).map(|to| (to.status, to.key));
        assert_eq!(moved, Some((301, "documents/a".to_owned())));
        assert_eq!(site.elsewhere("other", None), None);
        assert_eq!(site.elsewhere("other", Some(404)).and_then(|to| to.host), text("old.example.com"));
        let all =
            Website { all: Some(Redirect { host: text("x.example"), ..Redirect::default() }), ..Website::default() };
        assert_eq!(all.elsewhere("k", None).map(|to| to.key), text("k"));
        for bad in [
            Website::default(),
            Website { index: text("a/b"), ..Website::default() },
            Website { index: text("i"), ..all },
            Website {
                index: text("i"),
                routes: vec![Route { error: Some(200), ..Route::default() }],
                ..Website::default()
            },
        ] {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
    }
}
