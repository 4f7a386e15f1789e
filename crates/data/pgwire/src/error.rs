//! What can go wrong, with the SQLSTATE, the place and the hint that PostgreSQL's clients look at.

use doorstep_lake::{LakeError, Limit, Place};
use pgwire::error::ErrorInfo;

use crate::wire::Malformed;

/// An error of the PostgreSQL face.
#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// The client's bytes are no message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A message that does not belong here.
    #[error("{0}")]
    Protocol(String),
    /// The key or its secret is not good.
    #[error("this access key or its secret is not good")]
    Key,
    /// There is no such database.
    #[error("there is no database {name:?}")]
    Database {
        /// As asked for.
        name: String,
        /// What there is.
        there: String,
    },
    /// All connections are taken.
    #[error("{0} connections are open already (postgres.connections)")]
    Full(usize),
    /// The text is no statement.
    #[error("{reason}")]
    Syntax {
        /// What is wrong.
        reason: String,
        /// Where in the text.
        place: Option<Place>,
        /// What to do instead.
        fix: Option<String>,
    },
    /// A statement that is read here and does not fit.
    #[error("{reason}")]
    Invalid {
        /// Its SQLSTATE.
        state: &'static str,
        /// Why.
        reason: String,
        /// What to do instead.
        fix: String,
    },
    /// Statements in a transaction that has failed.
    #[error("the transaction has failed: statements are not run until it ends")]
    Failed,
    /// The statement was called off.
    #[error("the statement was cancelled")]
    Cancelled,
    /// Nobody fetched the rows.
    #[error("nobody fetched these rows for {0} s (postgres.portal_idle_s), so they were given up")]
    GivenUp(u64),
    /// A value that does not fit PostgreSQL's types.
    #[error("{0}")]
    Value(String),
    /// The lake's.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The connection.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl PgError {
    /// Something that does not fit.
    pub(crate) fn invalid(state: &'static str, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Invalid { state, reason: reason.into(), fix: fix.into() }
    }

    /// What reading a statement said.
    pub(crate) fn reading(error: LakeError) -> Self {
        match error {
            LakeError::Sql { reason, place, fix } => Self::Syntax { reason, place, fix },
            other => Self::Lake(other),
        }
    }

    /// The five characters of PostgreSQL's list (its documentation, appendix A).
    #[must_use]
    pub fn sql_state(&self) -> &'static str {
        match self {
            Self::Malformed(Malformed::Text(_)) => "22021",
            Self::Malformed(_) | Self::Protocol(_) => "08P01",
            Self::Key => "28P01",
            Self::Database { .. } => "3D000",
            Self::Full(_) => "53300",
            Self::Syntax { .. } => "42601",
            Self::Invalid { state, .. } => state,
            Self::Failed => "25P02",
            Self::Cancelled => "57014",
            Self::GivenUp(_) => "57P05",
            Self::Value(_) => "22P03",
            Self::Lake(error) => of_the_lake(error),
            Self::Io(_) => "08006",
        }
    }

    /// What to do instead, if known.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Key => Some("user is an access key, password its secret".to_owned()),
            Self::Database { there, .. } => Some(format!("databases are {there}")),
            Self::Syntax { fix, .. } => fix.clone(),
            Self::Invalid { fix, .. } => Some(fix.clone()),
            Self::Failed => Some("send ROLLBACK".to_owned()),
            Self::GivenUp(_) => Some("run the statement again".to_owned()),
            Self::Lake(LakeError::Sql { fix, .. }) => fix.clone(),
            Self::Lake(LakeError::Unknown { near, .. }) => near.as_ref().map(|near| format!("did you mean {near}?")),
            Self::Lake(LakeError::Invalid { fix, .. } | LakeError::Unsupported { fix, .. }) => Some(fix.clone()),
            Self::Lake(LakeError::Denied { .. }) => Some("ask an operator for a grant".to_owned()),
            _ => None,
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Syntax { place, .. } => *place,
            Self::Lake(error) => error.place(),
            _ => None,
        }
    }

    /// In the protocol's fields. `position` makes of a place in the statement a count of characters in what was sent.
    pub(crate) fn info(&self, fatal: bool, position: impl Fn(Place) -> usize) -> ErrorInfo {
        let severity = if fatal { "FATAL" } else { "ERROR" };
        let message = match self {
            Self::Lake(LakeError::Sql { reason, .. }) => reason.clone(),
            Self::Lake(LakeError::Unknown { what, name, .. }) => format!("there is no {what} {name:?}"),
            Self::Lake(LakeError::Invalid { field, reason, .. }) => format!("{field}: {reason}"),
            Self::Lake(LakeError::Unsupported { what, .. }) => format!("{what} is not supported"),
            Self::Lake(LakeError::Denied { action }) => format!("this key may not {action}"),
            Self::Lake(error @ (LakeError::Io { .. } | LakeError::Store(_) | LakeError::Journal(_))) => {
                tracing::error!(%error, "a statement of a PostgreSQL client failed");
                "the statement failed here; our log has the reason".to_owned()
            }
            other => other.to_string(),
        };
        let mut info = ErrorInfo::new(severity.to_owned(), self.sql_state().to_owned(), message);
        info.severity_nonlocalized = Some(severity.to_owned());
        info.hint = self.hint();
        info.position = self.place().map(|place| position(place).to_string());
        info
    }
}

