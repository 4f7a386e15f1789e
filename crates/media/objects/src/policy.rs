//! A bucket's policy: who else may do what, in the JSON that S3's tools write. A pure decision.
//!
//! What is not understood is refused when the policy is set, never skipped when it is asked: a condition
//! that nobody checks would open what it was meant to close.

use serde::Deserialize;
use serde_json::Value;

use crate::ObjectsError;
use crate::pattern::fits;

/// Largest policy, bytes.
const MOST_BYTES: usize = 20 << 10;

/// A policy that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// What a policy says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A statement forbids it, whatever else allows it.
    Deny,
    /// A statement allows it.
    Allow,
    /// No statement speaks of it.
    Silent,
}

/// A request as a policy sees it.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    /// Tenant and id of the key; nothing without a key.
    pub who: Option<(&'a str, &'a str)>,
    /// `s3:GetObject`.
    pub action: &'a str,
    /// `bucket` or `bucket/key`.
    pub resource: &'a str,
    /// Values of condition keys: `aws:Referer`, `s3:prefix`.
    pub context: Vec<(String, String)>,
}

/// Condition keys that requests can be asked for.
const KEYS: [&str; 18] = [
    "aws:referer",
    "aws:useragent",
    "aws:securetransport",
    "s3:prefix",
    "s3:delimiter",
    "s3:x-amz-acl",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write-acp",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-copy-source",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-storage-class",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
    "s3:max-keys",
];
/// Condition keys that end with a tag's name: of the object that is there, and of the one that is written.
const EXISTING_TAG: &str = "s3:existingobjecttag/";
const REQUEST_TAG: &str = "s3:requestobjecttag/";

#[derive(Clone, Debug, PartialEq)]
struct Statement {
    allow: bool,
    who: Option<Matcher>,
    action: Matcher,
    resource: Matcher,
    conditions: Vec<Condition>,
}

/// One of these patterns, or none of them.
#[derive(Clone, Debug, PartialEq)]
struct Matcher {
    patterns: Vec<String>,
    not: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Compare {
    Equal,
    EqualInAnyCase,
    Like,
    /// Whether there is no value.
    Missing,
}

#[derive(Clone, Debug, PartialEq)]
struct Condition {
    compare: Compare,
    not: bool,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "Version")]
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    #[serde(rename = "Statement")]
    statement: OneOrMany<WrittenStatement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct WrittenStatement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: String,
    principal: Option<Value>,
    not_principal: Option<Value>,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    condition: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn all(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

fn malformed(reason: impl Into<String>) -> ObjectsError {
    ObjectsError::field("policy", reason, "write it as the guide of S3 bucket policies has it")
}

impl Policy {
    /// Reads a policy for a bucket.
    ///
    /// # Errors
    /// [`ObjectsError::InvalidField`] for JSON that is no policy, another bucket's resources, and conditions
    /// that are not understood.
    pub fn parse(text: &str, bucket: &str) -> Result<Self, ObjectsError> {
        if text.len() > MOST_BYTES {
            return Err(malformed(format!("it is larger than {MOST_BYTES} bytes")));
        }
        let written: Written = serde_json::from_str(text).map_err(|e| malformed(e.to_string()))?;
        if written.version.is_some_and(|v| v != "2012-10-17" && v != "2008-10-17") {
            return Err(malformed("there is no such version"));
        }
        let statements = written.statement.all();
        if statements.is_empty() {
            return Err(malformed("it has no statement"));
        }
        let statements = statements.into_iter().map(|s| statement(s, bucket)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { statements })
    }

    /// What it says of a request.
    #[must_use]
    pub fn judge(&self, asked: &Asked<'_>) -> Verdict {
        let mut verdict = Verdict::Silent;
        for statement in self.statements.iter().filter(|s| s.speaks_of(asked)) {
            if !statement.allow {
                return Verdict::Deny;
            }
            verdict = Verdict::Allow;
        }
        verdict
    }

    /// Whether what it says hangs on the tags of the object that is there.
    #[must_use]
    pub fn asks_for_tags(&self) -> bool {
        let mut conditions = self.statements.iter().flat_map(|s| &s.conditions);
        conditions.any(|c| c.key.to_ascii_lowercase().starts_with(EXISTING_TAG))
    }

    /// Whether it allows something to everybody without a condition.
    #[must_use]
    pub fn is_public(&self) -> bool {
        let everybody =
            |who: &Option<Matcher>| who.as_ref().is_none_or(|m| !m.not && m.patterns.iter().any(|p| p == "*"));
        self.statements.iter().any(|s| s.allow && s.conditions.is_empty() && everybody(&s.who))
    }
}

impl Statement {
    fn speaks_of(&self, asked: &Asked<'_>) -> bool {
        let action = asked.action.to_ascii_lowercase();
        let resource = format!("arn:aws:s3:::{}", asked.resource);
        self.who.as_ref().is_none_or(|who| who.holds_for(asked.who))
            && self.action.holds(|pattern| fits(&pattern.to_ascii_lowercase(), &action))
            && self.resource.holds(|pattern| fits(pattern, &resource))
            && self.conditions.iter().all(|c| c.holds(asked))
    }
}

impl Matcher {
    fn holds(&self, fits_one: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| fits_one(pattern)) != self.not
    }

    fn holds_for(&self, who: Option<(&str, &str)>) -> bool {
        self.holds(|pattern| match who {
            _ if pattern == "*" => true,
            None => false,
            Some((tenant, key)) => {
                pattern == tenant
                    || pattern == key
                    || pattern == format!("arn:aws:iam::{tenant}:root")
                    || pattern == format!("arn:aws:iam::{tenant}:user/{key}")
            }
        })
    }
}

