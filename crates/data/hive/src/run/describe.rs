//! SHOW and DESCRIBE.

use datafusion::common::TableReference;
use doorstep_lake::catalog::{BUILT_IN_DATABASE, TableDef, TableKind, Unseen, partition_values};

use super::{
    Answer, Call, alter::OURS, answer, create::COMMENT_OF, insert::TYPE_OF, text_rows, unknown_database, view,
};
use crate::HiveError;
use crate::hiveql::{Describe, FUNCTIONS, HiveFunction, Name, Show, find, fits, hive_type, shown};

type Row = Vec<Option<String>>;

fn row(cells: &[&str]) -> Row {
    cells.iter().map(|c| Some((*c).to_owned())).collect()
}

impl Call<'_> {
    pub(super) async fn show(&self, show: Show) -> Result<Answer, HiveError> {
        let matches = |pattern: &Option<String>, name: &str| pattern.as_deref().is_none_or(|p| fits(p, name));
        match show {
            Show::Databases(pattern) => {
                let all = self.holdings().await?;
                let mut names: Vec<&str> = all.databases.keys().map(String::as_str).collect();
                names.push(BUILT_IN_DATABASE);
                names.sort_unstable();
                let rows = names.into_iter().filter(|n| matches(&pattern, n)).map(|n| row(&[n]));
                text_rows(&["database_name"], rows.collect())
            }
            Show::Tables { database, pattern } => {
                let names = self.names(database).await?;
                let rows = names.iter().filter(|n| matches(&pattern, n)).map(|n| row(&[n]));
                text_rows(&["tab_name"], rows.collect())
            }
            Show::Views { database, pattern } => {
                let database = database.unwrap_or_else(|| self.session.database());
                let names = self.names(Some(database.clone())).await?;
                let all = self.holdings().await?;
                let is_view = |n: &&String| all.table(&database, n).is_some_and(|t| t.kind == TableKind::View);
                let rows = names.iter().filter(is_view).filter(|n| matches(&pattern, n)).map(|n| row(&[n]));
                text_rows(&["tab_name"], rows.collect())
            }
            Show::Partitions(name, wanted) => {
                let table = self.table(&name).await?;
                if table.partition_by.is_empty() {
                    return Err(HiveError::invalid(
                        format!("{name} has no partitions"),
                        "it was made without PARTITIONED BY",
                    ));
                }
                let specs = self.engine.catalog().partitions(&table).await?;
                let fits = |spec: &str| {
                    let values = partition_values(spec);
                    wanted.iter().all(|(c, v)| v.is_none() || values.iter().any(|(n, value)| n == c && value == v))
                };
                let rows = specs.into_iter().map(|(spec, _)| spec).filter(|s| fits(s)).map(|s| row(&[&s]));
                text_rows(&["partition"], rows.collect())
            }
            Show::Columns(name) => {
                let columns = self.columns(&name).await?;
                text_rows(&["field"], columns.iter().map(|(name, ..)| row(&[name])).collect())
            }
            Show::CreateTable(name) => {
                let text = create_text(&self.table(&name).await?, &name.name);
                text_rows(&["createtab_stmt"], text.lines().map(|line| row(&[line])).collect())
            }
            Show::Properties(name, key) => {
                let table = self.table(&name).await?;
                let mut own: Vec<(&String, &String)> =
                    table.properties.iter().filter(|(k, _)| !k.starts_with(OURS)).collect();
                own.retain(|(k, _)| key.as_ref().is_none_or(|wanted| wanted == *k));
                if let (Some(key), true) = (&key, own.is_empty()) {
                    let text = format!("Table {name} does not have property: {key}");
                    return text_rows(&["prpt_name", "prpt_value"], vec![row(&[key, &text])]);
                }
                text_rows(&["prpt_name", "prpt_value"], own.into_iter().map(|(k, v)| row(&[k, v])).collect())
            }
            Show::Functions(pattern) => {
                let built_in = FUNCTIONS.iter().filter(|f| !matches!(f.how, HiveFunction::Refused(_)));
                let mut names: Vec<String> = built_in.map(|f| f.name.to_owned()).collect();
                // As Hive shows them: with their database.
                let own = self.engine.functions(self.session).await?;
                names.extend(own.iter().map(|f| format!("{}.{}", f.database, f.name)));
                names.retain(|n| {
                    matches(&pattern, n) || n.rsplit('.').next().is_some_and(|bare| matches(&pattern, bare))
                });
                names.sort_unstable();
                text_rows(&["tab_name"], names.iter().map(|n| row(&[n])).collect())
            }
        }
    }

    /// The tables of a database that the session may see.
    async fn names(&self, database: Option<String>) -> Result<Vec<String>, HiveError> {
        let database = database.unwrap_or_else(|| self.session.database());
        let state = self.engine.context(self.session).await?.state;
        let all = self.holdings().await?;
        let known = database == BUILT_IN_DATABASE || all.databases.contains_key(&database);
        if !known {
            return Err(unknown_database(&all, &database));
        }
        let schema = state.schema_for_ref(TableReference::partial(database.as_str(), "x"))?;
        let mut names = schema.table_names();
        names.sort();
        Ok(names)
    }

    /// Columns of a table, view or built-in table: name, type, comment.
    async fn columns(&self, name: &Name) -> Result<Vec<(String, String, Option<String>)>, HiveError> {
        let (database, table) = self.place(name);
        let all = self.holdings().await?;
        if let Some(table) = all.table(&database, &table) {
            return Ok(described(table));
        }
        if database != BUILT_IN_DATABASE && !all.databases.contains_key(&database) {
            return Err(unknown_database(&all, &database));
        }
        let state = self.engine.context(self.session).await?.state;
        let schema = state.schema_for_ref(TableReference::partial(database.as_str(), table.as_str()))?;
        match schema.table(&table).await? {
            Some(provider) => {
                let shown = answer::columns(&provider.schema());
                Ok(shown.into_iter().map(|c| (c.name, c.data_type, None)).collect())
            }
            None => all.require(&database, &table).map(|_| Vec::new()).map_err(Into::into),
        }
    }

    pub(super) async fn describe(&self, describe: Describe) -> Result<Answer, HiveError> {
        match describe {
            Describe::Table { name, column, full } => self.describe_table(&name, column.as_deref(), full).await,
            Describe::Database { name, full } => {
                let all = self.holdings().await?;
                let comment = match all.databases.get(&name) {
                    Some(database) => database.comment.clone(),
                    None if name == BUILT_IN_DATABASE => "what Doorstep itself does, as tables".to_owned(),
                    None => return Err(unknown_database(&all, &name)),
                };
                let owner = self.session.tenant().to_owned();
                let mut cells = row(&[&name, &comment, "", &owner, "USER"]);
                if full {
                    cells.push(Some(String::new()));
                    let names = ["db_name", "comment", "location", "owner_name", "owner_type", "parameters"];
                    return text_rows(&names, vec![cells]);
                }
                text_rows(&["db_name", "comment", "location", "owner_name", "owner_type"], vec![cells])
            }
            Describe::Function(name) => {
                let (database, bare) = match name.rsplit_once('.') {
                    Some((database, bare)) => (database.to_owned(), bare),
                    None => (self.session.database(), name.as_str()),
                };
                let own = self.engine.functions(self.session).await?;
                if let Some(own) = own.iter().find(|f| f.database == database && f.name == bare) {
                    let arguments: Vec<String> =
                        own.arguments.iter().map(|(name, kind)| format!("{name} {}", hive_type(kind))).collect();
                    let body = own.written.as_ref().unwrap_or(&own.body);
                    let (call, kind) = (arguments.join(", "), hive_type(&own.returns));
                    let lines = [format!("{database}.{bare}({call}) returns {kind}"), body.clone()];
                    return text_rows(&["tab_name"], lines.iter().map(|line| row(&[line])).collect());
                }
                let text = match find(&name) {
                    Some(known) => match known.how {
                        HiveFunction::Refused(fix) => format!("{name}: not supported; {fix}"),
                        _ => format!("{name}: built in; {}", known.help),
                    },
                    None => format!("Function: {name} not found."),
                };
                text_rows(&["tab_name"], vec![row(&[&text])])
            }
        }
    }

    async fn describe_table(&self, name: &Name, column: Option<&str>, full: bool) -> Result<Answer, HiveError> {
        const NAMES: [&str; 3] = ["col_name", "data_type", "comment"];
        let columns = self.columns(name).await?;
        let cells = |(name, data_type, comment): &(String, String, Option<String>)| {
            vec![Some(name.clone()), Some(data_type.clone()), comment.clone()]
        };
        if let Some(column) = column {
            let found = columns.iter().find(|(name, ..)| name == column).ok_or_else(|| {
                let near = doorstep_lake::catalog::nearest(column, columns.iter().map(|(n, ..)| n.as_str()));
                doorstep_lake::LakeError::Unknown { what: "column", name: column.to_owned(), near }
            })?;
            return text_rows(&NAMES, vec![cells(found)]);
        }
        let mut rows: Vec<Row> = columns.iter().map(cells).collect();
        let (database, table) = self.place(name);
        let all = self.holdings().await?;
        let Some(table) = all.table(&database, &table) else { return text_rows(&NAMES, rows) };
        if !table.partition_by.is_empty() {
            rows.push(row(&["# Partition Information", "", ""]));
            rows.push(row(&["# col_name", "data_type", "comment"]));
            rows.extend(columns.iter().filter(|(name, ..)| table.partition_by.contains(name)).map(cells));
        }
        if full {
            rows.extend(self.everything(table, &name.name).await?);
        }
        text_rows(&NAMES, rows)
    }

    async fn everything(&self, table: &TableDef, called: &str) -> Result<Vec<Row>, HiveError> {
        let mut rows = vec![row(&["", "", ""]), row(&["# Detailed Table Information", "", ""])];
        let mut tell = |name: &str, value: &str| rows.push(row(&[name, value, ""]));
        tell("Database:", &table.database);
        tell("Table:", called);
        tell("Owner:", self.session.tenant());
        tell("CreateTime:", &table.created_at.to_string());
        let kind = match table.kind {
            TableKind::Managed => "MANAGED_TABLE",
            TableKind::External => "EXTERNAL_TABLE",
            TableKind::View => "VIRTUAL_VIEW",
        };
        tell("Table Type:", kind);
        if !table.comment.is_empty() {
            tell("Comment:", &table.comment);
        }
        if table.kind == TableKind::Managed {
            let files = self.engine.catalog().files(self.session.tenant(), &table.id).await?;
            tell("numFiles", &files.len().to_string());
            tell("numRows", &files.iter().map(|f| f.rows).sum::<u64>().to_string());
            tell("totalSize", &files.iter().map(|f| f.bytes).sum::<u64>().to_string());
        }
        tell("Storage:", table.files.as_str());
        if let Some(location) = &table.location {
            tell("Location:", location);
        }
        if let Some(query) = table.properties.get(view::WRITTEN).or(table.query.as_ref()) {
            tell("View Text:", query);
        }
        for (key, value) in table.properties.iter().filter(|(k, _)| !k.starts_with(OURS)) {
            tell(key, value);
        }
        Ok(rows)
    }
}

