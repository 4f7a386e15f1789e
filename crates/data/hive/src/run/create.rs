//! CREATE TABLE, with columns, like another, or from a query; TRUNCATE.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::dml::InsertOp;
use doorstep_clock::{Clock as _, SystemClock};
use doorstep_lake::LakeError;
use doorstep_lake::catalog::{Commit, Delimited, FileKind, TableDef, TableKind, Unseen};

use super::{Answer, Call, answer, insert};
use crate::HiveError;
use crate::hiveql::{ColumnSpec, CreateTable, Insert, Name, PartitionSpec, TextFormat, fits_text, hive_type, one_char};

/// What its maker says of a column is kept under this and its name.
pub(super) const COMMENT_OF: &str = "hive.comment.";
/// The word after STORED AS: how LOAD DATA reads.
pub(super) const STORED_AS: &str = "hive.stored_as";
/// Between fields, for LOAD DATA into a table of the lake's own.
pub(super) const TEXT: &str = "hive.text";

impl Call<'_> {
    pub(super) async fn create_table(&self, create: CreateTable) -> Result<Answer, HiveError> {
        self.may_change("make tables")?;
        let (database, name) = self.place(&create.name);
        let (catalog, tenant) = (self.engine.catalog(), self.session.tenant());
        if self.taken(&database, &name, create.temporary, create.if_not_exists).await? {
            return Ok(Answer::done());
        }
        let Some(query) = create.query.clone() else {
            let mut table = defined(&create, &database, &name, create.columns.clone(), create.partitions.clone())?;
            if create.temporary {
                if table.kind == TableKind::External {
                    return Err(HiveError::unsupported("LOCATION of a temporary table", "leave it out"));
                }
                self.session.own(&mut table)?;
            }
            if table.kind == TableKind::External {
                self.engine.settle(self.session, &mut table).await?;
            }
            return self.made(&table, create.if_not_exists).await;
        };
        if create.external || !create.columns.is_empty() {
            return Err(HiveError::unsupported(
                "CREATE EXTERNAL TABLE … AS, or with columns and a query",
                "let the query name and type the columns",
            ));
        }
        let state = self.state().await?;
        let source = self.planned(&state, *query).await?;
        let (columns, partitions) = from_query(&source, &create)?;
        let mut table = defined(&create, &database, &name, columns, partitions)?;
        if create.temporary {
            // Only this session could see half of it, and it waits.
            self.session.own(&mut table)?;
        } else {
            // Filled under a name of its own, then renamed: nobody sees half a table, and a crash leaves none so named.
            table.name = Unseen::Filling.name(&table.id);
        }
        let insert = Insert {
            table: create.name.clone(),
            overwrite: false,
            partition: table.partition_by.iter().map(|c| (c.clone(), None)).collect(),
            columns: answer::columns(source.schema().as_arrow()).into_iter().map(|c| c.name.to_lowercase()).collect(),
            if_not_exists: false,
            source: crate::hiveql::query("select 1")?,
        };
        self.made(&table, false).await?;
        let filled = self.filled(&table, &insert, source).await;
        let named = match filled {
            Ok(done) if create.temporary => Ok(done),
            Ok(done) => {
                let renamed = TableDef { name, ..table.clone() };
                catalog.alter_table(tenant, &renamed).await.map(|()| done).map_err(HiveError::from)
            }
            Err(error) => Err(error),
        };
        if named.is_err() {
            catalog.drop_table(tenant, &table).await?;
            self.session.disown(&table);
        }
        named
    }

    async fn filled(&self, table: &TableDef, insert: &Insert, source: LogicalPlan) -> Result<Answer, HiveError> {
        // Anew, so that the state knows the table.
        let state = self.state().await?;
        let rows = insert::conformed(&state, table, insert, source, insert::From::Query)?;
        let running = self.started(self.dml(&state, table, InsertOp::Append, rows).await?).await?;
        let query = Some(Arc::clone(&running.query));
        let written = Some(insert::count(&running.collect(1).await?.batches));
        Ok(Answer { written, query, ..Answer::done() })
    }

    /// Whether there is a table of this name already, which is a mistake unless `if_absent`; a temporary one stands in
    /// the way of temporary ones only.
    async fn taken(&self, database: &str, name: &str, temporary: bool, if_absent: bool) -> Result<bool, HiveError> {
        let all = self.holdings().await?;
        let there = all.table(database, name).is_some_and(|old| temporary == (old.name != name));
        if there && !if_absent {
            return Err(LakeError::Exists { what: "table", name: format!("{database}.{name}") }.into());
        }
        Ok(there)
    }

    pub(super) async fn create_like(
        &self,
        name: &Name,
        like: &Name,
        temporary: bool,
        if_absent: bool,
    ) -> Result<Answer, HiveError> {
        self.may_change("make tables")?;
        let like = self.table(like).await?;
        let (database, name) = self.place(name);
        if self.taken(&database, &name, temporary, if_absent).await? {
            return Ok(Answer::done());
        }
        let mut table = TableDef::managed(&database, &name, SchemaRef::clone(&like.schema), SystemClock.now());
        table.partition_by.clone_from(&like.partition_by);
        table.properties.clone_from(&like.properties);
        table.sort_by.clone_from(&like.sort_by);
        if temporary {
            self.session.own(&mut table)?;
        }
        self.made(&table, if_absent).await
    }

    /// Makes an empty table.
    async fn made(&self, table: &TableDef, if_absent: bool) -> Result<Answer, HiveError> {
        let made = self.engine.catalog().create_table(self.session.tenant(), table, if_absent).await;
        made.inspect_err(|_| self.session.disown(table))?;
        Ok(Answer::done())
    }

    pub(super) async fn truncate(&self, name: &Name, partition: PartitionSpec) -> Result<Answer, HiveError> {
        self.may_change("empty tables")?;
        let table = self.table(name).await?;
        if table.kind != TableKind::Managed {
            return Err(HiveError::unsupported(
                "TRUNCATE of an external table or a view",
                "its files are not the lake's",
            ));
        }
        let commit = if partition.is_empty() {
            Commit { replace_all: true, ..Commit::default() }
        } else {
            Commit { replace_specs: vec![insert::spec_text(&table, &partition)?], ..Commit::default() }
        };
        self.engine.catalog().commit(self.session.tenant(), &table, commit).await?;
        Ok(Answer::done())
    }
}

