//! Records as rows. A value that does not fit its column becomes null and is counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use doorstep_clock::Timestamp;
use doorstep_identity::MAIN_TENANT;
use doorstep_journal::Record;
use doorstep_journal::table::{ColumnKind, ColumnSpec, Source, TableSpec};
use serde_json::Value;

use super::pick::{Leaf, Wanted};
use crate::LakeError;

/// The column that every built-in table has first.
const TENANT: &str = "tenant";
/// The zone of all moments.
const UTC: &str = "+00:00";

/// The columns of a table.
pub(super) fn schema(spec: &TableSpec) -> Result<SchemaRef, LakeError> {
    let bad = |reason: String| LakeError::invalid(spec.name, reason, "correct the table's description");
    if !spec.columns.iter().any(|c| c.name == spec.time && c.kind == ColumnKind::Time) {
        return Err(bad(format!("{:?} is no column of time", spec.time)));
    }
    let mut fields = vec![Field::new(TENANT, DataType::Utf8, false)];
    for column in spec.columns {
        if fields.iter().any(|f| f.name() == column.name) {
            return Err(bad(format!("the column {:?} stands there twice", column.name)));
        }
        let kind = match column.kind {
            ColumnKind::Text | ColumnKind::Json => DataType::Utf8,
            ColumnKind::Int => DataType::Int64,
            ColumnKind::Real => DataType::Float64,
            ColumnKind::Flag => DataType::Boolean,
            ColumnKind::Time => DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into())),
        };
        fields.push(Field::new(column.name, kind, true));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// What became of some records.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    /// Rows by tenant.
    pub(crate) batches: Vec<(String, RecordBatch)>,
    /// Records whose payload is no JSON.
    pub(crate) unreadable: u64,
    /// Values that became null.
    pub(crate) misfits: u64,
}

/// Turns the records of a stream into rows.
pub(crate) fn decode(
    spec: &TableSpec,
    schema: &SchemaRef,
    stream: &str,
    records: &[Record],
) -> Result<Decoded, LakeError> {
    let mut out = Decoded::default();
    let mut by_tenant: BTreeMap<String, Rows<'_>> = BTreeMap::new();
    let tail = stream.strip_prefix(spec.streams).unwrap_or(stream);
    let (wanted, tenant_at) = wanted(spec);
    let mut values = vec![Leaf::Null; tenant_at + 1];
    for record in records {
        if !spec.kinds.is_empty() && !spec.kinds.contains(&record.kind.as_str()) {
            continue;
        }
        if wanted.pick(&record.payload, &mut values).is_none() {
            out.unreadable += 1;
            continue;
        }
        let (values, tenant) = values.split_at(tenant_at);
        // Events of the time when there was one tenant do not name it.
        let tenant = match tenant {
            [Leaf::Text(tenant)] => tenant.as_ref(),
            _ => MAIN_TENANT,
        };
        if !by_tenant.contains_key(tenant) {
            by_tenant.insert(tenant.to_owned(), Rows::new(spec));
        }
        if let Some(rows) = by_tenant.get_mut(tenant) {
            out.misfits += rows.add(record, tail, values);
        }
    }
    for (tenant, rows) in by_tenant {
        let batch = rows.finish(&tenant, schema)?;
        out.batches.push((tenant, batch));
    }
    Ok(out)
}

/// Where the values of a table's columns stand in a payload, a place for each column, and the tenant's behind them.
fn wanted(spec: &TableSpec) -> (Wanted, usize) {
    let mut wanted = Wanted::default();
    for (slot, column) in spec.columns.iter().enumerate() {
        if let Source::Payload(pointer) = column.from {
            wanted.add(pointer, slot, column.kind == ColumnKind::Json);
        }
    }
    wanted.add(&format!("/{TENANT}"), spec.columns.len(), false);
    (wanted, spec.columns.len())
}

enum Builder {
    Text(StringBuilder),
    Json(StringBuilder),
    Int(Int64Builder),
    Real(Float64Builder),
    Flag(BooleanBuilder),
    Time(TimestampMillisecondBuilder),
}

/// Rows of one tenant under way.
struct Rows<'a> {
    columns: Vec<(&'a ColumnSpec, Builder)>,
    rows: usize,
}

impl<'a> Rows<'a> {
    fn new(spec: &'a TableSpec) -> Self {
        let builder = |column: &ColumnSpec| match column.kind {
            ColumnKind::Text => Builder::Text(StringBuilder::new()),
            ColumnKind::Json => Builder::Json(StringBuilder::new()),
            ColumnKind::Int => Builder::Int(Int64Builder::new()),
            ColumnKind::Real => Builder::Real(Float64Builder::new()),
            ColumnKind::Flag => Builder::Flag(BooleanBuilder::new()),
            ColumnKind::Time => Builder::Time(TimestampMillisecondBuilder::new()),
        };
        Self { columns: spec.columns.iter().map(|c| (c, builder(c))).collect(), rows: 0 }
    }

    /// Adds a row; returns how many of its values did not fit.
    fn add(&mut self, record: &Record, tail: &str, values: &[Leaf<'_>]) -> u64 {
        self.rows += 1;
        let mut misfits = 0;
        for ((column, builder), value) in self.columns.iter_mut().zip(values) {
            let fits = match column.from {
                Source::Payload(_) => builder.leaf(value),
                Source::Seq => builder.int(i64::try_from(record.seq).unwrap_or(i64::MAX)),
                Source::At => builder.int(record.at.millis()),
                Source::Kind => builder.text(&record.kind),
                Source::Key => builder.text(&record.key),
                Source::Stream => builder.text(tail),
            };
            misfits += u64::from(!fits);
        }
        misfits
    }

    fn finish(self, tenant: &str, schema: &SchemaRef) -> Result<RecordBatch, LakeError> {
        let mut tenants = StringBuilder::with_capacity(self.rows, self.rows * tenant.len());
        for _ in 0..self.rows {
            tenants.append_value(tenant);
        }
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(tenants.finish())];
        arrays.extend(self.columns.into_iter().map(|(_, builder)| builder.finish()));
        RecordBatch::try_new(Arc::clone(schema), arrays).map_err(|e| LakeError::Execution(e.to_string()))
    }
}

