//! What the engine says of a statement, in the words of HiveQL: functions by the names that users know, and the
//! nearest name for one that is not there.

use datafusion::common::TableReference;
use datafusion::execution::SessionState;
use doorstep_lake::LakeError;
use doorstep_lake::catalog::nearest;

use crate::hiveql::{FUNCTIONS, HiveFunction};

/// Before the names of our own functions of the engine.
const PREFIX: &str = "hive_";

/// The error as a user of HiveQL understands it.
pub(super) fn told(error: LakeError, state: &SessionState, database: &str) -> LakeError {
    let LakeError::Sql { reason, place, fix } = error else { return error };
    if let Some(name) = between(&reason, "Invalid function '", "'") {
        return LakeError::Sql { reason: no_function(name), place, fix: None };
    }
    if let Some(asked) = between(&reason, "table '", "' not found") {
        let mut parts = asked.rsplit('.');
        let (bare, within) = (parts.next().unwrap_or(asked), parts.next().unwrap_or(database));
        let names = state.schema_for_ref(TableReference::partial(within, bare)).map(|schema| schema.table_names());
        let near = nearest(bare, names.unwrap_or_default().iter().map(String::as_str));
        let reason = offered(format!("there is no table {within}.{bare}"), near);
        return LakeError::Sql { reason, place, fix: None };
    }
    LakeError::Sql { reason: unprefixed(&reason), place, fix }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let rest = &text[text.find(from)? + from.len()..];
    Some(&rest[..rest.find(to)?])
}

fn offered(reason: String, near: Option<String>) -> String {
    match near {
        Some(near) => format!("{reason}; did you mean {near}?"),
        None => reason,
    }
}

fn no_function(name: &str) -> String {
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    let there = FUNCTIONS.iter().filter(|f| !matches!(f.how, HiveFunction::Refused(_))).map(|f| f.name);
    let reason = format!("there is no function {name}");
    match nearest(name, there) {
        None => format!("{reason}: SHOW FUNCTIONS lists those that there are"),
        near => offered(reason, near),
    }
}

/// The text with our functions under their own names; a column of the user's that begins alike keeps its.
fn unprefixed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PREFIX) {
        let behind = &rest[at + PREFIX.len()..];
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
        let ours = crate::functions::scalars().iter().any(|f| f.name().strip_prefix(PREFIX) == Some(&behind[..end]));
        out.push_str(&rest[..at]);
        if !ours {
            out.push_str(PREFIX);
        }
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_go_by_their_own_names() {
        assert_eq!(no_function("regexp_extrakt"), "there is no function regexp_extrakt; did you mean regexp_extract?");
        assert!(no_function("zzzzzz").contains("SHOW FUNCTIONS"));
        assert_eq!(unprefixed("hive_substr wants hive_id, not hive_substr("), "substr wants hive_id, not substr(");
        assert_eq!(between("a table 'x.y' not found b", "table '", "' not found"), Some("x.y"));
    }
}
