//! Conditional requests (RFC 9110, section 13) as pure decisions.

use doorstep_clock::Timestamp;

use crate::{Object, ObjectsError};

/// ETags of a condition: any, or these (without quotes).
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<String>),
}

fn tags(text: &str) -> Tags {
    if text.trim() == "*" {
        return Tags::Any;
    }
    let bare = |tag: &str| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned()
    };
    Tags::These(text.split(',').map(bare).filter(|tag| !tag.is_empty()).collect())
}

impl Tags {
    fn hold(&self, object: Option<&Object>) -> bool {
        match (self, object) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::These(tags), Some(object)) => {
                tags.iter().any(|tag| *tag == object.etag || Some(tag) == object.meta.ufile.as_ref())
            }
        }
    }
}

/// Conditions of a read, in the words of the headers. S3's ETag and UFile's both count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadConditions {
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `If-Modified-Since`.
    pub modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// Lets the read through or says why not. Times are compared in whole seconds, as headers have them.
    ///
    /// # Errors
    /// [`ObjectsError::PreconditionFailed`] and [`ObjectsError::NotModified`].
    pub fn check(&self, object: &Object) -> Result<(), ObjectsError> {
        let seconds = |at: Timestamp| at.millis().div_euclid(1000);
        let modified = seconds(object.modified);
        match &self.if_match {
            Some(tags_wanted) if !tags(tags_wanted).hold(Some(object)) => {
                return Err(ObjectsError::PreconditionFailed("If-Match"));
            }
            Some(_) => {}
            None => {
                if self.unmodified_since.is_some_and(|at| modified > seconds(at)) {
                    return Err(ObjectsError::PreconditionFailed("If-Unmodified-Since"));
                }
            }
        }
        let known = match &self.if_none_match {
            Some(tags_known) => tags(tags_known).hold(Some(object)),
            None => self.modified_since.is_some_and(|at| modified <= seconds(at)),
        };
        if known {
            return Err(ObjectsError::NotModified { etag: object.etag.clone(), modified: object.modified });
        }
        Ok(())
    }

    /// The same for the source of a copy, where "not modified" is a failure.
    pub(crate) fn check_source(&self, object: &Object) -> Result<(), ObjectsError> {
        match self.check(object) {
            Err(ObjectsError::NotModified { .. }) => {
                let which = if self.if_none_match.is_some() { "If-None-Match" } else { "If-Modified-Since" };
                Err(ObjectsError::PreconditionFailed(which))
            }
            checked => checked,
        }
    }
}

/// Conditions of a write or delete, checked in the transaction that changes the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteConditions {
    /// `If-Match`: only over one of these.
    pub if_match: Option<String>,
    /// `If-None-Match`: not over one of these; `*` for only if there is none.
    pub if_none_match: Option<String>,
    /// Only over one that was changed at this time.
    pub modified: Option<Timestamp>,
    /// Only over one of this size.
    pub size: Option<u64>,
}

impl WriteConditions {
    pub(crate) fn check(&self, key: &str, current: Option<&Object>) -> Result<(), ObjectsError> {
        if let Some(wanted) = &self.if_match
            && !tags(wanted).hold(current)
        {
            return Err(match current {
                None => ObjectsError::NoSuchKey { key: key.to_owned(), marker: None },
                Some(_) => ObjectsError::PreconditionFailed("If-Match"),
            });
        }
        if let Some(unwanted) = &self.if_none_match
            && tags(unwanted).hold(current)
        {
            return Err(ObjectsError::PreconditionFailed("If-None-Match"));
        }
        let Some(current) = current else { return Ok(()) };
        if self.modified.is_some_and(|at| at.millis().div_euclid(1000) != current.modified.millis().div_euclid(1000)) {
            return Err(ObjectsError::PreconditionFailed("If-Match-Last-Modified-Time"));
        }
        if self.size.is_some_and(|size| size != current.size) {
            return Err(ObjectsError::PreconditionFailed("If-Match-Size"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Object {
        Object { etag: "abc".to_owned(), modified: Timestamp(5_700), size: 3, ..Object::default() }
    }

    fn read(change: impl FnOnce(&mut ReadConditions)) -> &'static str {
        let mut conditions = ReadConditions::default();
        change(&mut conditions);
        conditions.check(&object()).map_or_else(|e| e.as_str(), |()| "ok")
    }

    #[test]
    fn reads() {
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(read(|_| {}), "ok");
        assert_eq!(read(|c| c.if_match = text("\"abc\"")), "ok");
        assert_eq!(read(|c| c.if_match = text("*")), "ok");
        assert_eq!(read(|c| c.if_match = text("\"x\", \"y\"")), "precondition_failed");
        assert_eq!(read(|c| c.if_none_match = text("W/\"abc\"")), "not_modified");
        assert_eq!(read(|c| c.if_none_match = text("x")), "ok");
        assert_eq!(read(|c| c.modified_since = Some(Timestamp(5_000))), "not_modified");
        assert_eq!(read(|c| c.modified_since = Some(Timestamp(4_999))), "ok");
        assert_eq!(read(|c| c.unmodified_since = Some(Timestamp(4_999))), "precondition_failed");
        // The tag decides where both are given.
        assert_eq!(
            read(|c| {
                c.if_match = text("abc");
                c.unmodified_since = Some(Timestamp(0));
            }),
            "ok"
        );
        assert_eq!(
            read(|c| {
                c.if_none_match = text("x");
                c.modified_since = Some(Timestamp(9_000));
            }),
            "ok"
        );
    }

    #[test]
    fn writes() {
        let check = |if_match: Option<&str>, if_none_match: Option<&str>, there: bool| {
            let conditions = WriteConditions {
                if_match: if_match.map(str::to_owned),
                if_none_match: if_none_match.map(str::to_owned),
                ..WriteConditions::default()
            };
            conditions.check("k", there.then(object).as_ref()).map_or_else(|e| e.as_str(), |()| "ok")
        };
        assert_eq!(check(None, Some("*"), false), "ok");
        assert_eq!(check(None, Some("*"), true), "precondition_failed");
        assert_eq!(check(Some("abc"), None, true), "ok");
        assert_eq!(check(Some("old"), None, true), "precondition_failed");
        assert_eq!(check(Some("abc"), None, false), "no_such_key");
    }
}