impl Condition {
    fn holds(&self, asked: &Asked<'_>) -> bool {
        let found = asked.context.iter().find(|(key, _)| key.eq_ignore_ascii_case(&self.key)).map(|(_, value)| value);
        if self.compare == Compare::Missing {
            return self.values.iter().any(|value| (value == "true") == found.is_none());
        }
        let Some(found) = found else { return self.not || self.if_exists };
        let fits_one = |value: &String| match self.compare {
            Compare::Like => fits(value, found),
            Compare::EqualInAnyCase => value.eq_ignore_ascii_case(found),
            Compare::Equal | Compare::Missing => value == found,
        };
        self.values.iter().any(fits_one) != self.not
    }
}

fn statement(written: WrittenStatement, bucket: &str) -> Result<Statement, ObjectsError> {
    let allow = match written.effect.as_str() {
        "Allow" => true,
        "Deny" => false,
        other => return Err(malformed(format!("there is no effect `{other}`"))),
    };
    let who = match (written.principal, written.not_principal) {
        (Some(value), None) => Some(Matcher { patterns: principals(&value)?, not: false }),
        (None, Some(_)) if allow => return Err(malformed("NotPrincipal only goes with Deny")),
        (None, Some(value)) => Some(Matcher { patterns: principals(&value)?, not: true }),
        _ => return Err(malformed("a statement has either Principal or NotPrincipal")),
    };
    let either = |a: Option<OneOrMany<String>>, b: Option<OneOrMany<String>>, name: &str| match (a, b) {
        (Some(patterns), None) => Ok(Matcher { patterns: patterns.all(), not: false }),
        (None, Some(patterns)) => Ok(Matcher { patterns: patterns.all(), not: true }),
        _ => Err(malformed(format!("a statement has either {name} or Not{name}"))),
    };
    let action = either(written.action, written.not_action, "Action")?;
    if let Some(bad) = action.patterns.iter().find(|a| *a != "*" && !a.to_ascii_lowercase().starts_with("s3:")) {
        return Err(malformed(format!("`{bad}` is no action of S3")));
    }
    let resource = either(written.resource, written.not_resource, "Resource")?;
    let (itself, inside) = (format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/"));
    let fits_here = |r: &String| {
        *r == itself || r.starts_with(&inside) || matches!(r.as_str(), "*" | "arn:aws:s3:::*" | "arn:aws:s3:::*/*")
    };
    if let Some(bad) = resource.patterns.iter().find(|r| !fits_here(r)) {
        return Err(malformed(format!("`{bad}` is not in this bucket")));
    }
    let conditions = written.condition.map_or(Ok(Vec::new()), |value| conditions(&value))?;
    Ok(Statement { allow, who, action, resource, conditions })
}

fn texts(value: &Value) -> Result<Vec<String>, ObjectsError> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(yes) => Ok(yes.to_string()),
        _ => Err(malformed("a text is wanted")),
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        value => Ok(vec![text(value)?]),
    }
}

fn principals(value: &Value) -> Result<Vec<String>, ObjectsError> {
    match value {
        Value::String(text) if text == "*" => Ok(vec![text.clone()]),
        Value::Object(map) if map.len() == 1 => match map.get("AWS") {
            Some(value) => texts(value),
            None => Err(malformed("a principal is * or {\"AWS\": …}")),
        },
        _ => Err(malformed("a principal is * or {\"AWS\": …}")),
    }
}

