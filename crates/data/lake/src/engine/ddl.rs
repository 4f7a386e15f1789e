//! Statements that change the catalogue.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::Column;
use datafusion::common::TableReference;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{
    CreateExternalTable, CreateMemoryTable, CreateView, DdlStatement, Expr, LogicalPlan, LogicalPlanBuilder,
};
use datafusion::sql::sqlparser::ast::{self, AlterTableOperation};

use super::external;
use super::insert::{Mode, Target};
use super::scope::Scope;
use super::statements::{Layout, Step, ident, last_part, nothing, resolve, writable};
use super::temporary::no_view_of;
use crate::LakeError;
use crate::catalog::{BUILT_IN_DATABASE, Delimited, FileKind, Right, TableDef, TableKind, Unseen, nearest};

/// `CREATE TABLE`, with or without a query.
pub(super) async fn create_table(
    scope: &Arc<Scope>,
    create: CreateMemoryTable,
    layout: Layout,
) -> Result<Step, LakeError> {
    may_create(scope)?;
    let temporary = layout.temporary;
    if !create.column_defaults.is_empty() {
        return Err(LakeError::unsupported("DEFAULT of a column", "write the value in the INSERT"));
    }
    let (database, name) = resolve(scope, &create.name);
    // A temporary table covers those of its name that are not.
    let old = scope.holdings.table(&database, &name).filter(|old| !temporary || old.name != name);
    if old.is_some() && create.if_not_exists {
        return Ok(Step::Done(nothing()));
    }
    if old.is_some() && !create.or_replace {
        return Err(LakeError::Exists { what: "table", name: format!("{database}.{name}") });
    }
    let query = partitions_last(Arc::unwrap_or_clone(create.input), &layout.partition_by)?;
    let mut fields: Vec<FieldRef> = plain_schema(query.schema().as_arrow()).fields().iter().cloned().collect();
    // Stable: the others keep their order before those of the folders.
    fields.sort_by_key(|f| layout.partition_by.iter().position(|p| p == f.name()).map_or(0, |at| at + 1));
    let mut table = TableDef::managed(&database, &name, Arc::new(Schema::new(fields)), scope.engine.clock.now());
    table.partition_by = layout.partition_by;
    for (key, value) in layout.options {
        option(&mut table, &key, &value)?;
    }
    let replace = old.map(|t| t.id.clone());
    if temporary {
        crate::catalog::check_name("table", &name)?;
        if create.or_replace {
            return Err(LakeError::unsupported("CREATE OR REPLACE TEMPORARY TABLE", "drop the old one first"));
        }
        scope.session.own(&mut table)?;
    }
    if matches!(query, LogicalPlan::EmptyRelation(_)) {
        if replace.is_some() {
            scope.engine.catalog.replace_table(scope.session.tenant(), &table).await?;
        } else {
            let made = scope.engine.catalog.create_table(scope.session.tenant(), &table, create.if_not_exists).await;
            made.inspect_err(|_| scope.session.disown(&table))?;
        }
        return Ok(Step::Done(nothing()));
    }
    check_columns(&table)?;
    crate::catalog::check_name("table", &name)?;
    if !scope.holdings.databases.contains_key(&database) {
        let near = nearest(&database, scope.holdings.databases.keys().map(String::as_str));
        return Err(LakeError::Unknown { what: "database", name: database, near });
    }
    let mode = Mode::Create { if_absent: create.if_not_exists, replace };
    Ok(Step::Write(Box::new(Target { table, mode }), query))
}

/// Options of `WITH (…)` on a managed table.
fn option(table: &mut TableDef, key: &str, value: &str) -> Result<(), LakeError> {
    match key {
        "sort_by" => {
            table.sort_by = value.split(',').map(|c| c.trim().to_owned()).filter(|c| !c.is_empty()).collect();
            for column in &table.sort_by {
                if table.schema.column_with_name(column).is_none() {
                    let near = nearest(column, table.schema.fields().iter().map(|f| f.name().as_str()));
                    return Err(LakeError::Unknown { what: "column", name: column.clone(), near });
                }
            }
        }
        "comment" => value.clone_into(&mut table.comment),
        other => {
            let reason = format!("{other:?} is unknown");
            return Err(LakeError::invalid("WITH", reason, "use sort_by or comment"));
        }
    }
    Ok(())
}

