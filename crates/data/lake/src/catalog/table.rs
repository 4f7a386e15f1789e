//! What the catalogue knows of one table.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{Schema, SchemaRef};
use doorstep_clock::Timestamp;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// Where a table's rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// Files of the lake's own, listed in the catalogue; written by statements.
    Managed,
    /// Files in a folder that somebody else fills; found by looking.
    External,
    /// A query under a name.
    View,
}

impl TableKind {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::External => "external",
            Self::View => "view",
        }
    }
}

/// How rows lie in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Apache Parquet.
    #[default]
    Parquet,
    /// Delimited text.
    Csv,
    /// A JSON object a line.
    Json,
}

impl FileKind {
    /// From the word after `STORED AS`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "csv" | "textfile" | "text" => Some(Self::Csv),
            "json" | "ndjson" | "jsonfile" => Some(Self::Json),
            _ => None,
        }
    }

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// How delimited text is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delimited {
    /// Between fields.
    pub delimiter: char,
    /// Around fields; none in Hive's own text.
    pub quote: Option<char>,
    /// Before a character that means itself.
    pub escape: Option<char>,
    /// Lines at the top of each file that are no rows.
    pub header: bool,
    /// The text that means null, such as `\N`.
    pub null: Option<String>,
    /// Between lines, if it is not a line feed.
    pub line: Option<char>,
    /// The character that begins a comment line.
    pub comment: Option<char>,
    /// Text that does not fit its column is null, as Hive has it; otherwise the statement ends with an error.
    pub lenient: bool,
}

impl Default for Delimited {
    fn default() -> Self {
        Self {
            delimiter: ',',
            quote: Some('"'),
            escape: None,
            header: true,
            null: None,
            line: None,
            comment: None,
            lenient: false,
        }
    }
}

/// A table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableDef {
    /// Its id: stays when it is renamed.
    pub id: String,
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// Where its rows come from.
    pub kind: TableKind,
    /// All columns; those of [`TableDef::partition_by`] come last. Empty for a view.
    pub schema: SchemaRef,
    /// The columns that are written in folder names, Hive style.
    #[serde(default)]
    pub partition_by: Vec<String>,
    /// How its files are written.
    #[serde(default)]
    pub files: FileKind,
    /// For delimited text.
    #[serde(default)]
    pub delimited: Delimited,
    /// External: its folder, below the tenant's folder of the lake.
    #[serde(default)]
    pub location: Option<String>,
    /// A view's query.
    #[serde(default)]
    pub query: Option<String>,
    /// What its maker says of it.
    #[serde(default)]
    pub comment: String,
    /// What faces keep with it, such as Hive's table properties.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// Columns by which compaction sorts.
    #[serde(default)]
    pub sort_by: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts changes, from 1.
    #[serde(default)]
    pub version: i64,
}

impl TableDef {
    /// A managed Parquet table with these columns.
    #[must_use]
    pub fn managed(database: &str, name: &str, schema: SchemaRef, now: Timestamp) -> Self {
        Self {
            id: uuid::Uuid::now_v7().simple().to_string(),
            database: database.to_owned(),
            name: name.to_owned(),
            kind: TableKind::Managed,
            schema,
            partition_by: Vec::new(),
            files: FileKind::Parquet,
            delimited: Delimited::default(),
            location: None,
            query: None,
            comment: String::new(),
            properties: BTreeMap::new(),
            sort_by: Vec::new(),
            created_at: now,
            version: 1,
        }
    }

    /// The columns that stand in the files.
    #[must_use]
    pub fn file_schema(&self) -> SchemaRef {
        if self.partition_by.is_empty() {
            return SchemaRef::clone(&self.schema);
        }
        let fields: Vec<_> =
            self.schema.fields().iter().filter(|f| !self.partition_by.contains(f.name())).cloned().collect();
        Schema::new(fields).into()
    }
}

/// One data file of a managed or built-in table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Below the lake's folder.
    pub path: String,
    /// Its partition as a folder path, such as `dt=2026-01-01/hour=7`; empty without partitions.
    pub spec: String,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// The least and the greatest value of the table's column of time, milliseconds.
    pub span: Option<(i64, i64)>,
    /// The same for each owner of rows, such as a city, where owners have clocks of their own; else empty.
    pub spans: BTreeMap<String, (i64, i64)>,
}

/// What a key may see of a table beyond what its scopes allow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Only these columns; all when absent.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// Only rows for which this SQL condition holds; all when absent.
    #[serde(default)]
    pub rows: Option<String>,
    /// May change it too, in every way.
    #[serde(default)]
    pub write: bool,
    /// May change it in these ways.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub changes: BTreeSet<Right>,
}

/// A way to change a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Rows are added.
    Insert,
    /// Rows get other values.
    Update,
    /// Rows go.
    Delete,
}

impl Right {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Insert, Self::Update, Self::Delete];

    /// The word of SQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

impl Grant {
    /// Whether rows may be changed in this way.
    #[must_use]
    pub fn lets(&self, right: Right) -> bool {
        self.write || self.changes.contains(&right)
    }

    /// Whether all columns of all rows may be seen: who changes rows by what is in them sees that.
    #[must_use]
    pub const fn sees_all(&self) -> bool {
        self.columns.is_none() && self.rows.is_none()
    }

    /// Lets rows be changed in one more way.
    pub fn let_change(&mut self, right: Right) {
        if !self.write {
            self.changes.insert(right);
        }
        if self.changes.len() == Right::ALL.len() {
            (self.write, self.changes) = (true, BTreeSet::new());
        }
    }

    /// Ends that.
    pub fn forbid_change(&mut self, right: Right) {
        if std::mem::take(&mut self.write) {
            self.changes = Right::ALL.into_iter().collect();
        }
        self.changes.remove(&right);
    }
}

/// A partition's folder names as pairs: `dt=2026-01-01/hour=7`.
#[must_use]
pub fn partition_values(spec: &str) -> Vec<(String, Option<String>)> {
    spec.split('/')
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| {
            (
                name.to_owned(),
                (value != NULL_PARTITION).then(|| percent_decode_str(value).decode_utf8_lossy().into_owned()),
            )
        })
        .collect()
}

/// The folder path of partition values.
#[must_use]
pub fn partition_spec<'a>(values: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let parts: Vec<String> = values
        .into_iter()
        .map(|(name, value)| format!("{}={}", escape(name), value.map_or(NULL_PARTITION.to_owned(), escape)))
        .collect();
    parts.join("/")
}

/// Hive's name for the partition of rows whose column is null or empty.
pub const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// As Hive does: what could not stand in a folder name becomes `%` and two hex digits.
fn escape(text: &str) -> String {
    if text.is_empty() {
        return NULL_PARTITION.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || "\"#%'*/:=?\\{[]^".contains(c) {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn partition_values_survive_their_folders(value in "\\PC{1,20}", other in proptest::option::of("[a-z/=% ]{1,9}")) {
            let spec = partition_spec([("a", Some(value.as_str())), ("b", other.as_deref())]);
            let back = partition_values(&spec);
            proptest::prop_assert_eq!(back, vec![("a".to_owned(), Some(value)), ("b".to_owned(), other)]);
        }
    }

    #[test]
    fn folders_look_as_hive_makes_them() {
        let spec = partition_spec([("dt", Some("2026-01-01")), ("t", Some("10:30")), ("x", None)]);
        assert_eq!(spec, "dt=2026-01-01/t=10%3A30/x=__HIVE_DEFAULT_PARTITION__");
    }
}
