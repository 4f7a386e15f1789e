//! PostgreSQL's own tables, filled with what the lake has: databases are schemas.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BooleanArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, new_null_array,
};
use arrow::datatypes::{DataType, Field};
use doorstep_lake::Listed;
use doorstep_lake::catalog::{BUILT_IN_DATABASE, Holdings, TableKind};
use postgres_types::{Kind, Type};

use super::About;
use super::shelf::Shelf;
use crate::PgError;
use crate::cells::{modifier, pg_type};

/// The number of the schema `pg_catalog` in every PostgreSQL.
const OF_PG_CATALOG: i64 = 11;
/// The one role's number.
const OWNER: i64 = 10;

/// The number of something named: always the same for the same names.
pub(super) fn oid(parts: &[&str]) -> i64 {
    // FNV-1a; 31 bits of it, above the numbers that PostgreSQL keeps for itself.
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    16_384 + (hash % 0x7fff_0000) as i64
}

/// A table as it is built: columns of one length.
struct Table {
    rows: usize,
    columns: Vec<(&'static str, ArrayRef)>,
}

impl Table {
    fn of(rows: usize) -> Self {
        Self { rows, columns: Vec::new() }
    }

    fn text<T: AsRef<str>>(mut self, name: &'static str, values: impl Iterator<Item = T>) -> Self {
        self.columns.push((name, Arc::new(StringArray::from_iter_values(values))));
        self
    }

    fn long(mut self, name: &'static str, values: impl Iterator<Item = i64>) -> Self {
        self.columns.push((name, Arc::new(Int64Array::from_iter_values(values))));
        self
    }

    fn int(mut self, name: &'static str, values: impl Iterator<Item = i32>) -> Self {
        self.columns.push((name, Arc::new(Int32Array::from_iter_values(values))));
        self
    }