impl Builder {
    fn null(&mut self) {
        match self {
            Self::Text(b) | Self::Json(b) => b.append_null(),
            Self::Int(b) => b.append_null(),
            Self::Real(b) => b.append_null(),
            Self::Flag(b) => b.append_null(),
            Self::Time(b) => b.append_null(),
        }
    }

    fn text(&mut self, text: &str) -> bool {
        match self {
            Self::Text(b) => b.append_value(text),
            Self::Json(b) => b.append_value(Value::from(text).to_string()),
            Self::Time(b) => match Timestamp::parse(text) {
                Ok(at) => b.append_value(at.millis()),
                Err(_) => return self.misfit(),
            },
            _ => return self.misfit(),
        }
        true
    }

    fn int(&mut self, n: i64) -> bool {
        match self {
            Self::Int(b) => b.append_value(n),
            Self::Time(b) => b.append_value(n),
            Self::Real(b) => b.append_value(n as f64),
            Self::Json(b) => b.append_value(n.to_string()),
            _ => return self.misfit(),
        }
        true
    }

    fn leaf(&mut self, value: &Leaf<'_>) -> bool {
        match (&mut *self, value) {
            (builder, Leaf::Null) => builder.null(),
            (builder, Leaf::Text(text)) => return builder.text(text),
            (builder, Leaf::Int(n)) => return builder.int(*n),
            (Self::Flag(b), Leaf::Flag(flag)) => b.append_value(*flag),
            (Self::Real(b), Leaf::Real(real)) => b.append_value(*real),
            (Self::Json(b), Leaf::Tree(value)) => b.append_value(value.to_string()),
            // One place may be wanted as text and as JSON.
            (builder, Leaf::Tree(value)) => {
                let plain = match value {
                    Value::String(text) => Leaf::Text(text.as_str().into()),
                    Value::Bool(flag) => Leaf::Flag(*flag),
                    Value::Number(n) => match (n.as_i64(), n.as_f64()) {
                        (Some(whole), _) => Leaf::Int(whole),
                        (None, Some(real)) => Leaf::Real(real),
                        _ => return builder.misfit(),
                    },
                    _ => return builder.misfit(),
                };
                return builder.leaf(&plain);
            }
            (builder, _) => return builder.misfit(),
        }
        true
    }

    fn misfit(&mut self) -> bool {
        self.null();
        false
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut b) | Self::Json(mut b) => Arc::new(b.finish()),
            Self::Int(mut b) => Arc::new(b.finish()),
            Self::Real(mut b) => Arc::new(b.finish()),
            Self::Flag(mut b) => Arc::new(b.finish()),
            Self::Time(mut b) => Arc::new(b.finish().with_timezone(UTC)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::util::pretty::pretty_format_batches;
    use doorstep_journal::table::column;

    use super::*;

    const SPEC: TableSpec = TableSpec {
        name: "things",
        about: "A thing.",
        streams: "things.",
        kinds: &["seen"],
        columns: &[
            ColumnSpec { name: "city", kind: ColumnKind::Text, from: Source::Stream, about: "" },
            ColumnSpec { name: "at", kind: ColumnKind::Time, from: Source::At, about: "" },
            column("n", ColumnKind::Int, "/n", ""),
            column("deep", ColumnKind::Real, "/a/b", ""),
            column("rest", ColumnKind::Json, "/a", ""),
        ],
        time: "at",
        keep_days: None,
        clock: None,
    };

    fn record(seq: u64, kind: &str, payload: &str) -> Record {
        let payload = payload.as_bytes().to_vec().into();
        Record { seq, kind: kind.into(), key: "k".into(), at: Timestamp(0), payload }
    }

    #[test]
    fn records_become_rows_by_tenant_and_nothing_stops_them() {
        let schema = schema(&SPEC).unwrap();
        let records = [
            record(1, "seen", r#"{"n":1,"a":{"b":2}}"#),
            record(2, "other", "{}"),
            record(3, "seen", "no json"),
            record(4, "seen", r#"{"tenant":"night-cabs","n":"many","a":null}"#),
        ];
        let decoded = decode(&SPEC, &schema, "things.porto", &records).unwrap();
        assert_eq!((decoded.unreadable, decoded.misfits), (1, 1));
        let tenants: Vec<&str> = decoded.batches.iter().map(|(t, _)| t.as_str()).collect();
        assert_eq!(tenants, ["main", "night-cabs"]);
        let text = pretty_format_batches(&[decoded.batches[0].1.clone()]).unwrap().to_string();
        assert!(text.contains("| main   | porto | 1970-01-01T00:00:00Z | 1 | 2.0  | {\"b\":2} |"), "{text}");
    }

    proptest::proptest! {
        #[test]
        fn no_payload_is_too_odd(payload in "[{}\\[\\]\":a-c0-9.,ntruefals-]{0,60}") {
            let schema = schema(&SPEC).unwrap();
            let decoded = decode(&SPEC, &schema, "things.x", &[record(1, "seen", &payload)]).unwrap();
            let rows: usize = decoded.batches.iter().map(|(_, b)| b.num_rows()).sum();
            proptest::prop_assert_eq!(rows as u64 + decoded.unreadable, 1);
        }
    }
}