/// Columns as Hive describes them.
pub(crate) fn described(table: &TableDef) -> Vec<(String, String, Option<String>)> {
    let shown = |field: &std::sync::Arc<arrow::datatypes::Field>| {
        let written = table.properties.get(&format!("{TYPE_OF}{}", field.name())).cloned();
        let comment = table.properties.get(&format!("{COMMENT_OF}{}", field.name())).cloned();
        (field.name().clone(), written.unwrap_or_else(|| hive_type(field.data_type())), comment)
    };
    table.schema.fields().iter().map(shown).collect()
}

/// The statement that makes a table like this one, by the name that the session calls it.
fn create_text(table: &TableDef, called: &str) -> String {
    let name = Name { database: Some(table.database.clone()), name: called.to_owned() };
    if table.kind == TableKind::View {
        let query = table.properties.get(view::WRITTEN).or(table.query.as_ref()).cloned().unwrap_or_default();
        return format!("CREATE VIEW `{}`.`{}` AS {query}", table.database, table.name);
    }
    let (partitions, columns): (Vec<_>, Vec<_>) =
        described(table).into_iter().partition(|(name, ..)| table.partition_by.contains(name));
    let mut text = shown(&name, &columns);
    if table.kind == TableKind::External {
        text = text.replacen("CREATE TABLE", "CREATE EXTERNAL TABLE", 1);
    } else if Unseen::is(&table.name) {
        text = text.replacen("CREATE TABLE", "CREATE TEMPORARY TABLE", 1);
    }
    let quoted = |t: &str| t.replace('\\', "\\\\").replace('\'', "\\'");
    if !table.comment.is_empty() {
        text.push_str(&format!("\nCOMMENT '{}'", quoted(&table.comment)));
    }
    if !partitions.is_empty() {
        let list: Vec<String> = partitions.iter().map(|(name, kind, _)| format!("`{name}` {kind}")).collect();
        text.push_str(&format!("\nPARTITIONED BY ({})", list.join(", ")));
    }
    let format = match table.properties.get(super::create::STORED_AS).map(String::as_str) {
        Some("csv") => "TEXTFILE",
        Some("json") => "JSONFILE",
        _ => "PARQUET",
    };
    text.push_str(&format!("\nSTORED AS {format}"));
    if let Some(location) = &table.location {
        text.push_str(&format!("\nLOCATION '{}'", quoted(location)));
    }
    let own: Vec<String> = table
        .properties
        .iter()
        .filter(|(key, _)| !key.starts_with(OURS))
        .map(|(key, value)| format!("'{}' = '{}'", quoted(key), quoted(value)))
        .collect();
    if !own.is_empty() {
        text.push_str(&format!("\nTBLPROPERTIES ({})", own.join(", ")));
    }
    text
}
