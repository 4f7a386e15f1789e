//! INSERT: rows into a table's columns and partitions, as Hive casts them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::TableReference;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{
    DmlStatement, Expr, ExprSchemable as _, LogicalPlan, LogicalPlanBuilder, WriteOp, lit, try_cast,
};
use doorstep_lake::catalog::{TableDef, TableKind, partition_spec};

use super::{Answer, Call};
use crate::HiveError;
use crate::hiveql::{Insert, PartitionSpec};

/// Where a table's column keeps its type as Hive wrote it, when Arrow's says less.
pub(super) const TYPE_OF: &str = "hive.type.";

impl Call<'_> {
    /// Plans all parts first, so that each sees the tables as they were.
    pub(super) async fn insert(&self, inserts: Vec<Insert>) -> Result<Answer, HiveError> {
        let state = self.state().await?;
        let mut parts = Vec::with_capacity(inserts.len());
        for insert in inserts {
            let table = self.table(&insert.table).await?;
            if insert.if_not_exists && self.partition_is_there(&table, &insert.partition).await? {
                continue;
            }
            let source = self.planned(&state, (*insert.source).clone()).await?;
            let rows = conformed(&state, &table, &insert, source, From::Query)?;
            let op = if insert.overwrite { InsertOp::Overwrite } else { InsertOp::Append };
            parts.push((self.dml(&state, &table, op, rows).await?, table, insert));
        }
        let mut written = 0;
        let mut query = None;
        for (plan, table, insert) in parts {
            let outcome = self.started(plan).await?;
            query = Some(Arc::clone(&outcome.query));
            let rows = count(&outcome.collect(1).await?.batches);
            if insert.overwrite && rows == 0 {
                self.emptied(&table, &insert.partition).await?;
            }
            written += rows;
        }
        Ok(Answer { written: Some(written), query, ..Answer::done() })
    }

    /// The plan that writes rows, in exactly the table's columns, into it.
    pub(super) async fn dml(
        &self,
        state: &SessionState,
        table: &TableDef,
        op: InsertOp,
        rows: LogicalPlan,
    ) -> Result<LogicalPlan, HiveError> {
        let name = TableReference::partial(table.database.as_str(), table.name.as_str());
        let provider = state.schema_for_ref(name.clone())?.table(&table.name).await?;
        let provider = provider.ok_or_else(|| {
            HiveError::invalid(format!("the table {} went away meanwhile", table.name), "look at SHOW TABLES")
        })?;
        let target = provider_as_source(provider);
        Ok(LogicalPlan::Dml(DmlStatement::new(name, target, WriteOp::Insert(op), Arc::new(rows))))
    }

    async fn partition_is_there(&self, table: &TableDef, spec: &PartitionSpec) -> Result<bool, HiveError> {
        let wanted = spec_text(table, spec)?;
        let there = self.engine.catalog().partitions(table).await?;
        Ok(there.iter().any(|(spec, _)| *spec == wanted))
    }

    /// OVERWRITE of one partition by no rows leaves it empty.
    async fn emptied(&self, table: &TableDef, spec: &PartitionSpec) -> Result<(), HiveError> {
        if table.partition_by.is_empty() || table.kind != TableKind::Managed || spec.iter().any(|(_, v)| v.is_none()) {
            return Ok(());
        }
        let catalog = self.engine.catalog();
        let commit =
            doorstep_lake::catalog::Commit { replace_specs: vec![spec_text(table, spec)?], ..Default::default() };
        Ok(catalog.commit(self.session.tenant(), table, commit).await?)
    }
}

/// The folder name of a partition all of whose values are written.
pub(super) fn spec_text(table: &TableDef, spec: &PartitionSpec) -> Result<String, HiveError> {
    let known = |column: &String| table.partition_by.contains(column);
    if let Some((column, _)) = spec.iter().find(|(c, _)| !known(c)) {
        return Err(HiveError::invalid(
            format!("{column} is no partition column of {}", table.name),
            &partition_columns(table),
        ));
    }
    let values = table.partition_by.iter().map(|column| {
        let value = spec.iter().find(|(c, _)| c == column).and_then(|(_, v)| v.as_deref());
        value.map(|v| (column.as_str(), Some(v)))
    });
    let values: Option<Vec<_>> = values.collect();
    let Some(values) = values else {
        return Err(HiveError::invalid(
            format!("not every partition column of {} has a value", table.name),
            &partition_columns(table),
        ));
    };
    Ok(partition_spec(values))
}

fn partition_columns(table: &TableDef) -> String {
    if table.partition_by.is_empty() {
        "it has no partitions".to_owned()
    } else {
        format!("they are {}", table.partition_by.join(", "))
    }
}

/// What an insert's rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// A query: what does not fit is null, as with any cast.
    Query,
    /// A file of texts: what does not fit is counted.
    Texts,
}

