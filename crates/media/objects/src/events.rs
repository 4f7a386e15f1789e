//! Events of buckets: what is told to whom, in the form of Amazon's records, written down in the transaction
//! of the change itself. Pure but for the row.

use doorstep_clock::Timestamp;
use doorstep_store::{Tx, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Bucket, Object, ObjectsError};

/// Most rules of a bucket.
const MOST: usize = 100;
/// What a webhook's name begins with; the address follows.
pub const WEBHOOK: &str = "arn:doorstep:webhook:::";
/// The name of the node's journal.
pub const JOURNAL: &str = "arn:doorstep:journal:::objects";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An object was written at once.
    Put,
    /// An object was uploaded by an HTML form.
    Post,
    /// An object was made of another, or of bytes that were there.
    Copy,
    /// An object was made of parts.
    Complete,
    /// A version went for good.
    Delete,
    /// A delete marker was made.
    Marker,
    /// A version went by a lifecycle rule.
    Expire,
    /// A delete marker was made by a lifecycle rule.
    ExpireMarker,
    /// A lifecycle rule changed the class.
    Move,
    /// An archived object can be read.
    Restore,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Put,
        Self::Post,
        Self::Copy,
        Self::Complete,
        Self::Delete,
        Self::Marker,
        Self::Expire,
        Self::ExpireMarker,
        Self::Move,
        Self::Restore,
    ];

    /// S3's word, without `s3:`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::Post => "ObjectCreated:Post",
            Self::Copy => "ObjectCreated:Copy",
            Self::Complete => "ObjectCreated:CompleteMultipartUpload",
            Self::Delete => "ObjectRemoved:Delete",
            Self::Marker => "ObjectRemoved:DeleteMarkerCreated",
            Self::Expire => "LifecycleExpiration:Delete",
            Self::ExpireMarker => "LifecycleExpiration:DeleteMarkerCreated",
            Self::Move => "LifecycleTransition",
            Self::Restore => "ObjectRestore:Completed",
        }
    }
}

/// Where events go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Posted to this address.
    Webhook(String),
    /// Appended to the journal's stream `objects.<tenant>`.
    Journal,
}

impl Target {
    /// From a name as a notification's configuration has it.
    #[must_use]
    pub fn parse(arn: &str) -> Option<Self> {
        if arn == JOURNAL {
            return Some(Self::Journal);
        }
        arn.strip_prefix(WEBHOOK).filter(|url| !url.is_empty()).map(|url| Self::Webhook(url.to_owned()))
    }
}

/// One rule: which events go where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRule {
    /// Its name, told with each event.
    pub id: String,
    /// In which list of S3's configuration it stands: topic, queue or lambda.
    pub list: String,
    /// S3's name of the target.
    pub arn: String,
    /// `s3:ObjectCreated:*` and the like.
    pub events: Vec<String>,
    /// Only keys that begin so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Only keys that end so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
}

fn covers(pattern: &str, event: Event) -> bool {
    let Some(pattern) = pattern.strip_prefix("s3:") else { return false };
    match pattern.strip_suffix('*') {
        Some(begin) => begin.ends_with(':') && event.as_str().starts_with(begin),
        None => event.as_str() == pattern,
    }
}

impl EventRule {
    fn wants(&self, event: Event, key: &str) -> bool {
        self.events.iter().any(|pattern| covers(pattern, event))
            && key.starts_with(&self.prefix)
            && key.ends_with(&self.suffix)
            && key.len() >= self.prefix.len().max(self.suffix.len())
    }
}

/// Refuses rules that tell nothing or nobody.
pub(crate) fn check(rules: &[EventRule]) -> Result<(), ObjectsError> {
    let refuse = |reason: String, fix: String| Err(ObjectsError::field("events", reason, fix));
    if rules.len() > MOST {
        return refuse(format!("{} rules", rules.len()), format!("write at most {MOST}"));
    }
    for (ix, rule) in rules.iter().enumerate() {
        if rules[..ix].iter().any(|other| other.id == rule.id) {
            return refuse(format!("two rules have the ID `{}`", rule.id), "give each its own".to_owned());
        }
        if Target::parse(&rule.arn).is_none() {
            let fix = format!("name {WEBHOOK}http://host/path or {JOURNAL}");
            return refuse(format!("`{}` leads nowhere", rule.arn), fix);
        }
        if rule.events.is_empty() {
            return refuse(format!("the rule `{}` names no event", rule.id), "write s3:ObjectCreated:*".to_owned());
        }
        let known = |pattern: &String| Event::ALL.iter().any(|event| covers(pattern, *event));
        if let Some(bad) = rule.events.iter().find(|pattern| !known(pattern)) {
            let all: Vec<&str> = Event::ALL.iter().map(|event| event.as_str()).collect();
            return refuse(format!("the event `{bad}` is not supported"), format!("choose of s3: {}", all.join(", ")));
        }
    }
    Ok(())
}

