//! What a HiveQL statement asks for.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast::{Expr, Query, Statement as Ast};
use doorstep_lake::Permission;

/// A table's name, with its database if one was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The database.
    pub database: Option<String>,
    /// The table, view or function.
    pub name: String,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.database {
            Some(database) => write!(f, "{database}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Partition columns with their values; `None` where the rows say it.
pub type PartitionSpec = Vec<(String, Option<String>)>;

/// What EXPLAIN tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explained {
    /// How it would run.
    Plan,
    /// What it took: it is run.
    Run,
    /// What it is likely to cost.
    Cost,
}

/// One statement.
#[derive(Clone, Debug)]
pub enum Statement {
    /// Answers rows.
    Query(Box<Query>),
    /// How a statement would run.
    Explain {
        /// What is asked.
        what: Explained,
        /// Which.
        of: Box<Self>,
    },
    /// Writes rows; several parts for `FROM … INSERT … INSERT …`.
    Insert(Vec<Insert>),
    /// `CREATE TABLE`, with columns or a query.
    CreateTable(Box<CreateTable>),
    /// `CREATE TABLE a LIKE b`.
    CreateTableLike {
        /// The new one.
        name: Name,
        /// The one whose columns it takes.
        like: Name,
        /// It is the session's alone and goes with it.
        temporary: bool,
        /// Do nothing when it is there.
        if_not_exists: bool,
    },
    /// `CREATE VIEW`.
    CreateView {
        /// Its name.
        name: Name,
        /// Names for the query's columns.
        columns: Vec<String>,
        /// What its maker says of it.
        comment: String,
        /// The query, as text.
        query: String,
        /// In the place of another.
        or_replace: bool,
        /// Do nothing when it is there.
        if_not_exists: bool,
    },
    /// `ALTER VIEW … AS`.
    AlterView {
        /// Which.
        name: Name,
        /// The new query, as text.
        query: String,
    },
    /// `CREATE DATABASE`.
    CreateDatabase {
        /// Its name.
        name: String,
        /// What its maker says of it.
        comment: String,
        /// Do nothing when it is there.
        if_not_exists: bool,
    },
    /// `DROP …`.
    Drop {
        /// What kind of thing.
        what: DropWhat,
        /// Which.
        name: Name,
        /// Do nothing when it is not there.
        if_exists: bool,
        /// A database with all that is in it.
        cascade: bool,
    },
    /// `ALTER TABLE`.
    AlterTable(Box<AlterTable>),
    /// `TRUNCATE TABLE`.
    Truncate {
        /// Which.
        name: Name,
        /// Only this partition.
        partition: PartitionSpec,
    },
    /// `MSCK REPAIR TABLE`.
    Repair(Name),
    /// `ANALYZE TABLE`.
    Analyze(Name),
    /// `LOAD DATA`.
    LoadData(LoadData),
    /// `USE`.
    Use(String),
    /// `SET`, `SET name`, `SET name=value`.
    Set {
        /// Which; all without one.
        name: Option<String>,
        /// To what; shown without one.
        value: Option<String>,
    },
    /// `RESET`.
    Reset,
    /// `SHOW …`.
    Show(Show),
    /// `DESCRIBE …`.
    Describe(Describe),
    /// `GRANT`, `REVOKE`, `SHOW GRANT`.
    Grants(Permission),
    /// `UPDATE`, `DELETE`, `MERGE`.
    Change(Box<Ast>),
    /// `CREATE FUNCTION … RETURN …`, `CREATE TEMPORARY MACRO`.
    CreateFunction(Box<CreateFunction>),
    /// `DROP FUNCTION`, `DROP TEMPORARY MACRO`.
    DropFunction {
        /// Which.
        name: Name,
        /// Only one of this session.
        temporary: bool,
        /// Do nothing when it is not there.
        if_exists: bool,
    },
}

/// A function that is an expression.
#[derive(Clone, Debug)]
pub struct CreateFunction {
    /// Its name.
    pub name: Name,
    /// Its arguments.
    pub arguments: Vec<ColumnSpec>,
    /// The type of its value; that of its expression without one.
    pub returns: Option<DataType>,
    /// The expression.
    pub body: Expr,
    /// The expression as it was written.
    pub written: String,
    /// For this session alone.
    pub temporary: bool,
    /// In the place of another.
    pub or_replace: bool,
    /// Do nothing when it is there.
    pub if_not_exists: bool,
}

impl Statement {
    /// Whether the answer has rows.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        match self {
            Self::Query(_) | Self::Explain { .. } | Self::Show(_) | Self::Describe(_) => true,
            Self::Set { value, .. } => value.is_none(),
            Self::Grants(asked) => asked.has_rows(),
            _ => false,
        }
    }

    /// The stable word for logs and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Query(_) => "query",
            Self::Explain { .. } => "explain",
            Self::Insert(_) => "insert",
            Self::CreateTable(_) | Self::CreateTableLike { .. } => "create_table",
            Self::CreateView { .. } | Self::AlterView { .. } => "create_view",
            Self::CreateDatabase { .. } => "create_database",
            Self::Drop { .. } => "drop",
            Self::AlterTable(_) => "alter_table",
            Self::Truncate { .. } => "truncate",
            Self::Repair(_) => "repair",
            Self::Analyze(_) => "analyze",
            Self::LoadData(_) => "load_data",
            Self::Use(_) => "use",
            Self::Set { .. } | Self::Reset => "set",
            Self::Show(_) => "show",
            Self::Describe(_) => "describe",
            Self::Grants(_) => "grants",
            Self::Change(_) => "change",
            Self::CreateFunction(_) => "create_function",
            Self::DropFunction { .. } => "drop_function",
        }
    }
}

