//! Texts: parts, places, padding, joining.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::kernel::{Body, Kernel, Row, Want, made};
use super::texts::to_text;

/// Longest text that a function makes, characters: repeating and padding must end somewhere.
pub(super) const MOST: i64 = 16 << 20;

const KERNELS: &[Kernel] = &[
    Kernel {
        name: "hive_substr",
        wants: &[Want::Text, Want::Int, Want::Int],
        count: (2, 3),
        strict: true,
        body: Body::Text(substr),
    },
    Kernel {
        name: "hive_instr",
        wants: &[Want::Text, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Int(|r| place(r.text(0)?, r.text(1)?, 1)),
    },
    Kernel {
        name: "hive_locate",
        wants: &[Want::Text, Want::Text, Want::Int],
        count: (2, 3),
        strict: true,
        body: Body::Int(|r| place(r.text(1)?, r.text(0)?, r.int(2).unwrap_or(1))),
    },
    Kernel {
        name: "hive_lpad",
        wants: &[Want::Text, Want::Int, Want::Text],
        count: (2, 3),
        strict: true,
        body: Body::Text(|r| pad(r, true)),
    },
    Kernel {
        name: "hive_rpad",
        wants: &[Want::Text, Want::Int, Want::Text],
        count: (2, 3),
        strict: true,
        body: Body::Text(|r| pad(r, false)),
    },
    Kernel {
        name: "hive_space",
        wants: &[Want::Int],
        count: (1, 1),
        strict: true,
        body: Body::Text(|r| Some(" ".repeat(usize::try_from(r.int(0)?.clamp(0, MOST)).ok()?))),
    },
    Kernel {
        name: "hive_find_in_set",
        wants: &[Want::Text, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Int(find_in_set),
    },
    Kernel { name: "hive_field", wants: &[Want::Text], count: (2, 1_000), strict: false, body: Body::Int(field) },
    Kernel {
        name: "hive_substring_index",
        wants: &[Want::Text, Want::Text, Want::Int],
        count: (3, 3),
        strict: true,
        body: Body::Text(substring_index),
    },
    Kernel { name: "hive_initcap", wants: &[Want::Text], count: (1, 1), strict: true, body: Body::Text(initcap) },
    Kernel {
        name: "hive_length",
        wants: &[Want::Text],
        count: (1, 1),
        strict: true,
        body: Body::Int(|r| i32::try_from(r.text(0)?.chars().count()).ok()),
    },
    Kernel {
        name: "hive_octet_length",
        wants: &[Want::Bytes],
        count: (1, 1),
        strict: true,
        body: Body::Int(|r| i32::try_from(r.bytes(0)?.len()).ok()),
    },
    Kernel {
        name: "hive_decode",
        wants: &[Want::Bytes, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Text(decode),
    },
    Kernel {
        name: "hive_encode",
        wants: &[Want::Text, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Bytes(encode),
    },
    Kernel {
        name: "hive_quote",
        wants: &[Want::Text],
        count: (1, 1),
        strict: true,
        body: Body::Text(|r| Some(format!("'{}'", r.text(0)?.replace('\'', "\\'")))),
    },
];

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let mut all = made(KERNELS);
    for ws in [false, true] {
        let signature = Signature::variadic_any(Volatility::Immutable);
        all.push(Arc::new(ScalarUDF::from(Concat { ws, signature })));
    }
    all
}

/// A part from a place counted from 1, or from the end when it is negative; 0 means 1.
fn substr(row: &Row<'_>) -> Option<String> {
    let text = row.text(0)?;
    let length = i64::try_from(text.chars().count()).ok()?;
    let from = row.int(1)?;
    let start = match from {
        1.. => from - 1,
        0 => 0,
        _ => length.saturating_add(from),
    };
    let wanted = if row.count() == 3 { row.int(2)?.max(0) } else { i64::MAX };
    let end = start.saturating_add(wanted).min(length);
    let start = start.clamp(0, length);
    let take = usize::try_from((end - start).max(0)).ok()?;
    Some(text.chars().skip(usize::try_from(start).ok()?).take(take).collect())
}

fn place(text: &str, part: &str, from: i64) -> Option<i32> {
    let Some(skip) = usize::try_from(from - 1).ok() else { return Some(0) };
    let rest = match text.char_indices().nth(skip) {
        Some((at, _)) => &text[at..],
        None if skip == text.chars().count() => "",
        None => return Some(0),
    };
    let Some(at) = rest.find(part) else { return Some(0) };
    i32::try_from(skip + rest[..at].chars().count() + 1).ok()
}

fn pad(row: &Row<'_>, left: bool) -> Option<String> {
    let text = row.text(0)?;
    let width = usize::try_from(row.int(1)?.clamp(0, MOST)).ok()?;
    let with = if row.count() == 3 { row.text(2)? } else { " " };
    let length = text.chars().count();
    if length >= width || with.is_empty() {
        return Some(text.chars().take(width).collect());
    }
    let fill: String = with.chars().cycle().take(width - length).collect();
    Some(if left { fill + text } else { text.to_owned() + &fill })
}

fn find_in_set(row: &Row<'_>) -> Option<i32> {
    let (wanted, list) = (row.text(0)?, row.text(1)?);
    if wanted.contains(',') {
        return Some(0);
    }
    Some(list.split(',').position(|item| item == wanted).and_then(|at| i32::try_from(at + 1).ok()).unwrap_or(0))
}

fn field(row: &Row<'_>) -> Option<i32> {
    let Some(wanted) = row.text(0) else { return Some(0) };
    let at = (1..row.count()).find(|n| row.text(*n) == Some(wanted));
    i32::try_from(at.unwrap_or(0)).ok()
}

fn substring_index(row: &Row<'_>) -> Option<String> {
    let (text, delimiter, count) = (row.text(0)?, row.text(1)?, row.int(2)?);
    if delimiter.is_empty() || count == 0 {
        return Some(String::new());
    }
    let nth = usize::try_from(count.unsigned_abs()).ok()? - 1;
    let cut = if count > 0 { text.match_indices(delimiter).nth(nth) } else { text.rmatch_indices(delimiter).nth(nth) };
    Some(match cut {
        Some((at, _)) if count > 0 => text[..at].to_owned(),
        Some((at, _)) => text[at + delimiter.len()..].to_owned(),
        None => text.to_owned(),
    })
}

fn initcap(row: &Row<'_>) -> Option<String> {
    let mut start = true;
    let mut out = String::new();
    for c in row.text(0)?.chars() {
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        start = c.is_whitespace();
    }
    Some(out)
}

fn charset(name: &str) -> String {
    name.to_ascii_uppercase().replace('_', "-")
}

fn decode(row: &Row<'_>) -> Option<String> {
    let bytes = row.bytes(0)?;
    match charset(row.text(1)?).as_str() {
        "UTF-8" | "UTF8" => Some(String::from_utf8_lossy(bytes).into_owned()),
        "US-ASCII" => Some(bytes.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '\u{fffd}' }).collect()),
        "ISO-8859-1" => Some(bytes.iter().map(|b| char::from(*b)).collect()),
        "UTF-16BE" | "UTF-16" => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect();
            Some(String::from_utf16_lossy(&units))
        }
        _ => None,
    }
}