/// A key as records have it: in a form's encoding.
fn in_form(key: &str) -> String {
    use std::fmt::Write as _;
    key.bytes().fold(String::with_capacity(key.len()), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => text.push(byte as char),
            b' ' => text.push('+'),
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
        text
    })
}

/// Amazon's record of an event (version 2.1); who tells it adds the region.
fn record(bucket: &Bucket, rule: &EventRule, event: Event, object: &Object, now: Timestamp) -> Value {
    let mut told = json!({"key": in_form(&object.key), "sequencer": format!("{:016X}", object.seq)});
    let created = !matches!(event, Event::Delete | Event::Marker | Event::Expire | Event::ExpireMarker);
    if created {
        told["size"] = json!(object.size);
        told["eTag"] = json!(object.etag);
    }
    if !object.unversioned {
        told["versionId"] = json!(object.version());
    }
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": now.to_string(),
        "eventName": event.as_str(),
        "userIdentity": {"principalId": bucket.owner_of(&object.meta)},
        "requestParameters": {"sourceIPAddress": ""},
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule.id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": bucket.tenant},
                "arn": format!("arn:aws:s3:::{}", bucket.name),
            },
            "object": told,
        },
    })
}

/// Writes down what is to be told of a change, in the change's own transaction.
pub(crate) fn tell(
    tx: &mut dyn Tx,
    bucket: &Bucket,
    event: Event,
    object: &Object,
    now: Timestamp,
) -> Result<(), ObjectsError> {
    for rule in bucket.settings.events.iter().filter(|rule| rule.wants(event, &object.key)) {
        let record = record(bucket, rule, event, object, now);
        queue(tx, bucket, &rule.arn, &json!({"Records": [record]}), now)?;
    }
    Ok(())
}

/// What S3 sends to a target when a rule first names it.
pub(crate) fn tell_test(tx: &mut dyn Tx, bucket: &Bucket, arn: &str, now: Timestamp) -> Result<(), ObjectsError> {
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": now.to_string(), "Bucket": bucket.name});
    queue(tx, bucket, arn, &test, now)
}

fn queue(tx: &mut dyn Tx, bucket: &Bucket, arn: &str, message: &Value, now: Timestamp) -> Result<(), ObjectsError> {
    tx.execute(
        "INSERT INTO object_events (id, tenant, bucket, target, message, at, attempts, due)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $6)",
        params![
            Uuid::now_v7().simple().to_string(),
            bucket.tenant.as_str(),
            bucket.name.as_str(),
            arn,
            message.to_string(),
            now
        ],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(events: &[&str]) -> EventRule {
        EventRule {
            id: "a".to_owned(),
            list: "topic".to_owned(),
            arn: format!("{WEBHOOK}http://example.com/"),
            events: events.iter().map(|e| (*e).to_owned()).collect(),
            prefix: "in/".to_owned(),
            suffix: ".jpg".to_owned(),
        }
    }

    #[test]
    fn rules_want_what_they_name() {
        let all = rule(&["s3:ObjectCreated:*"]);
        assert!(all.wants(Event::Put, "in/a.jpg") && all.wants(Event::Complete, "in/.jpg"));
        assert!(!all.wants(Event::Delete, "in/a.jpg"));
        for key in ["out/a.jpg", "in/a.png", "in/a.jpg/"] {
            assert!(!all.wants(Event::Put, key), "{key}");
        }
        let forms = rule(&["s3:ObjectCreated:Post"]);
        assert!(all.wants(Event::Post, "in/a.jpg") && forms.wants(Event::Post, "in/a.jpg"));
        assert!(!forms.wants(Event::Put, "in/a.jpg") && check(&[forms]).is_ok());
        assert!(rule(&["s3:ObjectRemoved:Delete"]).wants(Event::Delete, "in/a.jpg"));
        assert!(check(std::slice::from_ref(&all)).is_ok());
        assert!(check(&[all.clone(), all]).is_err(), "one ID twice");
        for bad in ["s3:ObjectCreated:Boil", "ObjectCreated:*", "s3:*", "s3:ReducedRedundancyLostObject", ""] {
            assert!(check(&[rule(&[bad])]).is_err(), "{bad}");
        }
        assert!(
            check(&[EventRule { arn: "arn:aws:sns:us-east-1:1:x".to_owned(), ..rule(&["s3:ObjectCreated:*"]) }])
                .is_err()
        );
    }

    #[test]
    fn keys_are_written_as_in_a_form() {
        assert_eq!(in_form("a b/ü+.jpg"), "a+b%2F%C3%BC%2B.jpg");
    }
}