fn of_the_lake(error: &LakeError) -> &'static str {
    match error {
        LakeError::Sql { reason, .. } => of_a_plan(reason),
        LakeError::Unknown { what, .. } => match *what {
            "table" | "view" => "42P01",
            "column" => "42703",
            "database" => "3F000",
            "function" => "42883",
            _ => "42704",
        },
        LakeError::Exists { what: "database", .. } => "42P04",
        LakeError::Exists { what: "table" | "view", .. } => "42P07",
        LakeError::Exists { .. } => "42710",
        LakeError::Invalid { .. } => "22023",
        LakeError::Unsupported { .. } => "0A000",
        LakeError::Denied { .. } => "42501",
        LakeError::Limit { limit, .. } => match limit {
            Limit::Time => "57014",
            Limit::Memory => "53200",
            Limit::Spill => "53100",
            Limit::Bytes | Limit::Answer => "54000",
            Limit::Cost => "53400",
        },
        LakeError::Cancelled => "57014",
        LakeError::Overloaded { .. } => "53000",
        LakeError::Elsewhere { .. } => "57P03",
        LakeError::Conflict { .. } => "40001",
        LakeError::Corrupt { .. } => "XX001",
        LakeError::Execution(reason) => of_a_run(reason),
        LakeError::Io { .. } | LakeError::Store(_) | LakeError::Journal(_) => "XX000",
    }
}

/// The planner has words alone.
fn of_a_plan(reason: &str) -> &'static str {
    let lower = reason.to_ascii_lowercase();
    if lower.contains("no table") || lower.contains("table '") && lower.contains("not found") {
        "42P01"
    } else if lower.contains("no field named") || lower.contains("column '") && lower.contains("not found") {
        "42703"
    } else if lower.contains("ambiguous") {
        "42702"
    } else if lower.contains("invalid function") || lower.contains("no function matches") {
        "42883"
    } else if lower.contains("group by") {
        "42803"
    } else if lower.contains("coerc") || lower.contains("common type") || lower.contains("cannot cast") {
        "42804"
    } else {
        "42601"
    }
}

/// So has whoever runs the plan.
fn of_a_run(reason: &str) -> &'static str {
    let lower = reason.to_ascii_lowercase();
    if lower.contains("divide by zero") {
        "22012"
    } else if lower.contains("overflow") || lower.contains("out of range") {
        "22003"
    } else if lower.contains("cannot cast") || lower.contains("cast error") || lower.contains("parser error") {
        "22P02"
    } else {
        "22000"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_hints_are_postgres_own() {
        let near = Some("rides".to_owned());
        let error = PgError::from(LakeError::Unknown { what: "table", name: "rydes".to_owned(), near });
        let info = error.info(false, |_| 1);
        assert_eq!((info.code.as_str(), info.hint.as_deref()), ("42P01", Some("did you mean rides?")));
        let place = Some(Place { line: 1, column: 8 });
        let error = PgError::reading(LakeError::Sql { reason: "expected FROM".to_owned(), place, fix: None });
        let info = error.info(false, |place| place.column as usize);
        assert_eq!((info.code.as_str(), info.position.as_deref()), ("42601", Some("8")));
        for (error, state) in [
            (LakeError::Denied { action: "read".to_owned() }, "42501"),
            (LakeError::Cancelled, "57014"),
            (LakeError::Limit { limit: Limit::Cost, detail: String::new() }, "53400"),
            (LakeError::Limit { limit: Limit::Bytes, detail: String::new() }, "54000"),
            (LakeError::Execution("Divide by zero error".to_owned()), "22012"),
        ] {
            assert_eq!(PgError::from(error).sql_state(), state);
        }
    }
}
