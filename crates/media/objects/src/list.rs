//! Listing a bucket: a page is a walk over neighbouring rows, which leaps over what a common prefix hides.
//!
//! A leap is one statement that steps from each entry to the next by the index, however many keys are in between, so
//! that a page costs what its entries do. Where entries turn out to be objects again, neighbouring rows are cheaper.

use std::collections::VecDeque;

use doorstep_store::{Backend, Row, StoreError, Tx, params};

use crate::object::{COLUMNS, Object};
use crate::{Bucket, Objects, ObjectsError, metrics};

/// The most entries of a page.
const MOST: usize = 5000;
/// Rows read at first, when little is known of what comes.
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

/// A key that was found. What else its row says is read when it is wanted.
struct Found {
    key: String,
    row: Row,
}

impl Found {
    fn new(column: &str, row: Row) -> Result<Self, ObjectsError> {
        let decode =
            |e: std::string::FromUtf8Error| StoreError::Decode { key: "a key".to_owned(), reason: e.to_string() };
        Ok(Self { key: String::from_utf8(row.blob(column)?).map_err(decode)?, row })
    }
}

/// Walks over keys from a position on, reading rows in batches that grow while they are of use.
struct Walk<'l> {
    bucket: i64,
    prefix: &'l str,
    delimiter: Option<&'l str>,
    end: Option<Vec<u8>>,
    /// The first key that is wanted.
    from: Vec<u8>,
    found: VecDeque<Found>,
    batch: usize,
    exhausted: bool,
    /// From entry to entry instead of from row to row.
    leaping: bool,
}

impl Walk<'_> {
    fn next(&mut self, tx: &mut dyn Tx) -> Result<Option<Found>, ObjectsError> {
        if self.found.is_empty() && !self.exhausted {
            match self.delimiter.filter(|_| self.leaping) {
                Some(delimiter) => self.leap(tx, delimiter)?,
                None => self.run(tx)?,
            }
        }
        Ok(self.found.pop_front())
    }

    /// Reads neighbouring rows.
    fn run(&mut self, tx: &mut dyn Tx) -> Result<(), ObjectsError> {
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
        for row in rows {
            self.found.push_back(Found::new("key", row)?);
        }
        if let Some(last) = self.found.back() {
            // The key right behind another is that key and a zero byte.
            self.from = [last.key.as_bytes(), &[0]].concat();
        }
        Ok(())
    }

    /// Reads the first key of each entry; of an entry that is an object, its row.
    fn leap(&mut self, tx: &mut dyn Tx, delimiter: &str) -> Result<(), ObjectsError> {
        let sql = leaps(tx.backend(), self.prefix.len(), delimiter.len(), self.end.is_some(), self.batch);
        let (from, cut) = (self.from.clone(), delimiter.as_bytes());
        let rows = match &self.end {
            Some(end) => tx.query(&sql, params![self.bucket, from, cut, end.clone()])?,
            None => tx.query(&sql, params![self.bucket, from, cut])?,
        };
        self.exhausted = rows.len() < self.batch;
        self.batch = (self.batch * 4).min(MOST);
        let entries = rows.len();
        let mut objects = 0;
        for row in rows {
            let found = Found::new("head", row)?;
            let common = common_prefix(&found.key, self.prefix, self.delimiter);
            objects += usize::from(common.is_none());
            self.from = match common.and_then(|common| behind(common.as_bytes())) {
                Some(from) => from,
                None => [found.key.as_bytes(), &[0]].concat(),
            };
            self.found.push_back(found);
        }
        self.leaping = objects * 2 < entries;
        Ok(())
    }

    /// Goes on at `from`; what was read before it is left out.
    fn skip_to(&mut self, from: Vec<u8>) {
        while self.found.front().is_some_and(|found| found.key.as_bytes() < from.as_slice()) {
            self.found.pop_front();
        }
        if self.found.is_empty() && self.from < from {
            self.from = from;
            (self.leaping, self.batch) = (true, FEW);
        }
    }
}

/// The statement of a leap: `$1` the bucket, `$2` where it begins, `$3` the delimiter, `$4` where it ends. No key has
/// a byte of 255 in it, so that one stands behind all that begins with what is before it.
fn leaps(backend: Backend, prefix: usize, delimiter: usize, ends: bool, most: usize) -> String {
    let at = prefix + 1;
    let (cut, whole, behind_whole, behind_cut) = match backend {
        Backend::Sqlite => (
            format!("instr(substr(k, {at}), $3)"),
            "substr(k, 1, {})",
            "CAST(k || x'00' AS BLOB)".to_owned(),
            "CAST({} || x'ff' AS BLOB)",
        ),
        Backend::Postgres => (
            format!("position(CAST($3 AS BYTEA) IN substring(k FROM {at}))"),
            "substring(k FROM 1 FOR {})",
            "k || '\\x00'::bytea".to_owned(),
            "{} || '\\xff'::bytea",
        ),
    };
    let whole = whole.replace("{}", &format!("{} + {cut}", prefix + delimiter - 1));
    let behind_cut = behind_cut.replace("{}", &whole);
    let end = if ends { "AND key < $4" } else { "" };
    let first = |from: &str| {
        format!("(SELECT key FROM objects WHERE bucket = $1 AND key >= {from} {end} ORDER BY bucket, key LIMIT 1)")
    };
    format!(
        "WITH RECURSIVE heads(k, n) AS (
            SELECT {start}, 1
            UNION ALL
            SELECT {next}, n + 1 FROM heads WHERE k IS NOT NULL AND n < {most}
        )
        SELECT k AS head, {COLUMNS} FROM heads
        LEFT JOIN objects ON bucket = $1 AND key = k AND {cut} = 0
        WHERE k IS NOT NULL ORDER BY n",
        start = first("$2"),
        next = first(&format!("CASE WHEN {cut} = 0 THEN {behind_whole} ELSE {behind_cut} END")),
    )
}

pub(crate) fn list_in(tx: &mut dyn Tx, bucket: i64, list: &List) -> Result<ListPage, ObjectsError> {
    let limit = list.limit.min(MOST);
    let mut page = ListPage::default();
    if limit == 0 {
        return Ok(page);
    }
    let prefix = list.prefix.as_str();
    let delimiter = list.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let mut walk = Walk {
        bucket,
        prefix,
        delimiter,
        end: if prefix.is_empty() { None } else { behind(prefix.as_bytes()) },
        from: prefix.as_bytes().to_vec(),
        found: VecDeque::new(),
        batch: if delimiter.is_some() { FEW.min(limit + 1) } else { limit + 1 },
        exhausted: false,
        leaping: false,
    };
    if let Some(after) = list.after.as_deref().filter(|after| *after >= prefix) {
        // Behind a common prefix is behind everything in it.
        let whole = common_prefix(after, prefix, delimiter) == Some(after);
        walk.from = match behind(after.as_bytes()).filter(|_| whole) {
            Some(from) => from,
            None => [after.as_bytes(), &[0]].concat(),
        };
    }
    let mut last: Option<String> = None;
    while let Some(found) = walk.next(tx)? {
        if page.objects.len() + page.prefixes.len() == limit {
            page.next = last;
            break;
        }
        match common_prefix(&found.key, prefix, delimiter) {
            Some(common) => {
                if let Some(from) = behind(common.as_bytes()) {
                    walk.skip_to(from);
                }
                page.prefixes.push(common.to_owned());
                last = Some(common.to_owned());
            }
            None => {
                page.objects.push(Object::read(&found.row)?);
                last = Some(found.key);
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