fn conditions(value: &Value) -> Result<Vec<Condition>, ObjectsError> {
    let object = |value: &Value| value.as_object().cloned().ok_or_else(|| malformed("a condition is an object"));
    let mut all = Vec::new();
    for (operator, keys) in object(value)? {
        let (bare, if_exists) = match operator.strip_suffix("IfExists") {
            Some(bare) => (bare, true),
            None => (operator.as_str(), false),
        };
        let (compare, not) = match bare {
            "StringEquals" => (Compare::Equal, false),
            "StringNotEquals" => (Compare::Equal, true),
            "Bool" | "StringEqualsIgnoreCase" => (Compare::EqualInAnyCase, false),
            "StringNotEqualsIgnoreCase" => (Compare::EqualInAnyCase, true),
            "StringLike" => (Compare::Like, false),
            "StringNotLike" => (Compare::Like, true),
            "Null" if !if_exists => (Compare::Missing, false),
            other => return Err(malformed(format!("the condition operator `{other}` is not understood here"))),
        };
        for (key, values) in object(&keys)? {
            let small = key.to_ascii_lowercase();
            let of_tag = small.starts_with(EXISTING_TAG) || small.starts_with(REQUEST_TAG);
            if !of_tag && !KEYS.contains(&small.as_str()) {
                return Err(malformed(format!("the condition key `{key}` is not understood here")));
            }
            all.push(Condition { compare, not, if_exists, key, values: texts(&values)? });
        }
    }
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn judge(policy: &str, who: Option<(&str, &str)>, action: &str, resource: &str) -> Verdict {
        let context = vec![("aws:Referer".to_owned(), "https://shop.example/a".to_owned())];
        Policy::parse(policy, "b").unwrap().judge(&Asked { who, action, resource, context })
    }

    #[test]
    fn what_is_allowed_and_what_denied() {
        let public = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},
            {"Effect":"Deny","Principal":{"AWS":"*"},"Action":["s3:*"],"Resource":["arn:aws:s3:::b/secret/*"]}]}"#;
        assert_eq!(judge(public, None, "s3:GetObject", "b/k"), Verdict::Allow);
        assert_eq!(judge(public, None, "s3:GetObject", "b/secret/k"), Verdict::Deny);
        assert_eq!(judge(public, None, "s3:PutObject", "b/k"), Verdict::Silent);
        assert!(Policy::parse(public, "b").unwrap().is_public());
        let named = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::cabs:root"]},"Action":"s3:List*",
            "Resource":"arn:aws:s3:::b","Condition":{"StringLike":{"aws:Referer":"https://shop.example/*"}}}}"#;
        assert_eq!(judge(named, Some(("cabs", "key_1")), "s3:ListBucket", "b"), Verdict::Allow);
        assert_eq!(judge(named, Some(("other", "key_1")), "s3:ListBucket", "b"), Verdict::Silent);
        assert_eq!(judge(named, None, "s3:ListBucket", "b"), Verdict::Silent);
        assert!(!Policy::parse(named, "b").unwrap().is_public());
    }

    #[test]
    fn what_must_be_there() {
        let policy = r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:::*",
            "Condition":{"Null":{"aws:Referer":"false"},"StringEquals":{"s3:RequestObjectTag/a":"b"}}}]}"#;
        assert_eq!(judge(policy, None, "s3:PutObject", "b/k"), Verdict::Silent, "no tag came");
        let policy = policy.replace("StringEquals", "StringNotEquals");
        assert_eq!(judge(&policy, None, "s3:PutObject", "b/k"), Verdict::Deny);
        let policy = policy.replace(r#""false""#, r#""true""#);
        assert_eq!(judge(&policy, None, "s3:PutObject", "b/k"), Verdict::Silent, "a referer came");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let with = |rest: &str| {
            format!(
                r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"{rest}}}]}}"#
            )
        };
        assert!(Policy::parse(&with(""), "b").is_ok());
        assert!(Policy::parse(&with(""), "other").is_err());
        for bad in [
            r#","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
            r#","Condition":{"StringEquals":{"s3:unknown":"x"}}"#,
            r#","Extra":1"#,
            r#","NotPrincipal":"*""#,
            r#","NotAction":"s3:*""#,
        ] {
            assert!(Policy::parse(&with(bad), "b").is_err(), "{bad}");
        }
        for bad in ["", "{}", "[]", r#"{"Statement":[]}"#, r#"{"Version":"2020","Statement":[]}"#] {
            assert!(Policy::parse(bad, "b").is_err(), "{bad}");
        }
    }
}