fn encode(row: &Row<'_>) -> Option<Vec<u8>> {
    let text = row.text(0)?;
    match charset(row.text(1)?).as_str() {
        "UTF-8" | "UTF8" => Some(text.as_bytes().to_vec()),
        "US-ASCII" => Some(text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect()),
        "ISO-8859-1" => Some(text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()),
        "UTF-16BE" => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        _ => None,
    }
}

/// `concat` and `concat_ws`: any number of values of any type.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Concat {
    ws: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Concat {
    fn name(&self) -> &str {
        if self.ws { "hive_concat_ws" } else { "hive_concat" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays: Vec<ArrayRef> = args.args.iter().map(|a| a.to_array(rows)).collect::<Result<_>>()?;
        let out = if self.ws { joined(&arrays, rows)? } else { together(&arrays, rows)? };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&out, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(out)))
    }
}

fn together(arrays: &[ArrayRef], rows: usize) -> Result<StringArray> {
    let texts: Vec<StringArray> = arrays.iter().map(to_text).collect::<Result<_>>()?;
    Ok((0..rows)
        .map(|row| {
            texts.iter().all(|t| t.is_valid(row)).then(|| texts.iter().map(|t| t.value(row)).collect::<String>())
        })
        .collect())
}

fn joined(arrays: &[ArrayRef], rows: usize) -> Result<StringArray> {
    enum Part {
        Text(StringArray),
        Texts(ArrayRef, StringArray),
    }
    let mut parts = Vec::with_capacity(arrays.len());
    for array in arrays {
        parts.push(match array.data_type() {
            DataType::List(_) => Part::Texts(Arc::clone(array), to_text(array.as_list::<i32>().values())?),
            _ => Part::Text(to_text(array)?),
        });
    }
    let row = |row: usize| {
        let (Part::Text(separator), rest) = parts.split_first()? else { return None };
        let separator = separator.is_valid(row).then(|| separator.value(row))?;
        let mut found: Vec<&str> = Vec::new();
        for part in rest {
            match part {
                Part::Text(texts) => found.extend(texts.is_valid(row).then(|| texts.value(row))),
                Part::Texts(lists, texts) => {
                    let lists = lists.as_list::<i32>();
                    if lists.is_valid(row) {
                        let offsets = lists.value_offsets();
                        let (from, to) = (offsets[row] as usize, offsets[row + 1] as usize);
                        found.extend((from..to).filter(|at| texts.is_valid(*at)).map(|at| texts.value(at)));
                    }
                }
            }
        }
        Some(found.join(separator))
    };
    Ok((0..rows).map(row).collect())
}
