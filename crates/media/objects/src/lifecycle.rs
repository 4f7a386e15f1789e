//! What happens to objects by themselves: a bucket's lifecycle rules as pure decisions.

use doorstep_clock::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Object, ObjectsError, StorageClass};

/// Most rules of a bucket.
const MOST: usize = 1000;

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Due {
    /// So many days after it was written, at the next midnight UTC.
    Days(u32),
    /// At this moment, for everything written before.
    At(Timestamp),
}

impl Due {
    /// Whether it is due now for something written at `since`, where a day has `day` ms.
    #[must_use]
    pub fn over(self, since: Timestamp, now: Timestamp, day: i64) -> bool {
        match self {
            Self::At(at) => now >= at && since < now,
            Self::Days(_) => now >= self.when(since, day),
        }
    }

    /// When it is due for something written at `since`.
    #[must_use]
    pub fn when(self, since: Timestamp, day: i64) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Days(days) => {
                let after = since.millis().saturating_add(i64::from(days).saturating_mul(day));
                let midnight = after.div_euclid(day).saturating_add(1).saturating_mul(day);
                Timestamp::from_millis(midnight)
            }
        }
    }
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LifecycleRule {
    /// Its name.
    pub id: String,
    /// Whether it works.
    pub enabled: bool,
    /// Only keys that begin so.
    pub prefix: String,
    /// The prefix was written without a filter, as older tools do, and is told so again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub plain_prefix: bool,
    /// Only objects with all of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, String)>,
    /// Only objects larger than this, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub larger_than: Option<u64>,
    /// Only objects smaller than this, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smaller_than: Option<u64>,
    /// When objects are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire: Option<Due>,
    /// Delete markers behind which nothing is left go.
    pub expired_markers: bool,
    /// Days after which a version that is not current any more goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent_days: Option<u32>,
    /// But so many of them stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent_keep: Option<u32>,
    /// When objects change their class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<(Due, StorageClass)>,
    /// Days after which versions that are not current any more change their class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noncurrent_transitions: Vec<(u32, StorageClass)>,
    /// Days after which an unfinished upload is aborted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_days: Option<u32>,
}

/// What is to happen to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Stay,
    Expire,
    Become(StorageClass),
}

impl LifecycleRule {
    pub(crate) fn fits(&self, object: &Object) -> bool {
        self.enabled
            && object.key.starts_with(&self.prefix)
            && self.tags.iter().all(|tag| object.meta.tags.contains(tag))
            && self.larger_than.is_none_or(|n| object.size > n)
            && self.smaller_than.is_none_or(|n| object.size < n)
    }
}

/// When a current object expires, and by which rule.
pub(crate) fn expiry(rules: &[LifecycleRule], object: &Object, day: i64) -> Option<(Timestamp, String)> {
    let due = rules.iter().filter(|rule| rule.fits(object));
    let due = due.filter_map(|rule| Some((rule.expire?.when(object.modified, day), rule.id.clone())));
    due.min_by_key(|(at, _)| *at)
}

/// Whether a delete marker behind which nothing is left goes.
pub(crate) fn marker_goes(rules: &[LifecycleRule], marker: &Object, now: Timestamp, day: i64) -> bool {
    rules
        .iter()
        .filter(|rule| rule.fits(marker))
        .any(|rule| rule.expired_markers || rule.expire.is_some_and(|due| due.over(marker.modified, now, day)))
}

/// What the rules say of a current object. Expiry wins over a change of class, the colder class over the warmer.
pub(crate) fn fate(rules: &[LifecycleRule], object: &Object, now: Timestamp, day: i64) -> Fate {
    let mut fate = Fate::Stay;
    let colder = |class: StorageClass| class as u8;
    for rule in rules.iter().filter(|rule| rule.fits(object)) {
        if rule.expire.is_some_and(|due| due.over(object.modified, now, day)) {
            return Fate::Expire;
        }
        for (_, class) in rule.transitions.iter().filter(|(due, _)| due.over(object.modified, now, day)) {
            let now_at = if let Fate::Become(class) = fate { class } else { object.meta.class };
            if colder(*class) > colder(now_at) {
                fate = Fate::Become(*class);
            }
        }
    }
    fate
}

/// A version that is not current any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noncurrent {
    /// Since when.
    pub(crate) since: Timestamp,
    /// How many such are newer.
    pub(crate) newer: u32,
    pub(crate) now: Timestamp,
    /// A day, ms.
    pub(crate) day: i64,
}

/// Whether such a version goes.
pub(crate) fn old_version_goes(rules: &[LifecycleRule], object: &Object, at: Noncurrent) -> bool {
    rules.iter().filter(|rule| rule.fits(object)).any(|rule| {
        rule.noncurrent_days.is_some_and(|days| Due::Days(days).over(at.since, at.now, at.day))
            && at.newer >= rule.noncurrent_keep.unwrap_or(0)
    })
}

