//! ALTER TABLE and MSCK.

use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use doorstep_lake::LakeError;
use doorstep_lake::catalog::{TableDef, TableKind, Unseen, partition_spec, partition_values};
use futures::StreamExt as _;

use super::{Answer, Call, create::COMMENT_OF, insert};
use crate::HiveError;
use crate::hiveql::{AlterTable, Change, ColumnSpec, Name, PartitionSpec, hive_type};

/// Properties that are not the user's.
pub(super) const OURS: &str = "hive.";
/// Partitions that MSCK looks at.
const MOST_PARTITIONS: usize = 100_000;

impl Call<'_> {
    pub(super) async fn alter(&self, alter: AlterTable) -> Result<Answer, HiveError> {
        self.may_change("change tables")?;
        let mut table = self.table(&alter.name).await?;
        let (catalog, tenant) = (self.engine.catalog(), self.session.tenant());
        match alter.change {
            Change::AddPartitions { partitions, if_not_exists } => {
                return self.add_partitions(&table, partitions, if_not_exists).await;
            }
            Change::DropPartitions { partitions, if_exists } => {
                return self.drop_partitions(&table, &partitions, if_exists).await;
            }
            Change::RenamePartition { .. } => {
                return Err(HiveError::unsupported(
                    "PARTITION … RENAME TO",
                    "insert the rows into the new partition and drop the old one",
                ));
            }
            Change::Rename(_) if Unseen::is(&table.name) => {
                return Err(HiveError::unsupported("RENAME of a temporary table", "make another one of its rows"));
            }
            Change::Rename(to) => {
                (table.database, table.name) = match to.database {
                    Some(database) => (database, to.name),
                    None => (table.database, to.name),
                };
            }
            Change::AddColumns(columns) => {
                for column in columns {
                    if table.schema.column_with_name(&column.name).is_some() {
                        return Err(LakeError::Exists { what: "column", name: column.name }.into());
                    }
                    let at = table.schema.fields().len() - table.partition_by.len();
                    let mut fields = fields(&table);
                    fields.insert(at, Arc::new(Field::new(&column.name, column.data_type.clone(), true)));
                    table.schema = Arc::new(Schema::new(fields));
                    noted(&mut table, &column);
                }
            }
            Change::ReplaceColumns(columns) => {
                let mut new: Vec<FieldRef> =
                    columns.iter().map(|c| Arc::new(Field::new(&c.name, c.data_type.clone(), true))).collect();
                new.extend(fields(&table).into_iter().filter(|f| table.partition_by.contains(f.name())));
                for field in &new {
                    if let Ok(old) = table.schema.field_with_name(field.name()) {
                        widened(old, field)?;
                    }
                }
                table.schema = Arc::new(Schema::new(new));
                columns.iter().for_each(|column| noted(&mut table, column));
            }
            Change::ChangeColumn { old, new } => self.change_column(&mut table, &old, &new).await?,
            Change::SetProperties(properties) => {
                if let Some(key) = properties.keys().find(|k| k.starts_with(OURS)) {
                    return Err(HiveError::invalid(format!("the property {key} is Doorstep's"), "choose another name"));
                }
                if let Some(comment) = properties.get("comment") {
                    table.comment.clone_from(comment);
                }
                table.properties.extend(properties);
            }
            Change::UnsetProperties(keys) => {
                table.properties.retain(|key, _| key.starts_with(OURS) || !keys.contains(key));
            }
        }
        catalog.alter_table(tenant, &table).await?;
        Ok(Answer::done())
    }

    async fn change_column(&self, table: &mut TableDef, old: &str, new: &ColumnSpec) -> Result<(), HiveError> {
        let Ok(at) = table.schema.index_of(old) else {
            let near = doorstep_lake::catalog::nearest(old, table.schema.fields().iter().map(|f| f.name().as_str()));
            return Err(LakeError::Unknown { what: "column", name: old.to_owned(), near }.into());
        };
        let field = Field::new(&new.name, new.data_type.clone(), true);
        if new.name != old {
            let catalog = self.engine.catalog();
            let filled =
                table.kind == TableKind::External || !catalog.files(self.session.tenant(), &table.id).await?.is_empty();
            if filled {
                return Err(HiveError::unsupported(
                    "renaming a column of a table that has rows",
                    "files know columns by their names: CREATE TABLE … AS SELECT old AS new",
                ));
            }
            if table.schema.column_with_name(&new.name).is_some() {
                return Err(LakeError::Exists { what: "column", name: new.name.clone() }.into());
            }
        } else {
            widened(table.schema.field(at), &field)?;
        }
        let mut fields = fields(table);
        fields[at] = Arc::new(field);
        table.schema = Arc::new(Schema::new(fields));
        for name in &mut table.partition_by {
            if name == old {
                name.clone_from(&new.name);
            }
        }
        for prefix in [COMMENT_OF, insert::TYPE_OF] {
            table.properties.remove(&format!("{prefix}{old}"));
        }
        noted(table, new);
        Ok(())
    }

    async fn add_partitions(
        &self,
        table: &TableDef,
        partitions: Vec<(PartitionSpec, Option<String>)>,
        if_not_exists: bool,
    ) -> Result<Answer, HiveError> {
        if let Some((_, Some(_))) = partitions.iter().find(|(_, location)| location.is_some()) {
            return Err(HiveError::unsupported(
                "LOCATION of a partition",
                "put the files into the folder that the partition's name gives, such as day=2026-01-01",
            ));
        }
        let specs: Vec<String> =
            partitions.iter().map(|(spec, _)| insert::spec_text(table, spec)).collect::<Result<_, _>>()?;
        let there = self.engine.catalog().partitions(table).await?;
        if let Some(spec) = specs.iter().find(|s| there.iter().any(|(t, _)| t == *s)).filter(|_| !if_not_exists) {
            return Err(LakeError::Exists { what: "partition", name: spec.clone() }.into());
        }
        self.engine.catalog().add_partitions(table, specs.into_iter().map(|s| (s, None)).collect()).await?;
        Ok(Answer::done())
    }

    async fn drop_partitions(
        &self,
        table: &TableDef,
        wanted: &[Vec<(String, String, String)>],
        if_exists: bool,
    ) -> Result<Answer, HiveError> {
        for (column, ..) in wanted.iter().flatten() {
            if !table.partition_by.contains(column) {
                let reason = format!("{column} is no partition column of {}", table.name);
                return Err(HiveError::invalid(reason, &format!("they are {}", table.partition_by.join(", "))));
            }
        }
        let catalog = self.engine.catalog();
        let there = catalog.partitions(table).await?;
        let fits = |spec: &str| {
            let values = partition_values(spec);
            wanted.iter().any(|conditions| conditions.iter().all(|condition| holds(table, &values, condition)))
        };
        let gone: Vec<String> = there.into_iter().map(|(spec, _)| spec).filter(|spec| fits(spec)).collect();
        if gone.is_empty() && !if_exists {
            return Err(LakeError::Unknown { what: "partition", name: table.name.clone(), near: None }.into());
        }
        catalog.drop_partitions(table, gone).await?;
        Ok(Answer::done())
    }

    /// Notes the partitions whose folders are there.
    pub(super) async fn repair(&self, name: &Name) -> Result<Answer, HiveError> {
        self.may_change("repair tables")?;
        let table = self.table(name).await?;
        if table.partition_by.is_empty() {
            return Err(HiveError::invalid(format!("{name} has no partitions"), "MSCK is for partitioned tables"));
        }
        if table.kind != TableKind::External {
            // The lake's own tables know their partitions from the files that it wrote.
            return Ok(Answer::done());
        }
        let columns: Vec<String> = table.partition_by.iter().map(|c| format!("`{c}`")).collect();
        let text = format!("select distinct {} from `{}`.`{}`", columns.join(", "), table.database, table.name);
        let state = self.state().await?;
        let plan = self.planned(&state, *crate::hiveql::query(&text)?).await?;
        let mut rows = self.started(plan).await?.rows;
        let mut specs = Vec::new();
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(LakeError::from)?;
            let texts = batch.columns().iter().map(|c| arrow::compute::cast(c, &DataType::Utf8));
            let texts: Vec<_> = texts.collect::<Result<_, _>>().map_err(|e| LakeError::Execution(e.to_string()))?;
            for row in 0..batch.num_rows() {
                let values = table.partition_by.iter().zip(&texts).map(|(name, text)| {
                    let text = text.as_string::<i32>();
                    (name.as_str(), (!arrow::array::Array::is_null(text, row)).then(|| text.value(row)))
                });
                specs.push((partition_spec(values), None));
            }
            if specs.len() > MOST_PARTITIONS {
                return Err(HiveError::TooMany { what: "partitions", most: MOST_PARTITIONS });
            }
        }
        self.engine.catalog().add_partitions(&table, specs).await?;
        Ok(Answer::done())
    }
}