/// The columns that a query makes, those of partitions apart.
fn from_query(source: &LogicalPlan, create: &CreateTable) -> Result<(Vec<ColumnSpec>, Vec<ColumnSpec>), HiveError> {
    let mut columns = Vec::new();
    for shown in answer::columns(source.schema().as_arrow()) {
        let written = if shown.data_type == "void" { "string".to_owned() } else { shown.data_type };
        let data_type = crate::hiveql::arrow_type(&written)?;
        columns.push(ColumnSpec { name: shown.name.to_lowercase(), data_type, written, comment: None });
    }
    let mut partitions = Vec::new();
    for name in create.partition_names.iter().chain(create.partitions.iter().map(|p| &p.name)) {
        match columns.iter().position(|c| c.name == *name) {
            Some(at) => partitions.push(columns.remove(at)),
            None => return Err(HiveError::invalid(format!("the query has no column {name}"), "name it with AS")),
        }
    }
    Ok((columns, partitions))
}

/// The table that a statement describes.
fn defined(
    create: &CreateTable,
    database: &str,
    name: &str,
    columns: Vec<ColumnSpec>,
    partitions: Vec<ColumnSpec>,
) -> Result<TableDef, HiveError> {
    if columns.is_empty() && !(create.external && create.location.is_some()) {
        return Err(HiveError::invalid(format!("the table {name} has no columns"), "write (a int, …) behind its name"));
    }
    let fields: Vec<Field> =
        columns.iter().chain(&partitions).map(|c| Field::new(&c.name, c.data_type.clone(), true)).collect();
    let mut table = TableDef::managed(database, name, Arc::new(Schema::new(fields)), SystemClock.now());
    table.partition_by = partitions.iter().map(|c| c.name.clone()).collect();
    table.comment.clone_from(&create.comment);
    table.properties.clone_from(&create.properties);
    table.sort_by.clone_from(&create.sort_by);
    for column in columns.iter().chain(&partitions) {
        if column.written != hive_type(&column.data_type) {
            table.properties.insert(format!("{}{}", insert::TYPE_OF, column.name), column.written.clone());
        }
        if let Some(comment) = &column.comment {
            table.properties.insert(format!("{COMMENT_OF}{}", column.name), comment.clone());
        }
    }
    let format = format_of(create)?;
    let text = delimited(create);
    if format == FileKind::Csv {
        let misfit = columns.iter().find(|c| !fits_text(&c.data_type));
        if let Some(column) = misfit.filter(|_| create.external) {
            return Err(HiveError::unsupported(
                &format!("the column {} of type {} in delimited text", column.name, column.written),
                "use STORED AS PARQUET or JSONFILE",
            ));
        }
        table.properties.insert(TEXT.to_owned(), written_text(&text));
    }
    table.properties.insert(STORED_AS.to_owned(), format.as_str().to_owned());
    if create.external || create.location.is_some() {
        let Some(location) = &create.location else {
            return Err(HiveError::invalid(
                format!("the external table {name} has no LOCATION"),
                "write LOCATION 'folder', below the tenant's folder of the lake, or LOCATION 's3://bucket/prefix/'",
            ));
        };
        table.kind = TableKind::External;
        table.files = format;
        table.delimited = text;
        table.location = Some(folder(location));
    }
    Ok(table)
}

