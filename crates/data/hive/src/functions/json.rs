//! JSON in texts: `get_json_object` and the fields of `json_tuple`.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use serde_json::Value;

use super::kernel::{Body, Kernel, Row, Want, made};

const KERNELS: &[Kernel] = &[
    Kernel {
        name: "hive_get_json_object",
        wants: &[Want::Text, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Text(get_json_object),
    },
    Kernel {
        name: "hive_json_field",
        wants: &[Want::Text, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Text(field),
    },
];

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    made(KERNELS)
}

/// A step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(usize),
    All,
}

/// Reads `$.a.b[0]['c'][*]`.
fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            steps.push(match name {
                "" => return None,
                "*" => Step::All,
                name => Step::Field(name.to_owned()),
            });
            rest = &after[end..];
        } else {
            let after = rest.strip_prefix('[')?;
            let (inside, behind) = after.split_once(']')?;
            steps.push(match inside.trim() {
                "*" => Step::All,
                inside => match inside.strip_prefix('\'').and_then(|i| i.strip_suffix('\'')) {
                    Some(name) => Step::Field(name.to_owned()),
                    None => Step::Index(inside.parse().ok()?),
                },
            });
            rest = behind;
        }
    }
    Some(steps)
}

fn follow<'a>(value: &'a Value, steps: &[Step], found: &mut Vec<&'a Value>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(value);
        return;
    };
    match (step, value) {
        (Step::Field(name), Value::Object(fields)) => {
            if let Some(inner) = fields.get(name) {
                follow(inner, rest, found);
            }
        }
        // A field of an array is that field of each of its objects.
        (Step::Field(_), Value::Array(items)) => items.iter().for_each(|item| follow(item, steps, found)),
        (Step::Index(at), Value::Array(items)) => {
            if let Some(inner) = items.get(*at) {
                follow(inner, rest, found);
            }
        }
        (Step::All, Value::Array(items)) => items.iter().for_each(|item| follow(item, rest, found)),
        _ => {}
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn get_json_object(row: &Row<'_>) -> Option<String> {
    let value: Value = serde_json::from_str(row.text(0)?).ok()?;
    let steps = path(row.text(1)?)?;
    let mut found = Vec::new();
    follow(&value, &steps, &mut found);
    if steps.contains(&Step::All) && found.len() > 1 {
        return Some(Value::Array(found.into_iter().cloned().collect()).to_string());
    }
    shown(found.first()?)
}

fn field(row: &Row<'_>) -> Option<String> {
    let value: Value = serde_json::from_str(row.text(0)?).ok()?;
    shown(value.get(row.text(1)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let steps = path("$.a['b c'][0][*]");
        assert_eq!(steps, Some(vec![Step::Field("a".into()), Step::Field("b c".into()), Step::Index(0), Step::All]));
        for bad in ["a", "$.", "$[x]", "$[", "$a"] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_path_makes_it_panic(text in "[$.\\[\\]*'a0]{0,20}") {
            let _ = path(&text);
        }
    }
}