fn fields(table: &TableDef) -> Vec<FieldRef> {
    table.schema.fields().iter().cloned().collect()
}

/// Keeps what Arrow's type does not tell of a column.
fn noted(table: &mut TableDef, column: &ColumnSpec) {
    if let Some(comment) = &column.comment {
        table.properties.insert(format!("{COMMENT_OF}{}", column.name), comment.clone());
    }
    let key = format!("{}{}", insert::TYPE_OF, column.name);
    if column.written == hive_type(&column.data_type) {
        table.properties.remove(&key);
    } else {
        table.properties.insert(key, column.written.clone());
    }
}

/// A column may become wider: what stands in files must still fit.
fn widened(old: &Field, new: &Field) -> Result<(), HiveError> {
    let rank = |t: &DataType| match t {
        DataType::Int8 => Some(1),
        DataType::Int16 => Some(2),
        DataType::Int32 => Some(3),
        DataType::Int64 => Some(4),
        DataType::Float32 => Some(5),
        DataType::Float64 => Some(6),
        _ => None,
    };
    let (from, to) = (old.data_type(), new.data_type());
    let fits = from == to
        || matches!((rank(from), rank(to)), (Some(a), Some(b)) if a <= b)
        || (*to == DataType::Utf8 && (from.is_integer() || *from == DataType::Date32));
    if fits {
        return Ok(());
    }
    Err(HiveError::unsupported(
        &format!("changing {} from {} to {}", old.name(), hive_type(from), hive_type(to)),
        "a column can only become wider: CREATE TABLE … AS SELECT with a cast",
    ))
}

/// Whether a partition's value fits a condition, compared as the column's type is.
fn holds(
    table: &TableDef,
    values: &[(String, Option<String>)],
    (column, how, wanted): &(String, String, String),
) -> bool {
    let Some(Some(value)) = values.iter().find(|(name, _)| name == column).map(|(_, v)| v) else { return false };
    let number = table.schema.field_with_name(column).is_ok_and(|f| f.data_type().is_numeric());
    let order = match (number, value.parse::<f64>(), wanted.parse::<f64>()) {
        (true, Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => value.as_str().cmp(wanted.as_str()),
    };
    match how.as_str() {
        "=" => order.is_eq(),
        "<>" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}
