//! Tables over folders and addresses that somebody else fills.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Column;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::provider_as_source;
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit, try_cast};

use super::buckets::{Location, is_bucket};
use super::files::{LakeFiles, check_location, no_buckets};
use super::fitting;
use super::local::Inner;
use super::urls::is_url;
use crate::LakeError;
use crate::catalog::{Delimited, FileKind, TableDef};

/// The folder of a tenant's own files, below the lake's folder.
pub(crate) fn tenant_folder(tenant: &str) -> String {
    format!("files/{tenant}")
}

/// Where an external table's files are, below the lake's folder.
pub(super) fn folder(tenant: &str, table: &TableDef) -> Result<String, LakeError> {
    let location = table.location.as_deref().unwrap_or_default();
    Ok(format!("{}/{}", tenant_folder(tenant), check_location(location)?))
}

/// Where a plan finds the rows of an external table. What is at somebody else's address has been brought here then.
pub(super) async fn place(engine: &Inner, tenant: &str, table: &TableDef) -> Result<ListingTableUrl, LakeError> {
    let location = table.location.as_deref().unwrap_or_default();
    if is_bucket(location) {
        return Location::parse(location)?.url(tenant, !table.partition_by.is_empty());
    }
    let address = match is_url(location) {
        true => LakeFiles::file_url(&engine.urls.bring(tenant, table, engine.clock.now()).await?),
        false => LakeFiles::folder_url(&folder(tenant, table)?),
    };
    Ok(ListingTableUrl::parse(address)?)
}

/// Checks the location of a new external table and writes it down in one form; a folder of the lake's is made.
pub(super) async fn settle(engine: &Inner, tenant: &str, table: &mut TableDef) -> Result<(), LakeError> {
    let location = table.location.clone().unwrap_or_default();
    if is_url(&location) {
        engine.urls.check(&location)?;
        if !table.partition_by.is_empty() {
            let reason = "one file has no partitions";
            return Err(LakeError::invalid("PARTITIONED BY", reason, "leave it out for a table over an address"));
        }
    } else if is_bucket(&location) {
        let at = Location::parse(&location)?;
        engine.buckets().ok_or_else(no_buckets)?.check(tenant, &at.bucket).await?;
        table.location = Some(at.to_string());
    } else {
        table.location = Some(check_location(&location)?);
        let folder = engine.files.on_disk(&folder(tenant, table)?);
        std::fs::create_dir_all(&folder).map_err(LakeError::io("make the folder", &folder))?;
    }
    Ok(())
}

/// The provider of an external table whose rows are there.
pub(super) fn provider(table: &TableDef, url: ListingTableUrl) -> Result<Arc<dyn TableProvider>, LakeError> {
    let lenient = table.files == FileKind::Csv && table.delimited.lenient;
    let schema = if lenient { texts(&table.file_schema()) } else { table.file_schema() };
    let config = ListingTableConfig::new(url).with_listing_options(options(table)?).with_schema(schema);
    let listing = Arc::new(ListingTable::try_new(config)?);
    if lenient { fitted(table, listing) } else { Ok(listing) }
}

/// Columns of text only.
fn texts(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema.fields().iter().map(|f| Field::new(f.name(), DataType::Utf8, true)).collect();
    Arc::new(Schema::new(fields))
}