fn check_columns(table: &TableDef) -> Result<(), LakeError> {
    let mut seen = std::collections::HashSet::new();
    if let Some(twice) = table.schema.fields().iter().find(|f| !seen.insert(f.name().to_lowercase())) {
        let reason = format!("the column {:?} stands there twice", twice.name());
        return Err(LakeError::invalid("columns", reason, "give each column a name of its own, with AS"));
    }
    for name in &table.partition_by {
        if table.schema.column_with_name(name).is_none() {
            let near = nearest(name, table.schema.fields().iter().map(|f| f.name().as_str()));
            return Err(LakeError::Unknown { what: "column", name: name.clone(), near });
        }
    }
    if table.partition_by.len() >= table.schema.fields().len() {
        let fix = "leave at least one column out of PARTITIONED BY";
        return Err(LakeError::invalid("PARTITIONED BY", "no column would be left for the files", fix));
    }
    Ok(())
}

/// The same rows with the partition columns behind the others.
fn partitions_last(plan: LogicalPlan, partition_by: &[String]) -> Result<LogicalPlan, LakeError> {
    if partition_by.is_empty() || matches!(plan, LogicalPlan::EmptyRelation(_)) {
        return Ok(plan);
    }
    let columns: Vec<Column> = plan.schema().columns();
    let (mut order, mut last): (Vec<Column>, Vec<Column>) =
        columns.into_iter().partition(|c| !partition_by.contains(&c.name));
    last.sort_by_key(|c| partition_by.iter().position(|p| *p == c.name));
    order.extend(last);
    Ok(LogicalPlanBuilder::from(plan).project(order.into_iter().map(Expr::Column))?.build()?)
}

/// Without what a query's columns carry along: names alone, nulls allowed where they are, no dictionaries.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let kind = match field.data_type() {
                DataType::Dictionary(_, value) => (**value).clone(),
                DataType::Null => DataType::Utf8,
                other => other.clone(),
            };
            Field::new(field.name(), kind, field.is_nullable())
        })
        .collect();
    Arc::new(Schema::new(fields))
}

pub(super) fn may_create(scope: &Scope) -> Result<(), LakeError> {
    if scope.session.runs_the_place() {
        return Ok(());
    }
    Err(LakeError::Denied { action: "make or drop databases, tables and views".to_owned() })
}

/// Every other change of the catalogue.
pub(super) async fn change(
    scope: &Arc<Scope>,
    state: &SessionState,
    statement: DdlStatement,
) -> Result<RecordBatch, LakeError> {
    may_create(scope)?;
    let catalog = &scope.engine.catalog;
    let tenant = scope.session.tenant();
    match statement {
        DdlStatement::CreateExternalTable(create) => create_external(scope, state, *create).await?,
        DdlStatement::CreateView(view) => create_view(scope, view).await?,
        DdlStatement::DropTable(drop) => drop_table(scope, &drop.name, drop.if_exists, false).await?,
        DdlStatement::DropView(drop) => drop_table(scope, &drop.name, drop.if_exists, true).await?,
        DdlStatement::CreateCatalog(create) => {
            catalog.create_database(tenant, &create.catalog_name, "", create.if_not_exists).await?;
        }
        DdlStatement::CreateCatalogSchema(create) => {
            let name = create.schema_name.rsplit('.').next().unwrap_or_default();
            catalog.create_database(tenant, name, "", create.if_not_exists).await?;
        }
        DdlStatement::DropCatalogSchema(drop) => {
            let name = drop.name.schema_name();
            catalog.drop_database(tenant, name, drop.if_exists, drop.cascade).await?;
            if scope.session.database() == name {
                scope.session.use_database(crate::catalog::DEFAULT_DATABASE);
            }
        }
        other => return Err(LakeError::unsupported(other.name(), "see the guide for the statements there are")),
    }
    Ok(nothing())
}

async fn drop_table(scope: &Scope, name: &TableReference, if_exists: bool, view: bool) -> Result<(), LakeError> {
    let (database, name) = resolve(scope, name);
    if database == BUILT_IN_DATABASE {
        return Err(LakeError::invalid("table", "the built-in tables cannot be dropped", "drop a table of your own"));
    }
    let table = match scope.holdings.require(&database, &name) {
        Ok(table) => table,
        Err(_) if if_exists => return Ok(()),
        Err(error) => return Err(error),
    };
    if (table.kind == TableKind::View) != view {
        let (is, fix) = if view { ("a table", "write DROP TABLE") } else { ("a view", "write DROP VIEW") };
        return Err(LakeError::invalid("name", format!("{name} is {is}"), fix));
    }
    scope.engine.catalog.drop_table(scope.session.tenant(), table).await?;
    scope.session.disown(table);
    Ok(())
}