/// One `INSERT`.
#[derive(Clone, Debug)]
pub struct Insert {
    /// Into which table.
    pub table: Name,
    /// In the place of what is there.
    pub overwrite: bool,
    /// The partition, or the columns by which the rows are spread.
    pub partition: PartitionSpec,
    /// The columns that the query fills; all without any.
    pub columns: Vec<String>,
    /// Nothing is written when the partition is there.
    pub if_not_exists: bool,
    /// The rows.
    pub source: Box<Query>,
}

/// A column of a new table.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSpec {
    /// Its name, in lower case.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Its type as Hive writes it, which tells `varchar(5)` from `string`.
    pub written: String,
    /// What its maker says of it.
    pub comment: Option<String>,
}

/// How delimited text is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextFormat {
    /// Between fields.
    pub field: Option<char>,
    /// Before a character that means itself.
    pub escape: Option<char>,
    /// Around fields.
    pub quote: Option<char>,
    /// The text that means null.
    pub null: Option<String>,
}

/// `CREATE TABLE`.
#[derive(Clone, Debug)]
pub struct CreateTable {
    /// Its name.
    pub name: Name,
    /// Do nothing when it is there.
    pub if_not_exists: bool,
    /// Files that somebody else fills.
    pub external: bool,
    /// It is the session's alone and goes with it.
    pub temporary: bool,
    /// Its columns, without those of its partitions.
    pub columns: Vec<ColumnSpec>,
    /// The columns of its partitions; with a query only names are written.
    pub partitions: Vec<ColumnSpec>,
    /// The names of partition columns that a query brings.
    pub partition_names: Vec<String>,
    /// What its maker says of it.
    pub comment: String,
    /// The word after `STORED AS`, or what a SerDe means.
    pub stored_as: Option<String>,
    /// The class after `SERDE`.
    pub serde: Option<String>,
    /// How its text is written.
    pub text: TextFormat,
    /// Its folder.
    pub location: Option<String>,
    /// `TBLPROPERTIES` and `SERDEPROPERTIES`.
    pub properties: BTreeMap<String, String>,
    /// Columns by which files are sorted.
    pub sort_by: Vec<String>,
    /// `AS SELECT …`.
    pub query: Option<Box<Query>>,
}

/// What `DROP` takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropWhat {
    /// A table.
    Table,
    /// A view.
    View,
    /// A database.
    Database,
}

/// `ALTER TABLE`.
#[derive(Clone, Debug)]
pub struct AlterTable {
    /// Which.
    pub name: Name,
    /// How.
    pub change: Change,
}

/// One change of a table.
#[derive(Clone, Debug)]
pub enum Change {
    /// `RENAME TO`
    Rename(Name),
    /// `ADD COLUMNS`
    AddColumns(Vec<ColumnSpec>),
    /// `REPLACE COLUMNS`
    ReplaceColumns(Vec<ColumnSpec>),
    /// `CHANGE [COLUMN] old new type`
    ChangeColumn {
        /// Its present name.
        old: String,
        /// What it is to be.
        new: ColumnSpec,
    },
    /// `SET TBLPROPERTIES`
    SetProperties(BTreeMap<String, String>),
    /// `UNSET TBLPROPERTIES`
    UnsetProperties(Vec<String>),
    /// `ADD PARTITION`, each with its folder if one was written.
    AddPartitions {
        /// Which.
        partitions: Vec<(PartitionSpec, Option<String>)>,
        /// Those that are there are passed over.
        if_not_exists: bool,
    },
    /// `DROP PARTITION`; each value is compared as written.
    DropPartitions {
        /// Column, comparison and value of each condition, for each partition.
        partitions: Vec<Vec<(String, String, String)>>,
        /// No error when there is none.
        if_exists: bool,
    },
    /// `PARTITION … RENAME TO PARTITION …`
    RenamePartition {
        /// From.
        from: PartitionSpec,
        /// To.
        to: PartitionSpec,
    },
}

/// `LOAD DATA`.
#[derive(Clone, Debug)]
pub struct LoadData {
    /// From this machine's files rather than the lake's.
    pub local: bool,
    /// Where the files are.
    pub path: String,
    /// In the place of what is there.
    pub overwrite: bool,
    /// Into which table.
    pub table: Name,
    /// Into which partition.
    pub partition: PartitionSpec,
}

/// `SHOW …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// `SHOW DATABASES [LIKE pattern]`
    Databases(Option<String>),
    /// `SHOW TABLES [IN database] [LIKE pattern]`
    Tables {
        /// Of which database.
        database: Option<String>,
        /// `*` and `|` as Hive reads them.
        pattern: Option<String>,
    },
    /// `SHOW VIEWS`
    Views {
        /// Of which database.
        database: Option<String>,
        /// As for tables.
        pattern: Option<String>,
    },
    /// `SHOW PARTITIONS`
    Partitions(Name, PartitionSpec),
    /// `SHOW COLUMNS`
    Columns(Name),
    /// `SHOW CREATE TABLE`
    CreateTable(Name),
    /// `SHOW TBLPROPERTIES`
    Properties(Name, Option<String>),
    /// `SHOW FUNCTIONS [LIKE pattern]`
    Functions(Option<String>),
}

/// `DESCRIBE …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Describe {
    /// A table or one of its columns.
    Table {
        /// Which.
        name: Name,
        /// One column.
        column: Option<String>,
        /// `EXTENDED` or `FORMATTED`: everything that is known.
        full: bool,
    },
    /// A database.
    Database {
        /// Which.
        name: String,
        /// With its properties.
        full: bool,
    },
    /// A function.
    Function(String),
}
