//! What the lake refuses, in the words of the API.

use doorstep_lake::LakeError;

use super::super::problem::{Code, FieldError, Problem};

/// The problem of a statement in the body's `field`.
pub(super) fn problem(error: LakeError, field: &str) -> Problem {
    let told = error.to_string();
    let code = error.code();
    match error {
        LakeError::Sql { reason, place, fix } => {
            let fix = fix.unwrap_or_else(|| "see the guide to SQL for what can be written".to_owned());
            let problem = Problem::new(Code::InvalidSql, told).with_errors(vec![FieldError {
                field: field.to_owned(),
                reason,
                fix,
            }]);
            match place {
                Some(place) => problem.with("line", place.line).with("column", place.column),
                None => problem,
            }
        }
        LakeError::Invalid { field: what, reason, fix } => {
            let reason = format!("{what}: {reason}");
            Problem::new(Code::InvalidSql, told).with_errors(vec![FieldError { field: field.to_owned(), reason, fix }])
        }
        LakeError::Unknown { what: "query", .. } => Problem::new(Code::NotFound, told),
        LakeError::Unknown { .. } | LakeError::Exists { .. } | LakeError::Unsupported { .. } => {
            let fix = "see GET /v1/sql/tables for what is there".to_owned();
            Problem::new(Code::InvalidSql, told.clone())
                .with_errors(vec![FieldError { field: field.to_owned(), reason: told, fix }])
                .with("reason", code)
        }
        LakeError::Denied { .. } => Problem::new(Code::Forbidden, told),
        LakeError::Limit { limit, .. } => Problem::new(Code::QueryLimit, told).with("limit", limit.as_str()),
        LakeError::Cancelled | LakeError::Execution(_) => Problem::new(Code::QueryFailed, told).with("reason", code),
        LakeError::Overloaded { .. } => Problem::new(Code::Overloaded, told).retry_after(1),
        LakeError::Elsewhere { .. } => Problem::new(Code::Unavailable, told).retry_after(2),
        LakeError::Conflict { .. } => Problem::new(Code::VersionConflict, told),
        LakeError::Corrupt { .. } | LakeError::Io { .. } | LakeError::Journal(_) => Problem::internal(&told),
        LakeError::Store(error) => error.into(),
    }
}