/// Hive's tables lie in folders of the lake or of a bucket; an address is one file.
pub(super) fn folder(location: &str) -> String {
    let bare = location.trim_end_matches('/');
    match bare.split_once("://") {
        Some((scheme, _)) if scheme.to_ascii_lowercase().starts_with("http") => location.to_owned(),
        Some(_) => format!("{bare}/"),
        None => bare.trim_start_matches('/').to_owned(),
    }
}

/// Forms whose files are not read here.
const FOREIGN: [&str; 4] = ["orc", "avro", "sequencefile", "rcfile"];

/// How files are written, by STORED AS or the SerDe's class.
fn format_of(create: &CreateTable) -> Result<FileKind, HiveError> {
    let word = create.stored_as.as_deref();
    if let Some(serde) = &create.serde {
        let class = serde.rsplit('.').next().unwrap_or_default();
        return match class {
            "OpenCSVSerde" | "LazySimpleSerDe" | "CSVSerde" => Ok(FileKind::Csv),
            "JsonSerDe" => Ok(FileKind::Json),
            "ParquetHiveSerDe" => Ok(FileKind::Parquet),
            other => Err(HiveError::unsupported(
                &format!("the SerDe {other}"),
                "there are OpenCSVSerde, LazySimpleSerDe, JsonSerDe and ParquetHiveSerDe",
            )),
        };
    }
    match word {
        None if create.text != TextFormat::default() => Ok(FileKind::Csv),
        None => Ok(FileKind::Parquet),
        // A table of the lake's own keeps its rows in Parquet whatever it is called; SHOW CREATE TABLE says so.
        Some(word) if !create.external && create.location.is_none() && FOREIGN.contains(&word) => Ok(FileKind::Parquet),
        Some(word) => FileKind::parse(word).ok_or_else(|| {
            HiveError::unsupported(&format!("STORED AS {}", word.to_uppercase()), "use PARQUET, TEXTFILE or JSONFILE")
        }),
    }
}

fn delimited(create: &CreateTable) -> Delimited {
    let property = |key: &str| create.properties.get(key).and_then(|v| one_char(v));
    let csv = create.serde.as_deref().is_some_and(|s| s.ends_with("OpenCSVSerde") || s.ends_with("CSVSerde"));
    let skipped = create.properties.get("skip.header.line.count").is_some_and(|n| n.trim() != "0");
    let field = create.text.field.or_else(|| property("field.delim")).or_else(|| property("separatorChar"));
    Delimited {
        delimiter: field.unwrap_or(if csv { ',' } else { '\u{1}' }),
        quote: if csv { property("quoteChar").or(Some('"')) } else { create.text.quote },
        escape: create.text.escape.or_else(|| property("escape.delim")).or_else(|| property("escapeChar")),
        header: skipped,
        null: Some(
            create
                .text
                .null
                .clone()
                .or_else(|| create.properties.get("serialization.null.format").cloned())
                .unwrap_or_else(|| "\\N".to_owned()),
        ),
        line: None,
        comment: None,
        lenient: true,
    }
}

/// A form of text as a property keeps it.
fn written_text(text: &Delimited) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A form of text from a table's properties.
pub(super) fn text_of(table: &TableDef) -> Delimited {
    let hive = || Delimited {
        delimiter: '\u{1}',
        quote: None,
        header: false,
        null: Some("\\N".to_owned()),
        lenient: true,
        ..Delimited::default()
    };
    table.properties.get(TEXT).and_then(|t| serde_json::from_str(t).ok()).unwrap_or_else(hive)
}

/// Text columns only: what LOAD DATA reads before it casts.
pub(super) fn as_texts(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema.fields().iter().map(|f| Field::new(f.name(), DataType::Utf8, true)).collect();
    Arc::new(Schema::new(fields))
}