/// The table's columns over texts: the text that means null and what does not fit are null. The reader of
/// delimited files knows neither by itself.
fn fitted(table: &TableDef, texts: Arc<ListingTable>) -> Result<Arc<dyn TableProvider>, LakeError> {
    const FILES: &str = "files";
    let columns = table.schema.fields().iter().map(|field| {
        let value = Expr::Column(Column::new(Some(FILES), field.name()));
        if table.partition_by.contains(field.name()) {
            return value;
        }
        let value = match &table.delimited.null {
            Some(null) => nullif(value, lit(null.as_str())),
            None => value,
        };
        let same = field.data_type() == &DataType::Utf8;
        let value = if same {
            value
        } else {
            fitting::fitted(value.clone(), try_cast(value, field.data_type().clone()), field.name())
        };
        value.alias(field.name())
    });
    let columns: Vec<Expr> = columns.collect();
    let plan = LogicalPlanBuilder::scan(FILES, provider_as_source(texts), None)?.project(columns)?.build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// The columns that the files themselves tell of; for a table made without a list of columns.
pub(super) async fn infer(state: &dyn Session, table: &TableDef, url: ListingTableUrl) -> Result<SchemaRef, LakeError> {
    let schema = options(table)?.infer_schema(state, &url).await?;
    if schema.fields().is_empty() {
        let reason = format!("there is no {} file to learn the columns from", table.files.as_str());
        let fix = "put a file there first, or write the columns into the statement";
        return Err(LakeError::invalid("LOCATION", reason, fix));
    }
    Ok(schema)
}

fn options(table: &TableDef) -> Result<ListingOptions, LakeError> {
    let compression = compression(table)?;
    let format: Arc<dyn FileFormat> = match table.files {
        FileKind::Parquet => Arc::new(ParquetFormat::default()),
        FileKind::Csv => Arc::new(csv(&table.delimited)?.with_file_compression_type(compression)),
        FileKind::Json => Arc::new(JsonFormat::default().with_file_compression_type(compression)),
    };
    let partitions = table.partition_by.iter().filter_map(|name| {
        let field = table.schema.field_with_name(name).ok()?;
        Some((name.clone(), field.data_type().clone()))
    });
    // Files of any name are rows, but for hidden ones (`_…`, `.…`), which are not listed.
    Ok(ListingOptions::new(format).with_file_extension("").with_table_partition_cols(partitions.collect()))
}

fn compression(table: &TableDef) -> Result<FileCompressionType, LakeError> {
    let word = table.properties.get("compression").map_or("", String::as_str);
    match word.to_ascii_lowercase().as_str() {
        "" | "none" => Ok(FileCompressionType::UNCOMPRESSED),
        "gz" | "gzip" => Ok(FileCompressionType::GZIP),
        "bz2" | "bzip2" => Ok(FileCompressionType::BZIP2),
        "xz" => Ok(FileCompressionType::XZ),
        "zst" | "zstd" => Ok(FileCompressionType::ZSTD),
        other => Err(LakeError::invalid("compression", format!("{other:?} is unknown"), "use gzip, bzip2, xz or zstd")),
    }
}

fn csv(text: &Delimited) -> Result<CsvFormat, LakeError> {
    let mut format = CsvFormat::default()
        .with_has_header(text.header)
        .with_delimiter(byte("delimiter", text.delimiter)?)
        .with_truncated_rows(true)
        .with_newlines_in_values(text.quote.is_some());
    // Without a quote no byte may act as one; NUL occurs in no text.
    format = format.with_quote(text.quote.map_or(Ok(0), |c| byte("quote", c))?);
    if let Some(escape) = text.escape {
        format = format.with_escape(Some(byte("escape", escape)?));
    }
    if let Some(line) = text.line.filter(|c| *c != '\n') {
        format = format.with_terminator(Some(byte("line terminator", line)?));
    }
    if let Some(comment) = text.comment {
        format = format.with_comment(Some(byte("comment", comment)?));
    }
    if let Some(null) = &text.null {
        format = format.with_null_regex(Some(format!("^{}$", literal(null))));
    }
    Ok(format)
}

/// A text as a regular expression that means just it.
fn literal(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if !c.is_alphanumeric() && c.is_ascii() {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

fn byte(field: &str, c: char) -> Result<u8, LakeError> {
    u8::try_from(u32::from(c))
        .ok()
        .filter(u8::is_ascii)
        .ok_or_else(|| LakeError::invalid(field, format!("{c:?} is no single byte"), "use an ASCII character"))
}
