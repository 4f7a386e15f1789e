//! Values on PostgreSQL's binary wire.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::Value;

/// A value already known to fit the parameter it goes to.
#[derive(Debug)]
pub(super) struct Parameter<'v>(Wire<'v>);

#[derive(Debug)]
enum Wire<'v> {
    Null,
    Bool(bool),
    Int2(i16),
    Int4(i32),
    Int8(i64),
    Float4(f32),
    Float8(f64),
    Text(&'v str),
    Jsonb(&'v str),
    Bytes(&'v [u8]),
    Numeric(i64),
}

impl<'v> Parameter<'v> {
    /// The value as type `ty`, or why that cannot be.
    pub(super) fn new(value: &'v Value, ty: &Type) -> Result<Self, String> {
        let wire = match (value, ty) {
            (Value::Null, _) => Wire::Null,
            (Value::Int(v), &Type::INT8) => Wire::Int8(*v),
            (Value::Int(v), &Type::INT4) => {
                Wire::Int4(i32::try_from(*v).map_err(|_| format!("{v} does not fit INTEGER, use BIGINT"))?)
            }
            (Value::Int(v), &Type::INT2) => {
                Wire::Int2(i16::try_from(*v).map_err(|_| format!("{v} does not fit SMALLINT, use BIGINT"))?)
            }
            (Value::Int(v), &Type::FLOAT8) => Wire::Float8(*v as f64),
            (Value::Int(v), &Type::FLOAT4) => Wire::Float4(*v as f32),
            (Value::Int(v), &Type::NUMERIC) => Wire::Numeric(*v),
            (Value::Int(v @ (0 | 1)), &Type::BOOL) => Wire::Bool(*v == 1),
            (Value::Real(v), &Type::FLOAT8) => Wire::Float8(*v),
            (Value::Real(v), &Type::FLOAT4) => Wire::Float4(*v as f32),
            (
                Value::Text(v),
                &Type::TEXT | &Type::VARCHAR | &Type::BPCHAR | &Type::NAME | &Type::JSON | &Type::UNKNOWN,
            ) => Wire::Text(v),
            (Value::Text(v), &Type::JSONB) => Wire::Jsonb(v),
            (Value::Blob(v), &Type::BYTEA) => Wire::Bytes(v),
            _ => return Err(format!("a {} value was given for type {ty}", value.kind())),
        };
        Ok(Parameter(wire))
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Wire::Null => return Ok(IsNull::Yes),
            Wire::Bool(v) => out.put_u8(u8::from(v)),
            Wire::Int2(v) => out.put_i16(v),
            Wire::Int4(v) => out.put_i32(v),
            Wire::Int8(v) => out.put_i64(v),
            Wire::Float4(v) => out.put_f32(v),
            Wire::Float8(v) => out.put_f64(v),
            Wire::Text(v) => out.put_slice(v.as_bytes()),
            Wire::Jsonb(v) => {
                out.put_u8(1); // the format's version
                out.put_slice(v.as_bytes());
            }
            Wire::Bytes(v) => out.put_slice(v),
            Wire::Numeric(v) => put_numeric(v, out),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true // checked in `new`
    }

    to_sql_checked!();
}

const NUMERIC_BASE: u64 = 10_000;
const NUMERIC_NEGATIVE: u16 = 0x4000;

fn put_numeric(value: i64, out: &mut BytesMut) {
    let mut digits = Vec::new();
    let mut rest = value.unsigned_abs();
    while rest > 0 {
        digits.push((rest % NUMERIC_BASE) as i16);
        rest /= NUMERIC_BASE;
    }
    out.put_i16(digits.len() as i16);
    out.put_i16(digits.len() as i16 - 1);
    out.put_u16(if value < 0 { NUMERIC_NEGATIVE } else { 0 });
    out.put_u16(0);
    for digit in digits.iter().rev() {
        out.put_i16(*digit);
    }
}

/// A value from a row.
pub(super) struct Cell(pub(super) Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *ty {
            Type::BOOL => Value::Int(i64::from(bool::from_sql(ty, raw)?)),
            Type::INT2 => Value::Int(i64::from(i16::from_sql(ty, raw)?)),
            Type::INT4 => Value::Int(i64::from(i32::from_sql(ty, raw)?)),
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::OID => Value::Int(i64::from(u32::from_sql(ty, raw)?)),
            Type::FLOAT4 => Value::Real(f64::from(f32::from_sql(ty, raw)?)),
            Type::FLOAT8 => Value::Real(f64::from_sql(ty, raw)?),
            Type::NUMERIC => numeric(raw).ok_or("a NUMERIC that is neither whole nor finite enough")?,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => {
                Value::Text(std::str::from_utf8(raw)?.to_owned())
            }
            Type::JSONB => Value::Text(std::str::from_utf8(raw.get(1..).unwrap_or_default())?.to_owned()),
            Type::BYTEA => Value::Blob(raw.to_vec()),
            Type::VOID => Value::Null,
            _ => return Err(format!("type {ty} is not shared by both backends, cast it").into()),
        };
        Ok(Cell(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Cell(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true // `from_sql` names the column's type when it cannot
    }
}

/// `SUM(BIGINT)` and `AVG` answer NUMERIC: whole ones become `Int`, others `Real`, as on SQLite.
fn numeric(raw: &[u8]) -> Option<Value> {
    let word = |at: usize| Some(u16::from_be_bytes(raw.get(2 * at..2 * at + 2)?.try_into().ok()?));
    let count = usize::from(word(0)?);
    let weight = i32::from(word(1)? as i16);
    let negative = match word(2)? {
        0 => false,
        NUMERIC_NEGATIVE => true,
        _ => return None, // NaN and the infinities
    };
    let scale = word(3)?;
    let mut whole = Some(0_i128);
    let mut real = 0.0_f64;
    for at in 0..count {
        let digit = word(4 + at)?;
        let power = weight - at as i32;
        real += f64::from(digit) * (NUMERIC_BASE as f64).powi(power);
        whole = u32::try_from(power)
            .ok()
            .and_then(|p| i128::from(NUMERIC_BASE).checked_pow(p))
            .and_then(|unit| unit.checked_mul(i128::from(digit)))
            .and_then(|part| whole?.checked_add(part));
    }
    let sign = if negative { -1 } else { 1 };
    if scale == 0 {
        return i64::try_from(whole? * sign).ok().map(Value::Int);
    }
    Some(Value::Real(real * sign as f64))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whole_numerics_come_back(v in any::<i64>()) {
            let mut out = BytesMut::new();
            put_numeric(v, &mut out);
            prop_assert_eq!(numeric(&out), Some(Value::Int(v)));
        }

        #[test]
        fn any_bytes_are_survived(raw in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = numeric(&raw);
        }
    }

    #[test]
    fn fractions_become_real() {
        // 12.5 = digits [12, 5000], weight 0, scale 1
        let raw = [0, 2, 0, 0, 0, 0, 0, 1, 0, 12, 0x13, 0x88];
        assert_eq!(numeric(&raw), Some(Value::Real(12.5)));
    }

    #[test]
    fn misfits_are_named() {
        let error = Parameter::new(&Value::Real(1.5), &Type::INT8).unwrap_err();
        assert!(error.contains("real") && error.contains("int8"), "{error}");
    }
}