async fn create_view(scope: &Scope, view: CreateView) -> Result<(), LakeError> {
    let (database, name) = resolve(scope, &view.name);
    if view.temporary {
        return Err(LakeError::unsupported("CREATE TEMPORARY VIEW", "use a WITH query, or a view and drop it"));
    }
    if let Some(table) = scope.session.own_in(&view.input) {
        return Err(no_view_of(&table));
    }
    let Some(query) = view.definition.as_deref().and_then(query_of_view) else {
        return Err(LakeError::unsupported("this form of CREATE VIEW", "write CREATE VIEW name AS SELECT …"));
    };
    let schema = plain_schema(view.input.schema().as_arrow());
    let mut table = TableDef::managed(&database, &name, schema, scope.engine.clock.now());
    table.kind = TableKind::View;
    table.query = Some(query.to_owned());
    let catalog = &scope.engine.catalog;
    if view.or_replace {
        if let Some(old) = scope.holdings.table(&database, &name)
            && old.kind != TableKind::View
        {
            return Err(LakeError::invalid("name", format!("{name} is a table"), "choose another name for the view"));
        }
        return catalog.replace_table(scope.session.tenant(), &table).await;
    }
    catalog.create_table(scope.session.tenant(), &table, false).await.map(|_| ())
}

/// The query behind the first `AS` outside of parentheses and quotes.
fn query_of_view(definition: &str) -> Option<&str> {
    let bytes = definition.as_bytes();
    let (mut depth, mut quote) = (0_u32, None);
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(q), b) if q == *b => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"' | b'`') => quote = Some(*byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b'a' | b'A') if depth == 0 => {
                let word = bytes.get(at + 1).is_some_and(|b| b.eq_ignore_ascii_case(&b's'));
                let alone = at > 0 && (bytes[at - 1].is_ascii_whitespace() || bytes[at - 1] == b')');
                let ends = bytes.get(at + 2).is_some_and(|b| b.is_ascii_whitespace() || *b == b'(');
                if word && alone && ends {
                    return Some(definition[at + 2..].trim());
                }
            }
            _ => {}
        }
    }
    None
}

async fn create_external(scope: &Scope, state: &SessionState, create: CreateExternalTable) -> Result<(), LakeError> {
    let (database, name) = resolve(scope, &create.name);
    let [location] = create.locations.as_slice() else {
        return Err(LakeError::invalid("LOCATION", "there must be exactly one", "write LOCATION 'folder'"));
    };
    let kind = FileKind::parse(&create.file_type);
    let unknown =
        || LakeError::invalid("STORED AS", format!("{} is unknown", create.file_type), "use PARQUET, CSV or JSON");
    let declared = plain_schema(create.schema.as_arrow());
    let mut table = TableDef::managed(&database, &name, declared, scope.engine.clock.now());
    table.kind = TableKind::External;
    table.files = kind.ok_or_else(unknown)?;
    table.partition_by.clone_from(&create.table_partition_cols);
    external_options(&mut table, &create.options)?;
    let tenant = scope.session.tenant();
    table.location = Some(location.clone());
    external::settle(&scope.engine, tenant, &mut table).await?;
    let given: Vec<FieldRef> = table.schema.fields().iter().cloned().collect();
    let in_files: Vec<FieldRef> = given.iter().filter(|f| !table.partition_by.contains(f.name())).cloned().collect();
    let mut fields: Vec<FieldRef> = if in_files.is_empty() {
        let place = external::place(&scope.engine, tenant, &table).await?;
        let inferred = external::infer(state, &table, place).await?;
        inferred.fields().iter().filter(|f| !table.partition_by.contains(f.name())).cloned().collect()
    } else {
        in_files
    };
    for column in &table.partition_by {
        let typed = given.iter().find(|f| f.name() == column).cloned();
        fields.push(typed.unwrap_or_else(|| Arc::new(Field::new(column, DataType::Utf8, true))));
    }
    table.schema = Arc::new(Schema::new(fields));
    let catalog = &scope.engine.catalog;
    if create.or_replace {
        return catalog.replace_table(tenant, &table).await;
    }
    catalog.create_table(tenant, &table, create.if_not_exists).await.map(|_| ())
}

