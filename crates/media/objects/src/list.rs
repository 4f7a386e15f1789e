//! Listing a bucket: a page is a walk over neighbouring rows, with a jump over each common prefix.

use std::collections::VecDeque;

use doorstep_store::{Tx, params};

use crate::object::{COLUMNS, Object};
use crate::{Bucket, Objects, ObjectsError, metrics};

/// The most entries of a page.
const MOST: usize = 5000;
/// Rows read after a jump, when little is known of what comes.
const FEW: usize = 16;

/// Which objects to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that agree up to this text behind the prefix are one entry.
    pub delimiter: Option<String>,
    /// Begin behind this key or common prefix.
    pub after: Option<String>,
    /// Most entries, objects and common prefixes together.
    pub limit: usize,
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListPage {
    /// Objects by key.
    pub objects: Vec<Object>,
    /// Common prefixes in order.
    pub prefixes: Vec<String>,
    /// The last entry, if there are more: `after` of the next page.
    pub next: Option<String>,
}

/// Where keys that do not begin with `prefix` any more begin.
pub(crate) fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// The common prefix that a key falls into, if any.
pub(crate) fn common_prefix<'k>(key: &'k str, prefix: &str, delimiter: Option<&str>) -> Option<&'k str> {
    let delimiter = delimiter.filter(|d| !d.is_empty())?;
    let at = key.get(prefix.len()..)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

/// Walks over keys from a position on, reading rows in batches that grow while they are of use.
struct Walk {
    bucket: i64,
    end: Option<Vec<u8>>,
    /// The first key that is wanted.
    from: Vec<u8>,
    rows: VecDeque<Object>,
    batch: usize,
    exhausted: bool,
}

impl Walk {
    fn next(&mut self, tx: &mut dyn Tx) -> Result<Option<Object>, ObjectsError> {
        if self.rows.is_empty() && !self.exhausted {
            self.fill(tx)?;
        }
        Ok(self.rows.pop_front())
    }

    fn fill(&mut self, tx: &mut dyn Tx) -> Result<(), ObjectsError> {
        let limit = i64::try_from(self.batch).unwrap_or(i64::MAX);
        let rows = match &self.end {
            Some(end) => tx.query(
                &format!(
                    "SELECT {COLUMNS} FROM objects WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY bucket, key LIMIT $4"
                ),
                params![self.bucket, self.from.clone(), end.clone(), limit],
            )?,
            None => tx.query(
                &format!("SELECT {COLUMNS} FROM objects WHERE bucket = $1 AND key >= $2 ORDER BY bucket, key LIMIT $3"),
                params![self.bucket, self.from.clone(), limit],
            )?,
        };
        self.exhausted = rows.len() < self.batch;
        self.batch = (self.batch * 4).min(MOST);
        for row in &rows {
            self.rows.push_back(Object::read(row)?);
        }
        if let Some(last) = self.rows.back() {
            // The key right behind another is that key and a zero byte.
            self.from = [last.key.as_bytes(), &[0]].concat();
        }
        Ok(())
    }

    /// Goes on at `from`; what was read before it is left out.
    fn jump(&mut self, from: Vec<u8>) {
        while self.rows.front().is_some_and(|o| o.key.as_bytes() < from.as_slice()) {
            self.rows.pop_front();
        }
        if self.rows.is_empty() && self.from < from {
            self.from = from;
            self.batch = FEW;
        }
    }
}

pub(crate) fn list_in(tx: &mut dyn Tx, bucket: i64, list: &List) -> Result<ListPage, ObjectsError> {
    let limit = list.limit.min(MOST);
    let mut page = ListPage::default();
    if limit == 0 {
        return Ok(page);
    }
    let prefix = list.prefix.as_str();
    let mut walk = Walk {
        bucket,
        end: if prefix.is_empty() { None } else { behind(prefix.as_bytes()) },
        from: prefix.as_bytes().to_vec(),
        rows: VecDeque::new(),
        batch: limit + 1,
        exhausted: false,
    };
    if let Some(after) = list.after.as_deref().filter(|after| *after >= prefix) {
        // Behind a common prefix is behind everything in it.
        let whole = common_prefix(after, prefix, list.delimiter.as_deref()) == Some(after);
        walk.from = match behind(after.as_bytes()).filter(|_| whole) {
            Some(from) => from,
            None => [after.as_bytes(), &[0]].concat(),
        };
    }
    let mut last: Option<String> = None;
    while let Some(object) = walk.next(tx)? {
        if page.objects.len() + page.prefixes.len() == limit {
            page.next = last;
            break;
        }
        match common_prefix(&object.key, prefix, list.delimiter.as_deref()) {
            Some(common) => {
                let common = common.to_owned();
                if let Some(from) = behind(common.as_bytes()) {
                    walk.jump(from);
                }
                last = Some(common.clone());
                page.prefixes.push(common);
            }
            None => {
                last = Some(object.key.clone());
                page.objects.push(object);
            }
        }
    }
    Ok(page)
}

impl Objects {
    /// A page of a bucket's objects, in the byte order of their keys.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, bucket: &Bucket, list: List) -> Result<ListPage, ObjectsError> {
        let id = bucket.id;
        let started = doorstep_clock::monotonic();
        let page = self.store().read(move |tx| list_in(tx, id, &list)).await?;
        metrics::listed(started.elapsed());
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        assert_eq!(common_prefix("a/b/c", "a/", Some("/")), Some("a/b/"));
        assert_eq!(common_prefix("a/b", "a/", Some("/")), None);
        assert_eq!(common_prefix("a/b", "", Some("/")), Some("a/"));
        assert_eq!(common_prefix("äßc", "ä", Some("ß")), Some("äß"));
        assert_eq!(common_prefix("abc", "", Some("")), None);
        assert_eq!(behind(b"a/"), Some(b"a0".to_vec()));
        assert_eq!(behind(&[1, 255]), Some(vec![2]));
        assert_eq!(behind(&[255]), None);
    }
}