    fn texts(self, names: &[&'static str], value: &str) -> Self {
        let rows = self.rows;
        names.iter().fold(self, |table, name| table.text(name, std::iter::repeat_n(value, rows)))
    }

    fn longs(self, names: &[&'static str], value: i64) -> Self {
        let rows = self.rows;
        names.iter().fold(self, |table, name| table.long(name, std::iter::repeat_n(value, rows)))
    }

    fn ints(self, names: &[&'static str], value: i32) -> Self {
        let rows = self.rows;
        names.iter().fold(self, |table, name| table.int(name, std::iter::repeat_n(value, rows)))
    }

    fn flags(mut self, names: &[&'static str], value: bool) -> Self {
        let rows = self.rows;
        let column = || Arc::new(BooleanArray::from(vec![value; rows])) as ArrayRef;
        self.columns.extend(names.iter().map(|name| (*name, column())));
        self
    }

    fn nulls(mut self, names: &[&'static str], of: &DataType) -> Self {
        let rows = self.rows;
        self.columns.extend(names.iter().map(|name| (*name, new_null_array(of, rows))));
        self
    }

    /// Lists of texts that are null: rights that nobody granted.
    fn no_rights(self, names: &[&'static str]) -> Self {
        let list: DataType =
            ListArray::new_null(Arc::new(Field::new_list_field(DataType::Utf8, true)), 0).data_type().clone();
        self.nulls(names, &list)
    }

    fn build(self) -> Result<RecordBatch, PgError> {
        let columns = self.columns.into_iter().map(|(name, column)| (name, column, true));
        RecordBatch::try_from_iter_with_nullable(columns).map_err(|e| PgError::Value(e.to_string()))
    }
}

/// A column of a table of the lake.
struct Column<'a> {
    table: &'a Listed,
    at: i32,
    field: &'a Field,
    of: Type,
}

/// All tables.
pub(super) fn all(about: &About, database: &str, listed: &[Listed], holdings: &Holdings) -> Result<Shelf, PgError> {
    let mut schemas: Vec<&str> = holdings.databases.keys().map(String::as_str).collect();
    schemas.push(BUILT_IN_DATABASE);
    let columns: Vec<Column<'_>> = listed
        .iter()
        .flat_map(|table| {
            let fields = table.schema.fields().iter().enumerate();
            fields.map(move |(n, field)| Column { table, at: n as i32 + 1, field, of: pg_type(field.data_type()) })
        })
        .collect();
    let mut shelf = Shelf::new();
    let mut keep = |name: &'static str, table: Table| table.build().map(|batch| shelf.insert(name, batch)).map(drop);
    keep("pg_namespace", namespaces(&schemas))?;
    keep("pg_class", classes(listed))?;
    keep("pg_attribute", attributes(&columns))?;
    keep("pg_type", types())?;
    keep("pg_database", databases(&schemas))?;
    keep("pg_description", descriptions(listed, &columns))?;
    keep("pg_settings", settings(about))?;
    keep("pg_tables", relations(listed, about, false))?;
    keep("pg_views", relations(listed, about, true))?;
    for name in ["pg_roles", "pg_user", "pg_authid"] {
        keep(name, roles(about))?;
    }
    keep("information_tables", information_tables(listed, database))?;
    keep("information_columns", information_columns(&columns, database))?;
    keep("information_schemata", information_schemata(&schemas, about, database))?;
    keep("information_views", information_views(listed, database))?;
    for (name, longs, texts) in EMPTY {
        keep(name, Table::of(0).longs(longs, 0).texts(texts, ""))?;
    }
    Ok(shelf)
}

/// Tables that have no rows here but are joined from the left: their numbers, their texts.
const EMPTY: &[(&str, &[&str], &[&str])] = &[
    ("pg_am", &["oid"], &["amname", "amtype"]),
    ("pg_attrdef", &["oid", "adrelid", "adnum"], &["adbin"]),
    ("pg_collation", &["oid", "collnamespace"], &["collname"]),
    ("pg_constraint", &["oid", "conrelid", "connamespace", "conindid", "confrelid"], &["conname", "contype", "conkey"]),
    ("pg_index", &["indexrelid", "indrelid"], &["indkey"]),
    ("pg_inherits", &["inhrelid", "inhparent", "inhseqno"], &[]),
    ("pg_proc", &["oid", "pronamespace"], &["proname"]),
    ("pg_shdescription", &["objoid", "classoid"], &["description"]),
    ("pg_tablespace", &["oid"], &["spcname"]),
    ("pg_foreign_table", &["ftrelid", "ftserver"], &[]),
    ("pg_depend", &["classid", "objid", "refclassid", "refobjid", "objsubid", "refobjsubid"], &["deptype"]),
];

fn kind_of(table: &Listed) -> &'static str {
    if table.kind == TableKind::View { "v" } else { "r" }
}

fn oid_of(table: &Listed) -> i64 {
    oid(&[&table.database, &table.name])
}

fn schema_oid(name: &str) -> i64 {
    match name {
        super::PG_CATALOG => OF_PG_CATALOG,
        other => oid(&[other]),
    }
}

fn namespaces(schemas: &[&str]) -> Table {
    let names = || schemas.iter().copied().chain([super::PG_CATALOG, super::INFORMATION_SCHEMA]);
    let rows = schemas.len() + 2;
    let table = Table::of(rows).long("oid", names().map(schema_oid)).text("nspname", names());
    table.longs(&["nspowner"], OWNER).no_rights(&["nspacl"])
}

fn classes(listed: &[Listed]) -> Table {
    let rows = |table: &Listed| table.size.map_or(-1, |(rows, _)| i64::try_from(rows).unwrap_or(i64::MAX));
    Table::of(listed.len())
        .long("oid", listed.iter().map(oid_of))
        .text("relname", listed.iter().map(|table| &table.name))
        .long("relnamespace", listed.iter().map(|table| schema_oid(&table.database)))
        .text("relkind", listed.iter().map(kind_of))
        .int("relnatts", listed.iter().map(|table| table.schema.fields().len() as i32))
        .long("reltuples", listed.iter().map(rows))
        .longs(&["relowner"], OWNER)
        .longs(
            &[
                "reltype",
                "reloftype",
                "relam",
                "relfilenode",
                "reltablespace",
                "relpages",
                "relallvisible",
                "reltoastrelid",
            ],
            0,
        )
        .ints(&["relchecks"], 0)
        .texts(&["relpersistence"], "p")
        .texts(&["relreplident"], "n")
        .flags(
            &[
                "relhasindex",
                "relisshared",
                "relhasrules",
                "relhastriggers",
                "relhassubclass",
                "relrowsecurity",
                "relforcerowsecurity",
                "relispartition",
                "relhasoids",
            ],
            false,
        )
        .flags(&["relispopulated"], true)
        .no_rights(&["relacl", "reloptions"])
        .nulls(&["relpartbound"], &DataType::Utf8)
}

fn attributes(columns: &[Column<'_>]) -> Table {
    let sized = || columns.iter().map(|column| modifier(column.field.data_type(), &column.of));
    Table::of(columns.len())
        .long("attrelid", columns.iter().map(|column| oid_of(column.table)))
        .text("attname", columns.iter().map(|column| column.field.name()))
        .long("atttypid", columns.iter().map(|column| i64::from(column.of.oid())))
        .int("attnum", columns.iter().map(|column| column.at))
        .int("attlen", sized().map(|(length, _)| i32::from(length)))
        .int("atttypmod", sized().map(|(_, modifier)| modifier))
        .ints(&["attndims", "attinhcount", "attstattarget"], 0)
        .longs(&["attcollation"], 0)
        .flags(&["attnotnull", "atthasdef", "attisdropped", "atthasmissing"], false)
        .flags(&["attislocal"], true)
        .texts(&["attidentity", "attgenerated", "attcompression"], "")
        .texts(&["attstorage"], "p")
        .no_rights(&["attacl", "attoptions", "attfdwoptions"])
}

/// The types that columns here can have.
const TYPES: &[Type] = &[
    Type::BOOL,
    Type::BYTEA,
    Type::CHAR,
    Type::NAME,
    Type::INT8,
    Type::INT2,
    Type::INT4,
    Type::TEXT,
    Type::OID,
    Type::JSON,
    Type::FLOAT4,
    Type::FLOAT8,
    Type::UNKNOWN,
    Type::VARCHAR,
    Type::DATE,
    Type::TIME,
    Type::TIMESTAMP,
    Type::TIMESTAMPTZ,
    Type::INTERVAL,
    Type::NUMERIC,
    Type::UUID,
    Type::JSONB,
    Type::BOOL_ARRAY,
    Type::BYTEA_ARRAY,
    Type::INT8_ARRAY,
    Type::INT2_ARRAY,
    Type::INT4_ARRAY,
    Type::TEXT_ARRAY,
    Type::FLOAT4_ARRAY,
    Type::FLOAT8_ARRAY,
    Type::DATE_ARRAY,
    Type::TIME_ARRAY,
    Type::TIMESTAMP_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::INTERVAL_ARRAY,
    Type::NUMERIC_ARRAY,
];

/// A type's number and its name in SQL, for all there are.
pub(super) fn type_names() -> impl Iterator<Item = (u32, String)> {
    TYPES.iter().map(|of| {
        let (item, array) = match of.kind() {
            Kind::Array(item) => (item, "[]"),
            _ => (of, ""),
        };
        (of.oid(), format!("{}{array}", sql_name(item)))
    })
}

fn sql_name(of: &Type) -> &str {
    match *of {
        Type::BOOL => "boolean",
        Type::INT2 => "smallint",
        Type::INT4 => "integer",
        Type::INT8 => "bigint",
        Type::FLOAT4 => "real",
        Type::FLOAT8 => "double precision",
        Type::VARCHAR => "character varying",
        Type::TIME => "time without time zone",
        Type::TIMESTAMP => "timestamp without time zone",
        Type::TIMESTAMPTZ => "timestamp with time zone",
        _ => of.name(),
    }
}

fn types() -> Table {
    let item = |of: &Type| match of.kind() {
        Kind::Array(item) => i64::from(item.oid()),
        _ => 0,
    };
    let array =
        |of: &Type| TYPES.iter().find(|array| item(array) == i64::from(of.oid())).map_or(0, |a| i64::from(a.oid()));
    let category = |of: &Type| match *of {
        Type::BOOL => "B",
        Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC | Type::OID => "N",
        Type::DATE | Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ => "D",
        Type::INTERVAL => "T",
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::CHAR => "S",
        _ if item(of) != 0 => "A",
        _ => "U",
    };
    let input = |of: &Type| if item(of) == 0 { format!("{}in", of.name()) } else { "array_in".to_owned() };
    Table::of(TYPES.len())
        .long("oid", TYPES.iter().map(|of| i64::from(of.oid())))
        .text("typname", TYPES.iter().map(Type::name))
        .int("typlen", TYPES.iter().map(|of| i32::from(modifier(&DataType::Null, of).0)))
        .text("typcategory", TYPES.iter().map(category))
        .text("typinput", TYPES.iter().map(input))
        .long("typelem", TYPES.iter().map(item))
        .long("typarray", TYPES.iter().map(array))
        .longs(&["typnamespace"], OF_PG_CATALOG)
        .longs(&["typowner"], OWNER)
        .longs(&["typrelid", "typbasetype", "typcollation"], 0)
        .ints(&["typtypmod"], -1)
        .ints(&["typndims"], 0)
        .texts(&["typtype"], "b")
        .texts(&["typdelim"], ",")
        .flags(&["typnotnull", "typispreferred", "typbyval"], false)
        .flags(&["typisdefined"], true)
        .nulls(&["typdefault"], &DataType::Utf8)
}

fn databases(schemas: &[&str]) -> Table {
    Table::of(schemas.len())
        .long("oid", schemas.iter().map(|name| oid(&["", name])))
        .text("datname", schemas.iter())
        .longs(&["datdba"], OWNER)
        .longs(&["dattablespace"], 1_663)
        .ints(&["encoding"], 6)
        .ints(&["datconnlimit"], -1)
        .texts(&["datlocprovider"], "c")
        .texts(&["datcollate", "datctype"], "C")
        .nulls(&["daticulocale", "daticurules", "datcollversion", "datlocale"], &DataType::Utf8)
        .flags(&["datistemplate", "dathasloginevt"], false)
        .flags(&["datallowconn"], true)
        .no_rights(&["datacl"])
}

fn descriptions(listed: &[Listed], columns: &[Column<'_>]) -> Table {
    let of_tables = listed.iter().filter(|table| !table.about.is_empty()).map(|t| (oid_of(t), 0, t.about.as_str()));
    let of_columns = columns.iter().filter_map(|column| {
        let about = column.table.columns.get(column.field.name())?;
        Some((oid_of(column.table), column.at, about.as_str()))
    });
    let all: Vec<(i64, i32, &str)> = of_tables.chain(of_columns).collect();
    Table::of(all.len())
        .long("objoid", all.iter().map(|(of, ..)| *of))
        .longs(&["classoid"], super::rewrite::PG_CLASS)
        .int("objsubid", all.iter().map(|(_, at, _)| *at))
        .text("description", all.iter().map(|(.., about)| *about))
}

fn settings(about: &About) -> Table {
    let all = &about.settings;
    let table = Table::of(all.len()).text("name", all.keys()).text("setting", all.values());
    table.texts(&["source"], "session").texts(&["vartype"], "string").nulls(&["unit", "short_desc"], &DataType::Utf8)
}

fn relations(listed: &[Listed], about: &About, views: bool) -> Table {
    let (kind, name, owner) = match views {
        true => (TableKind::View, "viewname", "viewowner"),
        false => (TableKind::Managed, "tablename", "tableowner"),
    };
    let those: Vec<&Listed> =
        listed.iter().filter(|table| (table.kind == TableKind::View) == (kind == TableKind::View)).collect();
    Table::of(those.len())
        .text("schemaname", those.iter().map(|table| &table.database))
        .text(name, those.iter().map(|table| &table.name))
        .texts(&[owner], &about.user)
        .nulls(&["definition", "tablespace"], &DataType::Utf8)
        .flags(&["hasindexes", "hasrules", "hastriggers", "rowsecurity"], false)
}

fn roles(about: &About) -> Table {
    Table::of(1)
        .longs(&["oid", "usesysid"], OWNER)
        .texts(&["rolname", "usename"], &about.user)
        .flags(&["rolsuper", "rolcreaterole", "rolreplication", "rolbypassrls", "usesuper"], false)
        .flags(&["rolinherit", "rolcreatedb", "rolcanlogin"], true)
        .ints(&["rolconnlimit"], -1)
        .nulls(&["rolvaliduntil"], &DataType::Utf8)
        .no_rights(&["rolconfig"])
}

fn information_tables(listed: &[Listed], database: &str) -> Table {
    let kind = |table: &Listed| if table.kind == TableKind::View { "VIEW" } else { "BASE TABLE" };
    Table::of(listed.len())
        .texts(&["table_catalog"], database)
        .text("table_schema", listed.iter().map(|table| &table.database))
        .text("table_name", listed.iter().map(|table| &table.name))
        .text("table_type", listed.iter().map(kind))
        .texts(&["is_insertable_into", "is_typed"], "NO")
}

fn information_columns(columns: &[Column<'_>], database: &str) -> Table {
    let shown = |column: &Column<'_>| match column.of.kind() {
        Kind::Array(_) => "ARRAY".to_owned(),
        _ => sql_name(&column.of).to_owned(),
    };
    let udt = |column: &Column<'_>| column.of.name().to_owned();
    Table::of(columns.len())
        .texts(&["table_catalog", "udt_catalog"], database)
        .text("table_schema", columns.iter().map(|column| &column.table.database))
        .text("table_name", columns.iter().map(|column| &column.table.name))
        .text("column_name", columns.iter().map(|column| column.field.name()))
        .int("ordinal_position", columns.iter().map(|column| column.at))
        .text("data_type", columns.iter().map(shown))
        .text("udt_name", columns.iter().map(udt))
        .texts(&["udt_schema"], super::PG_CATALOG)
        .texts(&["is_nullable"], "YES")
        .texts(&["is_identity", "is_updatable"], "NO")
        .texts(&["is_generated"], "NEVER")
        .nulls(&["column_default", "collation_name", "identity_generation", "generation_expression"], &DataType::Utf8)
        .nulls(
            &["character_maximum_length", "numeric_precision", "numeric_scale", "datetime_precision"],
            &DataType::Int32,
        )
}

fn information_schemata(schemas: &[&str], about: &About, database: &str) -> Table {
    Table::of(schemas.len())
        .texts(&["catalog_name"], database)
        .text("schema_name", schemas.iter())
        .texts(&["schema_owner"], &about.user)
}

fn information_views(listed: &[Listed], database: &str) -> Table {
    let views: Vec<&Listed> = listed.iter().filter(|table| table.kind == TableKind::View).collect();
    Table::of(views.len())
        .texts(&["table_catalog"], database)
        .text("table_schema", views.iter().map(|table| &table.database))
        .text("table_name", views.iter().map(|table| &table.name))
        .nulls(&["view_definition"], &DataType::Utf8)
}