fn external_options(table: &mut TableDef, options: &HashMap<String, String>) -> Result<(), LakeError> {
    let mut text = Delimited::default();
    for (key, value) in options {
        let name = key.trim_start_matches("format.").to_ascii_lowercase();
        let value = value.trim_matches('\'');
        let one = || {
            let mut chars = value.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Ok(c),
                _ if value == "\\t" => Ok('\t'),
                _ => Err(LakeError::invalid(
                    key.clone(),
                    format!("{value:?} is not one character"),
                    "write ',' or '\\t'",
                )),
            }
        };
        match name.as_str() {
            "has_header" | "header" => text.header = value.eq_ignore_ascii_case("true"),
            "delimiter" => text.delimiter = one()?,
            "quote" => text.quote = if value.is_empty() { None } else { Some(one()?) },
            "escape" => text.escape = Some(one()?),
            "comment" => text.comment = Some(one()?),
            "compression" => {
                table.properties.insert("compression".to_owned(), value.to_owned());
            }
            _ => {
                let fix = "use has_header, delimiter, quote, escape, comment or compression";
                return Err(LakeError::invalid("OPTIONS", format!("{key:?} is unknown"), fix));
            }
        }
    }
    table.delimited = text;
    Ok(())
}

/// `ALTER TABLE`: columns are added, renamed tables keep their rows.
pub(super) async fn alter(
    scope: &Arc<Scope>,
    state: &SessionState,
    alter: ast::AlterTable,
) -> Result<RecordBatch, LakeError> {
    let parts: Vec<String> = alter.name.0.iter().filter_map(|p| p.as_ident()).map(ident).collect();
    let name = last_part(&alter.name);
    let database = parts.iter().rev().nth(1).cloned().unwrap_or_else(|| scope.database.clone());
    if alter.if_exists && scope.holdings.table(&database, &name).is_none() {
        return Ok(nothing());
    }
    let mut table = (**writable(scope, &database, &name, &Right::ALL)?).clone();
    for operation in &alter.operations {
        match operation {
            AlterTableOperation::AddColumn { if_not_exists, column_def, .. } => {
                let column = ident(&column_def.name);
                if table.schema.column_with_name(&column).is_some() {
                    if *if_not_exists {
                        continue;
                    }
                    return Err(LakeError::Exists { what: "column", name: column });
                }
                if let Some(option) = column_def.options.first() {
                    return Err(LakeError::unsupported(option.option.to_string(), "a new column is null in old rows"));
                }
                let kind = type_of(state, &column_def.data_type).await?;
                let at = table.schema.fields().len() - table.partition_by.len();
                let mut fields: Vec<FieldRef> = table.schema.fields().iter().cloned().collect();
                fields.insert(at, Arc::new(Field::new(column, kind, true)));
                table.schema = Arc::new(Schema::new(fields));
            }
            AlterTableOperation::RenameTable { table_name } => {
                may_create(scope)?;
                if Unseen::is(&table.name) {
                    let fix = "make another one of its rows";
                    return Err(LakeError::unsupported("RENAME of a temporary table", fix));
                }
                let (ast::RenameTableNameKind::To(new) | ast::RenameTableNameKind::As(new)) = table_name;
                table.name = last_part(new);
            }
            AlterTableOperation::SetTblProperties { table_properties } => {
                for option in table_properties {
                    if let ast::SqlOption::KeyValue { key, value } = option {
                        let value = value.to_string().trim_matches('\'').to_owned();
                        table.properties.insert(key.value.clone(), value);
                    }
                }
            }
            other => {
                let fix =
                    "columns can be added and tables renamed; make a new table with CREATE TABLE … AS for the rest";
                return Err(LakeError::unsupported(format!("ALTER TABLE … {other}"), fix));
            }
        }
    }
    scope.engine.catalog.alter_table(scope.session.tenant(), &table).await?;
    Ok(nothing())
}

/// The type behind an SQL type's name, as a query would have it.
pub(super) async fn type_of(state: &SessionState, kind: &ast::DataType) -> Result<DataType, LakeError> {
    let plan = state.create_logical_plan(&format!("SELECT CAST(NULL AS {kind}) AS c")).await?;
    Ok(plan.schema().field(0).data_type().clone())
}

#[cfg(test)]
mod tests {
    use super::query_of_view;

    #[test]
    fn a_views_query_is_found() {
        let of = |text| query_of_view(text);
        assert_eq!(of("CREATE VIEW v AS SELECT 1 AS x"), Some("SELECT 1 AS x"));
        assert_eq!(of("create or replace view \"as if\" (a, b) as\nselect 1, 2"), Some("select 1, 2"));
        assert_eq!(of("CREATE VIEW basis AS (SELECT 1)"), Some("(SELECT 1)"));
        assert_eq!(of("CREATE VIEW v"), None);
    }
}