/// The source's columns brought into the table's, in the table's order and types.
pub(super) fn conformed(
    state: &SessionState,
    table: &TableDef,
    insert: &Insert,
    source: LogicalPlan,
    from: From,
) -> Result<LogicalPlan, HiveError> {
    let schema = source.schema().clone();
    let given = schema.columns();
    let name = &table.name;
    for (column, _) in &insert.partition {
        if !table.partition_by.contains(column) {
            return Err(HiveError::invalid(
                format!("{column} is no partition column of {name}"),
                &partition_columns(table),
            ));
        }
    }
    let fixed = |column: &str| insert.partition.iter().find(|(c, _)| c == column).and_then(|(_, v)| v.clone());
    let filled: Vec<String> = if insert.columns.is_empty() {
        let all = table.schema.fields().iter().map(|f| f.name().clone());
        all.filter(|c| fixed(c).is_none()).collect()
    } else {
        let known = |c: &&String| table.schema.column_with_name(c).is_none();
        if let Some(unknown) = insert.columns.iter().find(known) {
            let near =
                doorstep_lake::catalog::nearest(unknown, table.schema.fields().iter().map(|f| f.name().as_str()));
            return Err(doorstep_lake::LakeError::Unknown { what: "column", name: unknown.clone(), near }.into());
        }
        let behind = table.partition_by.iter().filter(|c| fixed(c).is_none() && !insert.columns.contains(c));
        insert.columns.iter().chain(behind).cloned().collect()
    };
    if filled.len() != given.len() {
        return Err(HiveError::invalid(
            format!("the query has {} columns, and {name} takes {}", given.len(), filled.len()),
            &format!("select {}", filled.join(", ")),
        ));
    }
    let columns = table.schema.fields().iter().map(|field| {
        let value = match (fixed(field.name()), filled.iter().position(|c| c == field.name())) {
            (Some(value), _) => lit(value),
            (None, Some(at)) => Expr::Column(given[at].clone()),
            (None, None) => return Ok(typed_null(field).alias(field.name())),
        };
        let written = table.properties.get(&format!("{TYPE_OF}{}", field.name()));
        let cast = cast(state, value.clone(), field, written.map(String::as_str), &schema)?;
        let counts = from == From::Texts && cast != value && matches!(value, Expr::Column(_));
        let cast = if counts { doorstep_lake::fitted(value, cast, field.name()) } else { cast };
        Ok(cast.alias(field.name()))
    });
    let columns: Vec<Expr> = columns.collect::<Result<_, HiveError>>()?;
    Ok(LogicalPlanBuilder::from(source).project(columns)?.build()?)
}

fn typed_null(field: &Field) -> Expr {
    match datafusion::common::ScalarValue::try_from(field.data_type()) {
        Ok(null) => Expr::Literal(null, None),
        Err(_) => lit(datafusion::common::ScalarValue::Null),
    }
}

/// A value brought into a column's type as Hive does it.
pub(super) fn cast(
    state: &SessionState,
    value: Expr,
    field: &Field,
    written: Option<&str>,
    schema: &datafusion::common::DFSchema,
) -> Result<Expr, HiveError> {
    if let Some((name, length)) = written.and_then(|w| w.strip_suffix(')')?.split_once('('))
        && let (Ok(length), Some(function)) =
            (length.parse::<i64>(), state.scalar_functions().get(&format!("hive_{name}")))
    {
        return Ok(function.call(vec![value, lit(length)]));
    }
    if value.get_type(schema)? == *field.data_type() {
        return Ok(value);
    }
    let name = match field.data_type() {
        DataType::Boolean => "boolean",
        DataType::Int8 => "tinyint",
        DataType::Int16 => "smallint",
        DataType::Int32 => "int",
        DataType::Int64 => "bigint",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Utf8 | DataType::Utf8View => "string",
        DataType::Binary => "binary",
        DataType::Date32 => "date",
        DataType::Timestamp(..) => "timestamp",
        DataType::Decimal128(..) => "decimal",
        other => return Ok(try_cast(value, other.clone())),
    };
    let Some(function) = state.scalar_functions().get(&format!("hive_{name}")) else {
        return Ok(try_cast(value, field.data_type().clone()));
    };
    let mut args = vec![value];
    if let DataType::Decimal128(precision, scale) = field.data_type() {
        args.extend([lit(i64::from(*precision)), lit(i64::from(*scale))]);
    }
    let made = function.call(args);
    // A table made elsewhere may keep its texts or times in another form of the same.
    let same = made.get_type(schema)? == *field.data_type();
    Ok(if same { made } else { try_cast(made, field.data_type().clone()) })
}

/// The number that a statement which wrote rows answers.
pub(super) fn count(batches: &[arrow::array::RecordBatch]) -> u64 {
    use arrow::array::AsArray as _;
    let first = batches.first().filter(|b| b.num_rows() > 0 && b.num_columns() > 0);
    first.and_then(|b| b.column(0).as_primitive_opt::<arrow::datatypes::UInt64Type>().map(|c| c.value(0))).unwrap_or(0)
}
