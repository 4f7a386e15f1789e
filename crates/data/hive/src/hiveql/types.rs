//! Hive's types as they are written, and Arrow's.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use datafusion::sql::sqlparser::{parser::Parser, tokenizer::Token};

use super::parse;
use crate::HiveError;

/// Types inside each other.
const MAX_DEPTH: usize = 16;

/// Reads a type: its Arrow form, and as Hive writes it.
pub(super) fn data_type(parser: &mut Parser) -> Result<(DataType, String), HiveError> {
    nested(parser, 0)
}

fn nested(parser: &mut Parser, depth: usize) -> Result<(DataType, String), HiveError> {
    let next = parser.peek_token();
    let Token::Word(word) = &next.token else {
        return Err(HiveError::syntax(format!("expected a type, found `{}`", next.token), next.span));
    };
    if depth > MAX_DEPTH {
        return Err(HiveError::syntax(format!("more than {MAX_DEPTH} types inside each other"), next.span));
    }
    parser.next_token();
    let word = word.value.to_lowercase();
    let simple = |data_type: DataType| Ok((data_type, word.clone()));
    match word.as_str() {
        "boolean" => simple(DataType::Boolean),
        "tinyint" | "byte" => Ok((DataType::Int8, "tinyint".to_owned())),
        "smallint" | "short" => Ok((DataType::Int16, "smallint".to_owned())),
        "int" | "integer" => Ok((DataType::Int32, "int".to_owned())),
        "bigint" | "long" => Ok((DataType::Int64, "bigint".to_owned())),
        "float" | "real" => Ok((DataType::Float32, "float".to_owned())),
        "double" => {
            let _ = parse::eat(parser, "precision");
            simple(DataType::Float64)
        }
        "string" => simple(DataType::Utf8),
        "binary" => simple(DataType::Binary),
        "date" => simple(DataType::Date32),
        "timestamp" => simple(DataType::Timestamp(TimeUnit::Microsecond, None)),
        "varchar" | "char" => {
            let Some((length, None)) = numbers(parser)? else {
                return Err(HiveError::syntax(format!("{word} wants a length, as in {word}(20)"), next.span));
            };
            Ok((DataType::Utf8, format!("{word}({length})")))
        }
        "decimal" | "dec" | "numeric" => {
            let (precision, scale) = numbers(parser)?.map_or((10, 0), |(p, s)| (p, s.unwrap_or(0)));
            let good = (1..=38).contains(&precision) && scale <= precision;
            match (u8::try_from(precision), i8::try_from(scale)) {
                (Ok(p), Ok(s)) if good => Ok((DataType::Decimal128(p, s), format!("decimal({p},{s})"))),
                _ => Err(HiveError::syntax(
                    "decimal takes 1 to 38 digits, and no more behind the point".to_owned(),
                    next.span,
                )),
            }
        }
        "array" => {
            parser.expect_token(&Token::Lt)?;
            let (of, written) = nested(parser, depth + 1)?;
            parser.expect_token(&Token::Gt)?;
            Ok((DataType::new_list(of, true), format!("array<{written}>")))
        }
        "map" => {
            parser.expect_token(&Token::Lt)?;
            let (key, key_written) = nested(parser, depth + 1)?;
            parser.expect_token(&Token::Comma)?;
            let (value, value_written) = nested(parser, depth + 1)?;
            parser.expect_token(&Token::Gt)?;
            Ok((map_of(key, value), format!("map<{key_written},{value_written}>")))
        }
        "struct" => {
            parser.expect_token(&Token::Lt)?;
            let (mut fields, mut written) = (Vec::new(), Vec::new());
            loop {
                let name = parse::word(parser)?;
                parser.expect_token(&Token::Colon)?;
                let (of, text) = nested(parser, depth + 1)?;
                if parse::eat(parser, "comment") {
                    parse::text(parser)?;
                }
                written.push(format!("{name}:{text}"));
                fields.push(Field::new(name, of, true));
                if !parser.consume_token(&Token::Comma) {
                    break;
                }
            }
            parser.expect_token(&Token::Gt)?;
            Ok((DataType::Struct(Fields::from(fields)), format!("struct<{}>", written.join(","))))
        }
        "uniontype" | "interval" => Err(HiveError::unsupported(
            &format!("the type {word}"),
            "use a struct, or a number with a unit in its name",
        )),
        _ => Err(HiveError::syntax(format!("there is no type `{word}`"), next.span)),
    }
}

/// `(n)` or `(n, m)`.
fn numbers(parser: &mut Parser) -> Result<Option<(u64, Option<u64>)>, HiveError> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(None);
    }
    let first = parser.parse_literal_uint()?;
    let second = if parser.consume_token(&Token::Comma) { Some(parser.parse_literal_uint()?) } else { None };
    parser.expect_token(&Token::RParen)?;
    Ok(Some((first, second)))
}

/// A map as DataFusion makes them.
fn map_of(key: DataType, value: DataType) -> DataType {
    let entry = Fields::from(vec![Field::new("key", key, false), Field::new("value", value, true)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entry), false)), false)
}

/// The Arrow type of a type as Hive writes it.
///
/// # Errors
/// [`HiveError::Syntax`] for what is no type.
pub fn arrow_type(written: &str) -> Result<DataType, HiveError> {
    let tokens = super::tokens::tokens(written)?;
    parse::whole(tokens, |parser| Ok(data_type(parser)?.0))
}

/// A type as Hive writes it.
#[must_use]
pub fn hive_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "void".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 | DataType::UInt8 => "smallint".to_owned(),
        DataType::Int32 | DataType::UInt16 => "int".to_owned(),
        DataType::Int64 | DataType::UInt32 => "bigint".to_owned(),
        DataType::UInt64 => "decimal(20,0)".to_owned(),
        DataType::Float16 | DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => format!("decimal({},{})", (*p).min(38), (*s).max(0)),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary".to_owned()
        }
        DataType::List(of) | DataType::LargeList(of) | DataType::FixedSizeList(of, _) | DataType::ListView(of) => {
            format!("array<{}>", hive_type(of.data_type()))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                format!("map<{},{}>", hive_type(fields[0].data_type()), hive_type(fields[1].data_type()))
            }
            _ => "map<string,string>".to_owned(),
        },
        DataType::Struct(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|f| format!("{}:{}", f.name(), hive_type(f.data_type()))).collect();
            format!("struct<{}>", fields.join(","))
        }
        DataType::Dictionary(_, value) => hive_type(value),
        DataType::RunEndEncoded(_, values) => hive_type(values.data_type()),
        _ => "string".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn types_survive_being_written() {
        for written in [
            "boolean",
            "tinyint",
            "int",
            "bigint",
            "double",
            "string",
            "decimal(10,2)",
            "date",
            "timestamp",
            "binary",
            "array<array<int>>",
            "map<string,array<double>>",
            "struct<a:int,b:struct<c:map<int,string>>>",
        ] {
            assert_eq!(hive_type(&arrow_type(written).unwrap()), written);
        }
        assert_eq!(arrow_type("varchar(5)").unwrap(), DataType::Utf8);
        for bad in
            ["blob", "decimal(39)", "decimal(3,4)", "varchar", "array<", "map<int>", "struct<a>", "uniontype<int>"]
        {
            assert!(arrow_type(bad).is_err(), "{bad}");
        }
        assert!(arrow_type(&"array<".repeat(40)).is_err());
    }
}
