//! What JDBC and ODBC ask of a catalogue: types, schemas, tables, columns, functions, keys.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int16Array, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::TableReference;
use doorstep_lake::Session;
use doorstep_lake::catalog::{BUILT_IN_DATABASE, TableKind};

use super::operation::Kind;
use crate::cells::TypeId;
use crate::hiveql::{FUNCTIONS, HiveFunction, hive_type};
use crate::run::{Answer, ColumnShown, Rows};
use crate::thrift::Fields;
use crate::{HiveError, Runner};

/// A column of a table of metadata, with its values.
enum Cells {
    Text(&'static str, Vec<Option<String>>),
    Int(&'static str, Vec<Option<i32>>),
    Small(&'static str, Vec<Option<i16>>),
}

fn table(columns: Vec<Cells>) -> Result<Answer, HiveError> {
    let (mut fields, mut arrays): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for column in columns {
        let (name, data_type, array): (_, _, ArrayRef) = match column {
            Cells::Text(name, values) => (name, DataType::Utf8, Arc::new(StringArray::from(values))),
            Cells::Int(name, values) => (name, DataType::Int32, Arc::new(Int32Array::from(values))),
            Cells::Small(name, values) => (name, DataType::Int16, Arc::new(Int16Array::from(values))),
        };
        fields.push(Field::new(name, data_type, true));
        arrays.push(array);
    }
    let shown = |f: &Field| ColumnShown { name: f.name().clone(), data_type: hive_type(f.data_type()), comment: None };
    let columns = fields.iter().map(shown).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|e| HiveError::Lake(doorstep_lake::LakeError::Execution(e.to_string())))?;
    let rows = if batch.num_rows() == 0 { Vec::new() } else { vec![batch] };
    Ok(Answer { columns, rows: Rows::Ready(rows), written: None, query: None })
}

/// Whether a name fits a pattern of LIKE, as JDBC writes them (`%`, `_`, `\_`); Hive's `*` and impyla's `.*` are taken
/// too.
fn fits(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern.filter(|p| !p.is_empty()) else { return true };
    let (p, n): (Vec<char>, Vec<char>) =
        (pattern.to_lowercase().replace(".*", "%").chars().collect(), name.to_lowercase().chars().collect());
    // Which places of the pattern can be reached, name by name: linear in memory, no way to blow up.
    let open = |at: &mut Vec<bool>| {
        for i in 0..p.len() {
            if at[i] && matches!(p[i], '%' | '*') {
                at[i + 1] = true;
            }
        }
    };
    let mut at = vec![false; p.len() + 1];
    at[0] = true;
    open(&mut at);
    for c in n {
        let mut next = vec![false; p.len() + 1];
        for i in (0..p.len()).filter(|i| at[*i]) {
            match p[i] {
                '%' | '*' => next[i] = true,
                '_' => next[i + 1] = true,
                '\\' if i + 1 < p.len() && p[i + 1] == c => next[i + 2] = true,
                other if other == c => next[i + 1] = true,
                _ => {}
            }
        }
        at = next;
        open(&mut at);
    }
    at[p.len()]
}

/// Answers one of the calls for metadata.
pub(super) async fn answer(
    runner: &Runner,
    session: &Session,
    call: &str,
    request: &Fields,
) -> Result<(Kind, Answer), HiveError> {
    Ok(match call {
        "GetTypeInfo" => (Kind::TypeInfo, types()?),
        "GetCatalogs" => (Kind::Catalogs, table(vec![Cells::Text("TABLE_CAT", Vec::new())])?),
        "GetSchemas" => (Kind::Schemas, schemas(runner, session, request.text(3)).await?),
        "GetTables" => (Kind::Tables, tables(runner, session, request).await?),
        "GetTableTypes" => {
            let kinds = ["TABLE", "VIEW"].map(|k| Some(k.to_owned())).to_vec();
            (Kind::TableTypes, table(vec![Cells::Text("TABLE_TYPE", kinds)])?)
        }
        "GetColumns" => (Kind::Columns, columns(runner, session, request).await?),
        "GetFunctions" => (Kind::Functions, functions(request.text(4))?),
        "GetPrimaryKeys" => (
            Kind::Other,
            no_keys(&["TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME"], &["KEQ_SEQ"], &["PK_NAME"])?,
        ),
        _ => {
            let texts = [
                "PKTABLE_CAT",
                "PKTABLE_SCHEM",
                "PKTABLE_NAME",
                "PKCOLUMN_NAME",
                "FKTABLE_CAT",
                "FKTABLE_SCHEM",
                "FKTABLE_NAME",
                "FKCOLUMN_NAME",
            ];
            (Kind::Other, no_keys(&texts, &["KEQ_SEQ", "UPDATE_RULE", "DELETE_RULE"], &["FK_NAME", "PK_NAME"])?)
        }
    })
}

fn no_keys(texts: &[&'static str], ints: &[&'static str], names: &[&'static str]) -> Result<Answer, HiveError> {
    let text = |name: &&'static str| Cells::Text(name, Vec::new());
    let all = texts.iter().map(text).chain(ints.iter().map(|name| Cells::Int(name, Vec::new())));
    table(all.chain(names.iter().map(text)).collect())
}

/// The databases that fit a pattern, sorted.
async fn databases(runner: &Runner, session: &Session, pattern: Option<&str>) -> Result<Vec<String>, HiveError> {
    let all = runner.holdings(session).await?;
    let mut names: Vec<String> = all.databases.keys().cloned().collect();
    names.push(BUILT_IN_DATABASE.to_owned());
    names.retain(|name| fits(pattern, name));
    names.sort();
    Ok(names)
}

async fn schemas(runner: &Runner, session: &Session, pattern: Option<&str>) -> Result<Answer, HiveError> {
    let names = databases(runner, session, pattern).await?;
    let catalogs = names.iter().map(|_| Some(String::new())).collect();
    let names = names.into_iter().map(Some).collect();
    table(vec![Cells::Text("TABLE_SCHEM", names), Cells::Text("TABLE_CATALOG", catalogs)])
}

/// Database, table, kind and comment of what the session may see and the patterns fit.
async fn seen(
    runner: &Runner,
    session: &Session,
    request: &Fields,
) -> Result<Vec<(String, String, &'static str, String)>, HiveError> {
    let all = runner.holdings(session).await?;
    let state = runner.state(session).await?;
    let mut out = Vec::new();
    for database in databases(runner, session, request.text(3)).await? {
        let schema = state.schema_for_ref(TableReference::partial(database.as_str(), "x"))?;
        let mut names = schema.table_names();
        names.retain(|name| fits(request.text(4), name));
        names.sort();
        for name in names {
            let table = all.table(&database, &name);
            let kind = if table.is_some_and(|t| t.kind == TableKind::View) { "VIEW" } else { "TABLE" };
            let comment = table.map(|t| t.comment.clone()).unwrap_or_default();
            out.push((database.clone(), name, kind, comment));
        }
    }
    Ok(out)
}

async fn tables(runner: &Runner, session: &Session, request: &Fields) -> Result<Answer, HiveError> {
    let mut found = seen(runner, session, request).await?;
    if let Some(kinds) = request.texts(5).filter(|k| !k.is_empty()) {
        // Hive's own words for kinds of tables mean the same.
        let means = |kind: &str, asked: &str| match asked.to_uppercase().as_str() {
            "TABLE" | "MANAGED_TABLE" | "EXTERNAL_TABLE" => kind == "TABLE",
            "VIEW" | "VIRTUAL_VIEW" => kind == "VIEW",
            _ => false,
        };
        found.retain(|(_, _, kind, _)| kinds.iter().any(|asked| means(kind, asked)));
    }
    let column =
        |f: fn(&(String, String, &'static str, String)) -> String| found.iter().map(|t| Some(f(t))).collect::<Vec<_>>();
    let none = || vec![None::<String>; found.len()];
    table(vec![
        Cells::Text("TABLE_CAT", column(|_| String::new())),
        Cells::Text("TABLE_SCHEM", column(|t| t.0.clone())),
        Cells::Text("TABLE_NAME", column(|t| t.1.clone())),
        Cells::Text("TABLE_TYPE", column(|t| t.2.to_owned())),
        Cells::Text("REMARKS", column(|t| t.3.clone())),
        Cells::Text("TYPE_CAT", none()),
        Cells::Text("TYPE_SCHEM", none()),
        Cells::Text("TYPE_NAME", none()),
        Cells::Text("SELF_REFERENCING_COL_NAME", none()),
        Cells::Text("REF_GENERATION", none()),
    ])
}

/// One column of some table.
struct Seen {
    database: String,
    table: String,
    name: String,
    data_type: String,
    comment: Option<String>,
    place: i32,
}

async fn columns(runner: &Runner, session: &Session, request: &Fields) -> Result<Answer, HiveError> {
    let all = runner.holdings(session).await?;
    let state = runner.state(session).await?;
    let mut found: Vec<Seen> = Vec::new();
    for (database, name, ..) in seen(runner, session, request).await? {
        let own = all.table(&database, &name).map(|t| crate::run::described(t));
        let schema = state.schema_for_ref(TableReference::partial(database.as_str(), name.as_str()))?;
        // What a grant narrows is seen in the provider alone.
        let Ok(Some(provider)) = schema.table(&name).await else { continue };
        for (place, field) in (1..).zip(provider.schema().fields()) {
            let known = own.as_ref().and_then(|own| own.iter().find(|(n, ..)| n == field.name()));
            let data_type = known.map_or_else(|| hive_type(field.data_type()), |(_, t, _)| t.clone());
            let comment = known.and_then(|(_, _, comment)| comment.clone());
            if fits(request.text(5), field.name()) {
                let (database, table) = (database.clone(), name.clone());
                found.push(Seen { database, table, name: field.name().clone(), data_type, comment, place });
            }
        }
    }
    let text = |f: fn(&Seen) -> Option<String>| found.iter().map(f).collect::<Vec<_>>();
    let int = |f: fn(&Seen) -> Option<i32>| found.iter().map(f).collect::<Vec<_>>();
    table(vec![
        Cells::Text("TABLE_CAT", text(|_| None)),
        Cells::Text("TABLE_SCHEM", text(|c| Some(c.database.clone()))),
        Cells::Text("TABLE_NAME", text(|c| Some(c.table.clone()))),
        Cells::Text("COLUMN_NAME", text(|c| Some(c.name.clone()))),
        Cells::Int("DATA_TYPE", int(|c| Some(java_type(TypeId::of(&c.data_type))))),
        Cells::Text("TYPE_NAME", text(|c| Some(c.data_type.to_uppercase()))),
        Cells::Int("COLUMN_SIZE", int(|c| size(&c.data_type))),
        Cells::Int("BUFFER_LENGTH", int(|_| None)),
        Cells::Int("DECIMAL_DIGITS", int(|c| digits(&c.data_type))),
        Cells::Int("NUM_PREC_RADIX", int(|c| size(&c.data_type).map(|_| 10))),
        Cells::Int("NULLABLE", int(|_| Some(1))),
        Cells::Text("REMARKS", text(|c| c.comment.clone())),
        Cells::Text("COLUMN_DEF", text(|_| None)),
        Cells::Int("SQL_DATA_TYPE", int(|_| None)),
        Cells::Int("SQL_DATETIME_SUB", int(|_| None)),
        Cells::Int("CHAR_OCTET_LENGTH", int(|_| None)),
        Cells::Int("ORDINAL_POSITION", int(|c| Some(c.place))),
        Cells::Text("IS_NULLABLE", text(|_| Some("YES".to_owned()))),
        Cells::Text("SCOPE_CATALOG", text(|_| None)),
        Cells::Text("SCOPE_SCHEMA", text(|_| None)),
        Cells::Text("SCOPE_TABLE", text(|_| None)),
        Cells::Small("SOURCE_DATA_TYPE", found.iter().map(|_| None).collect()),
        Cells::Text("IS_AUTO_INCREMENT", text(|_| Some("NO".to_owned()))),
    ])
}

/// The numbers of java.sql.Types.
const fn java_type(id: TypeId) -> i32 {
    match id {
        TypeId::Boolean => 16,
        TypeId::TinyInt => -6,
        TypeId::SmallInt => 5,
        TypeId::Int => 4,
        TypeId::BigInt => -5,
        TypeId::Float => 6,
        TypeId::Double => 8,
        TypeId::String | TypeId::Varchar => 12,
        TypeId::Char => 1,
        TypeId::Timestamp => 93,
        TypeId::Date => 91,
        TypeId::Binary => -2,
        TypeId::Array => 2003,
        TypeId::Map => 2000,
        TypeId::Struct => 2002,
        TypeId::Decimal => 3,
        TypeId::Null => 0,
    }
}

fn numbers(data_type: &str) -> Vec<i32> {
    let inside = data_type.strip_suffix(')').and_then(|t| t.split_once('(')).map_or("", |(_, n)| n);
    inside.split(',').filter_map(|n| n.trim().parse().ok()).collect()
}

fn size(data_type: &str) -> Option<i32> {
    Some(match TypeId::of(data_type) {
        TypeId::TinyInt => 3,
        TypeId::SmallInt => 5,
        TypeId::Int => 10,
        TypeId::BigInt => 19,
        TypeId::Float => 7,
        TypeId::Double => 15,
        TypeId::Decimal | TypeId::Varchar | TypeId::Char => *numbers(data_type).first()?,
        TypeId::Date => 10,
        TypeId::Timestamp => 29,
        TypeId::String => i32::MAX,
        _ => return None,
    })
}

fn digits(data_type: &str) -> Option<i32> {
    match TypeId::of(data_type) {
        TypeId::TinyInt | TypeId::SmallInt | TypeId::Int | TypeId::BigInt => Some(0),
        TypeId::Float => Some(7),
        TypeId::Double => Some(15),
        TypeId::Decimal => numbers(data_type).get(1).copied(),
        _ => None,
    }
}

fn types() -> Result<Answer, HiveError> {
    const NAMES: [&str; 17] = [
        "VOID",
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INT",
        "BIGINT",
        "FLOAT",
        "DOUBLE",
        "STRING",
        "VARCHAR",
        "CHAR",
        "DATE",
        "TIMESTAMP",
        "BINARY",
        "DECIMAL",
        "ARRAY",
        "MAP",
    ];
    let names: Vec<&str> = NAMES.into_iter().chain(["STRUCT"]).collect();
    let id = |name: &str| TypeId::of(&name.to_lowercase());
    let texts = |f: &dyn Fn(&str) -> Option<String>| names.iter().map(|n| f(n)).collect::<Vec<_>>();
    let ints = |f: &dyn Fn(&str) -> Option<i32>| names.iter().map(|n| f(n)).collect::<Vec<_>>();
    let smalls = |f: &dyn Fn(&str) -> Option<i16>| names.iter().map(|n| f(n)).collect::<Vec<_>>();
    let number = |name: &str| matches!(java_type(id(name)), -6 | 5 | 4 | -5 | 6 | 8 | 3);
    table(vec![
        Cells::Text("TYPE_NAME", texts(&|n| Some(n.to_owned()))),
        Cells::Int("DATA_TYPE", ints(&|n| Some(java_type(id(n))))),
        Cells::Int("PRECISION", ints(&|n| size(&n.to_lowercase()))),
        Cells::Text("LITERAL_PREFIX", texts(&|_| None)),
        Cells::Text("LITERAL_SUFFIX", texts(&|_| None)),
        Cells::Text("CREATE_PARAMS", texts(&|_| None)),
        Cells::Small("NULLABLE", smalls(&|_| Some(1))),
        Cells::Text("CASE_SENSITIVE", texts(&|n| Some(matches!(n, "STRING" | "VARCHAR" | "CHAR").to_string()))),
        Cells::Small("SEARCHABLE", smalls(&|n| Some(if matches!(n, "ARRAY" | "MAP" | "STRUCT") { 0 } else { 3 }))),
        Cells::Text("UNSIGNED_ATTRIBUTE", texts(&|n| Some((!number(n)).to_string()))),
        Cells::Text("FIXED_PREC_SCALE", texts(&|_| Some("false".to_owned()))),
        Cells::Text("AUTO_INCREMENT", texts(&|_| Some("false".to_owned()))),
        Cells::Text("LOCAL_TYPE_NAME", texts(&|_| None)),
        Cells::Small("MINIMUM_SCALE", smalls(&|_| Some(0))),
        Cells::Small("MAXIMUM_SCALE", smalls(&|_| Some(0))),
        Cells::Int("SQL_DATA_TYPE", ints(&|_| None)),
        Cells::Int("SQL_DATETIME_SUB", ints(&|_| None)),
        Cells::Int("NUM_PREC_RADIX", ints(&|n| number(n).then_some(10))),
    ])
}

fn functions(pattern: Option<&str>) -> Result<Answer, HiveError> {
    let mut found: Vec<_> =
        FUNCTIONS.iter().filter(|f| !matches!(f.how, HiveFunction::Refused(_)) && fits(pattern, f.name)).collect();
    found.sort_by_key(|f| f.name);
    let none = || vec![None::<String>; found.len()];
    table(vec![
        Cells::Text("FUNCTION_CAT", none()),
        Cells::Text("FUNCTION_SCHEM", none()),
        Cells::Text("FUNCTION_NAME", found.iter().map(|f| Some(f.name.to_owned())).collect()),
        Cells::Text("REMARKS", found.iter().map(|f| Some(f.help.to_owned())).collect()),
        Cells::Int("FUNCTION_TYPE", found.iter().map(|_| Some(1)).collect()),
        Cells::Text("SPECIFIC_NAME", found.iter().map(|f| Some(format!("doorstep.{}", f.name))).collect()),
    ])
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_are_those_of_like() {
        for (pattern, name) in [
            ("%", "x"),
            ("a_c", "abc"),
            ("a\\_c", "a_c"),
            ("go*", "goods"),
            ("GO%S", "goods"),
            ("", "a"),
            (".*", "goods"),
            ("go.*", "goods"),
        ] {
            assert!(fits(Some(pattern), name), "{pattern} {name}");
        }
        for (pattern, name) in [("a\\_c", "abc"), ("x%", "goods"), ("goo", "goods"), ("_", "")] {
            assert!(!fits(Some(pattern), name), "{pattern} {name}");
        }
    }
}