/// The colder class that such a version changes to, if any.
pub(crate) fn old_version_becomes(rules: &[LifecycleRule], object: &Object, at: Noncurrent) -> Option<StorageClass> {
    let transitions = rules.iter().filter(|rule| rule.fits(object)).flat_map(|rule| &rule.noncurrent_transitions);
    let due = transitions.filter(|(days, _)| Due::Days(*days).over(at.since, at.now, at.day));
    let coldest = due.map(|(_, class)| *class).max_by_key(|class| *class as u8)?;
    (coldest as u8 > object.meta.class as u8).then_some(coldest)
}

/// Refuses rules that do nothing or cannot be told apart.
pub(crate) fn check(rules: &[LifecycleRule]) -> Result<(), ObjectsError> {
    let refuse = |reason: String, fix: &str| Err(ObjectsError::field("lifecycle", reason, fix));
    if rules.len() > MOST {
        return refuse(format!("{} rules", rules.len()), "write at most 1000");
    }
    for (ix, rule) in rules.iter().enumerate() {
        if rule.id.len() > 255 {
            return refuse("a rule's ID has more than 255 bytes".to_owned(), "write a shorter one");
        }
        if rules[..ix].iter().any(|other| other.id == rule.id) {
            return refuse(format!("two rules have the ID `{}`", rule.id), "give each its own");
        }
        let acts = rule.expire.is_some()
            || rule.expired_markers
            || rule.noncurrent_days.is_some()
            || !rule.transitions.is_empty()
            || !rule.noncurrent_transitions.is_empty()
            || rule.abort_days.is_some();
        if !acts {
            return refuse(format!("the rule `{}` does nothing", rule.id), "name at least one action");
        }
        let zero = rule.expire == Some(Due::Days(0)) || rule.noncurrent_days == Some(0) || rule.abort_days == Some(0);
        if zero {
            return refuse(format!("the rule `{}` has 0 days", rule.id), "write a positive number of days");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn object(key: &str) -> Object {
        Object { key: key.to_owned(), size: 10, modified: Timestamp(DAY / 2), ..Object::default() }
    }

    #[test]
    fn days_end_at_midnight() {
        assert!(!Due::Days(1).over(Timestamp(DAY / 2), Timestamp(2 * DAY - 1), DAY));
        assert!(Due::Days(1).over(Timestamp(DAY / 2), Timestamp(2 * DAY), DAY));
        assert!(Due::At(Timestamp(5)).over(Timestamp(1), Timestamp(5), DAY));
        assert!(!Due::At(Timestamp(5)).over(Timestamp(1), Timestamp(4), DAY));
    }

    #[test]
    fn fates() {
        let rule =
            LifecycleRule { id: "a".to_owned(), enabled: true, prefix: "log/".to_owned(), ..LifecycleRule::default() };
        let expire = LifecycleRule { expire: Some(Due::Days(10)), ..rule.clone() };
        let cool = LifecycleRule {
            transitions: vec![(Due::Days(1), StorageClass::Infrequent), (Due::Days(3), StorageClass::Archive)],
            ..rule.clone()
        };
        let rules = [expire, cool];
        let at = |days: i64| fate(&rules, &object("log/a"), Timestamp(days * DAY), DAY);
        assert_eq!(
            (at(1), at(2), at(4), at(20)),
            (Fate::Stay, Fate::Become(StorageClass::Infrequent), Fate::Become(StorageClass::Archive), Fate::Expire)
        );
        assert_eq!(fate(&rules, &object("other"), Timestamp(99 * DAY), DAY), Fate::Stay);
        let keep = [LifecycleRule { noncurrent_days: Some(1), noncurrent_keep: Some(2), ..rule.clone() }];
        let at = |newer| Noncurrent { since: Timestamp(0), newer, now: Timestamp(9 * DAY), day: DAY };
        assert!(!old_version_goes(&keep, &object("log/a"), at(1)));
        assert!(old_version_goes(&keep, &object("log/a"), at(2)));
        let cool = [LifecycleRule { noncurrent_transitions: vec![(1, StorageClass::Archive)], ..rule.clone() }];
        assert_eq!(old_version_becomes(&cool, &object("log/a"), at(0)), Some(StorageClass::Archive));
        let young = Noncurrent { now: Timestamp(DAY / 2), ..at(0) };
        assert_eq!(old_version_becomes(&cool, &object("log/a"), young), None);
        let (at, id) = expiry(&rules, &object("log/a"), DAY).unwrap_or_default();
        assert_eq!((at.millis(), id.as_str()), (11 * DAY, "a"));
        assert_eq!(expiry(&rules, &object("other"), DAY), None);
        assert!(marker_goes(&rules, &object("log/a"), Timestamp(20 * DAY), DAY));
        assert!(!marker_goes(&rules, &object("log/a"), Timestamp(5 * DAY), DAY));
        assert!(check(&keep).is_ok() && check(&[rule]).is_err());
    }
}
