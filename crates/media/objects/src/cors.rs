//! Which pages of other origins may use a bucket: a bucket's CORS rules as a pure decision.

use serde::{Deserialize, Serialize};

use crate::ObjectsError;
use crate::pattern::fits;

/// Most rules of a bucket.
const MOST: usize = 100;

/// One rule; the first that fits decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CorsRule {
    /// A name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Origins, each with at most one `*`.
    pub origins: Vec<String>,
    /// GET, PUT, POST, DELETE, HEAD.
    pub methods: Vec<String>,
    /// Headers that a page may send, each with at most one `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Headers that a page may read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<String>,
    /// How long the browser may remember this, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
}

/// What a browser is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsAnswer {
    /// `Access-Control-Allow-Origin`.
    pub origin: String,
    /// `Access-Control-Allow-Methods`.
    pub methods: Vec<String>,
    /// `Access-Control-Allow-Headers`: those asked for.
    pub headers: Vec<String>,
    /// `Access-Control-Expose-Headers`.
    pub expose: Vec<String>,
    /// `Access-Control-Max-Age`, seconds.
    pub max_age: Option<u32>,
    /// Whether a page may send the user's credentials.
    pub credentials: bool,
}

impl CorsAnswer {
    /// The answer as headers; for a preflight also what a browser asks before it sends.
    #[must_use]
    pub fn headers(&self, preflight: bool) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("access-control-allow-origin", self.origin.clone()),
            ("access-control-allow-methods", self.methods.join(", ")),
            ("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method".to_owned()),
        ];
        if self.credentials {
            all.push(("access-control-allow-credentials", "true".to_owned()));
        }
        if !self.expose.is_empty() {
            all.push(("access-control-expose-headers", self.expose.join(", ")));
        }
        if preflight && !self.headers.is_empty() {
            all.push(("access-control-allow-headers", self.headers.join(", ")));
        }
        if let Some(age) = self.max_age {
            all.push(("access-control-max-age", age.to_string()));
        }
        all
    }
}

/// Refuses rules that could not fit anything or are not understood.
pub(crate) fn check(rules: &[CorsRule]) -> Result<(), ObjectsError> {
    let refuse = |reason: String, fix: &str| Err(ObjectsError::field("CORSRule", reason, fix));
    if rules.len() > MOST {
        return refuse(format!("{} rules", rules.len()), "write at most 100");
    }
    for rule in rules {
        if rule.origins.is_empty() || rule.methods.is_empty() {
            return refuse("a rule without origin or method".to_owned(), "name at least one of each");
        }
        if let Some(bad) = rule.methods.iter().find(|m| !["GET", "PUT", "POST", "DELETE", "HEAD"].contains(&m.as_str()))
        {
            return refuse(format!("there is no method `{bad}`"), "choose among GET, PUT, POST, DELETE, HEAD");
        }
        if let Some(bad) = rule.origins.iter().chain(&rule.headers).find(|p| p.matches('*').count() > 1) {
            return refuse(format!("`{bad}` has more than one *"), "write at most one * in a pattern");
        }
    }
    Ok(())
}

/// What the rules answer to a page of `origin` that wants to use `method` with these headers.
#[must_use]
pub fn cors(rules: &[CorsRule], origin: &str, method: &str, headers: &[&str]) -> Option<CorsAnswer> {
    let allowed = |rule: &&CorsRule| {
        rule.origins.iter().any(|pattern| fits(pattern, origin))
            && rule.methods.iter().any(|m| m == method)
            && headers.iter().all(|header| {
                let header = header.to_ascii_lowercase();
                rule.headers.iter().any(|pattern| fits(&pattern.to_ascii_lowercase(), &header))
            })
    };
    let rule = rules.iter().find(allowed)?;
    let all = rule.origins.iter().any(|o| o == "*");
    Some(CorsAnswer {
        origin: if all { "*".to_owned() } else { origin.to_owned() },
        methods: rule.methods.clone(),
        headers: headers.iter().map(|h| h.to_ascii_lowercase()).collect(),
        expose: rule.expose.clone(),
        max_age: rule.max_age,
        credentials: !all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let words = |w: &[&str]| w.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let shop = CorsRule {
            origins: words(&["https://*.shop.example"]),
            methods: words(&["GET", "PUT"]),
            headers: words(&["x-amz-*"]),
            max_age: Some(60),
            ..CorsRule::default()
        };
        let all = CorsRule { origins: words(&["*"]), methods: words(&["GET"]), ..CorsRule::default() };
        let rules = [shop, all];
        assert!(check(&rules).is_ok());
        let put = cors(&rules, "https://a.shop.example", "PUT", &["X-Amz-Date"]).map(|a| (a.origin, a.credentials));
        assert_eq!(put, Some(("https://a.shop.example".to_owned(), true)));
        let get = cors(&rules, "https://else.example", "GET", &[]).map(|a| (a.origin, a.credentials));
        assert_eq!(get, Some(("*".to_owned(), false)));
        assert_eq!(cors(&rules, "https://else.example", "PUT", &[]), None);
        assert_eq!(cors(&rules, "https://a.shop.example", "PUT", &["authorization"]), None);
        let bad = CorsRule { origins: words(&["a*b*"]), methods: words(&["GET"]), ..CorsRule::default() };
        assert!(check(&[bad]).is_err());
        assert!(check(&[CorsRule::default()]).is_err());
    }
}
