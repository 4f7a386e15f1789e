//! Reads a document so that one mistake of form does not hide the next.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{PriceBook, Tariff, check};
use crate::{Mistakes, PricingError};

/// More mistakes of form than this are not listed.
const MOST: usize = 100;

/// A field that is unknown or of the wrong type is noted, taken out, and reading begins again: every field has
/// a default, so what is left always ends in a document whose values can be checked too.
pub(crate) fn form<T: DeserializeOwned>(
    what: &'static str,
    mut tree: Value,
    mistakes: &mut Mistakes,
) -> Result<T, PricingError> {
    loop {
        match serde_path_to_error::deserialize::<_, T>(tree.clone()) {
            Ok(document) => return Ok(document),
            Err(error) => {
                let path: Vec<String> = error.path().iter().filter_map(step).collect();
                let field = format!("/{}", path.join("/"));
                let (problem, fix) = words(&error.inner().to_string());
                // An element that is met again, now as an empty table, was noted before.
                if mistakes.0.iter().all(|m| m.field != field) {
                    mistakes.note(field, problem, fix);
                }
                if path.is_empty() || mistakes.0.len() >= MOST || !remove(&mut tree, &path) {
                    return Err(PricingError::Invalid { what, mistakes: std::mem::take(mistakes) });
                }
            }
        }
    }
}

pub(super) fn tariff(tree: Value) -> Result<PriceBook, PricingError> {
    let mut mistakes = Mistakes::default();
    let tariff: Tariff = form("tariff", tree, &mut mistakes)?;
    let broken_form = mistakes.0.len();
    let book = check::compile(tariff, &mut mistakes);
    // What was taken out for its form is not missing as well.
    let noted: Vec<String> = mistakes.0[..broken_form].iter().map(|m| m.field.clone()).collect();
    let mut ix = 0;
    mistakes.0.retain(|m| {
        ix += 1;
        ix <= broken_form || !noted.iter().any(|n| m.field == *n || m.field.starts_with(&format!("{n}/")))
    });
    match book {
        Some(book) if mistakes.0.is_empty() => Ok(book),
        _ => Err(PricingError::Invalid { what: "tariff", mistakes }),
    }
}

fn step(segment: &serde_path_to_error::Segment) -> Option<String> {
    match segment {
        serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
        serde_path_to_error::Segment::Map { key } => Some(key.clone()),
        _ => None,
    }
}

/// Serde's sentence as a problem and its fix.
fn words(text: &str) -> (String, String) {
    match text.split_once(", expected ") {
        Some((problem, wanted)) => (problem.to_owned(), format!("write {wanted}")),
        None => (text.to_owned(), "see the reference of the document".to_owned()),
    }
}

/// Takes the value at `path` out. An element of a list becomes an empty table, so the others keep their places;
/// where that does not help, the list goes as a whole.
fn remove(tree: &mut Value, path: &[String]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    match follow(tree, parents) {
        Some(Value::Object(map)) => return map.remove(last).is_some(),
        Some(Value::Array(list)) => {
            let empty = Value::Object(serde_json::Map::new());
            match last.parse::<usize>().ok().and_then(|ix| list.get_mut(ix)) {
                Some(element) if *element != empty => {
                    *element = empty;
                    return true;
                }
                _ => {}
            }
        }
        _ => return false,
    }
    remove(tree, parents)
}

fn follow<'a>(tree: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(tree, |at, step| match at {
        Value::Object(map) => map.get_mut(step),
        Value::Array(list) => list.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })
}
