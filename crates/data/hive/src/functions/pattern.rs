//! Regular expressions. They are Rust's, which knows neither look-around nor back references.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray as _, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use regex::{Regex, RegexBuilder};

use super::cast::hive_cast;
use super::kernel::{Body, Kernel, Row, Want, made};

/// Memory of one compiled pattern, bytes.
const PATTERN_BYTES: usize = 1 << 20;
/// Patterns that a thread keeps.
const KEPT: usize = 64;

const KERNELS: &[Kernel] = &[
    Kernel {
        name: "hive_rlike",
        wants: &[Want::Text, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Bool(|r| with(r.text(1)?, |p| p.is_match(r.text(0).unwrap_or_default()))),
    },
    Kernel {
        name: "hive_regexp_extract",
        wants: &[Want::Text, Want::Text, Want::Int],
        count: (2, 3),
        strict: true,
        body: Body::Text(extract),
    },
    Kernel {
        name: "hive_regexp_replace",
        wants: &[Want::Text, Want::Text, Want::Text],
        count: (3, 3),
        strict: true,
        body: Body::Text(replace),
    },
];

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let mut all = made(KERNELS);
    all.push(Arc::new(ScalarUDF::from(Split { signature: Signature::variadic_any(Volatility::Immutable) })));
    all
}

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Option<Regex>>> = RefCell::default();
}

/// Looks with a pattern; a pattern that cannot be read makes NULL.
fn with<T>(pattern: &str, look: impl FnOnce(&Regex) -> T) -> Option<T> {
    PATTERNS.with_borrow_mut(|known| {
        if known.len() >= KEPT && !known.contains_key(pattern) {
            known.clear();
        }
        let compiled = known.entry(pattern.to_owned()).or_insert_with(|| {
            RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build().ok()
        });
        compiled.as_ref().map(look)
    })
}

fn extract(row: &Row<'_>) -> Option<String> {
    let group = if row.count() == 3 { usize::try_from(row.int(2)?).ok()? } else { 1 };
    let text = row.text(0)?;
    with(row.text(1)?, |p| {
        if group >= p.captures_len() {
            return None;
        }
        let found = p.captures(text).and_then(|c| c.get(group).map(|m| m.as_str().to_owned()));
        Some(found.unwrap_or_default())
    })?
}

fn replace(row: &Row<'_>) -> Option<String> {
    let (text, by) = (row.text(0)?, braced(row.text(2)?));
    with(row.text(1)?, |p| p.replace_all(text, by.as_str()).into_owned())
}

/// Java's `$1` and `\$` as Rust writes them: `${1}` and `$$`.
fn braced(by: &str) -> String {
    let mut out = String::new();
    let mut chars = by.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('$') => out.push_str("$$"),
                Some(other) => out.push(other),
                None => {}
            },
            '$' => match chars.next_if(char::is_ascii_digit) {
                Some(digit) => {
                    out.push_str("${");
                    out.push(digit);
                    out.push('}');
                }
                None => out.push_str("$$"),
            },
            other => out.push(other),
        }
    }
    out
}

/// `split(text, pattern[, most])`: without a number, or with one that is not positive, all parts are kept.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Split {
    signature: Signature,
}

impl ScalarUDFImpl for Split {
    fn name(&self) -> &str {
        "hive_split"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        if !(2..=3).contains(&types.len()) {
            return plan_err!("split was called with {} arguments: split(text, pattern[, most])", types.len());
        }
        Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let text = hive_cast(&args.args[0].to_array(rows)?, &DataType::Utf8)?;
        let pattern = hive_cast(&args.args[1].to_array(rows)?, &DataType::Utf8)?;
        let most = match args.args.get(2) {
            Some(most) => Some(hive_cast(&most.to_array(rows)?, &DataType::Int64)?),
            None => None,
        };
        let (text, pattern) = (text.as_string::<i32>(), pattern.as_string::<i32>());
        let mut out = ListBuilder::new(StringBuilder::new());
        for row in 0..rows {
            if text.is_null(row) || pattern.is_null(row) {
                out.append(false);
                continue;
            }
            let most = most.as_ref().map_or(0, |m| m.as_primitive::<arrow::datatypes::Int64Type>().value(row));
            let parts = with(pattern.value(row), |p| match usize::try_from(most) {
                Ok(most @ 1..) => p.splitn(text.value(row), most).map(str::to_owned).collect::<Vec<_>>(),
                _ if p.as_str().is_empty() => text.value(row).chars().map(String::from).collect(),
                _ => p.split(text.value(row)).map(str::to_owned).collect(),
            });
            match parts {
                Some(parts) => {
                    parts.iter().for_each(|part| out.values().append_value(part));
                    out.append(true);
                }
                None => out.append(false),
            }
        }
        let out = out.finish();
        if constant {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&out, 0)?))
        } else {
            Ok(ColumnarValue::Array(Arc::new(out)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_javas() {
        assert_eq!(braced("$2x$1"), "${2}x${1}");
        assert_eq!(braced("\\$1 $"), "$$1 $$");
    }

    #[test]
    fn patterns_are_bounded() {
        assert_eq!(with("(a{1000}){1000}", |_| ()), None);
        assert_eq!(with("(", |_| ()), None);
        assert_eq!(with("a+", |p| p.is_match("baa")), Some(true));
    }
}
