//! Everything that can go wrong at the store, each with what was asked and what to do.

use doorstep_clock::Timestamp;

/// Which rule of the schema a statement broke.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Constraint {
    /// A primary key or unique index already holds the value.
    Unique,
    /// A referenced row is missing, or a referencing row remains.
    ForeignKey,
    /// A column that must have a value got none.
    NotNull,
    /// A `CHECK` clause refused the row.
    Check,
}

impl Constraint {
    /// The stable name used in logs and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Constraint::Unique => "unique",
            Constraint::ForeignKey => "foreign_key",
            Constraint::NotNull => "not_null",
            Constraint::Check => "check",
        }
    }
}

/// A failed store operation. Messages never contain a password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address names no backend this build knows.
    #[error(
        "store address `{url}` is not understood: use sqlite:///path/to/file.db, sqlite::memory: or postgres://user@host/database"
    )]
    UnknownUrl {
        /// The address, with any password removed.
        url: String,
    },
    /// The database could not be opened.
    #[error("cannot open the store at `{url}`: {reason}")]
    Open {
        /// The address, with any password removed.
        url: String,
        /// What the backend said.
        reason: String,
    },
    /// A migration failed; it was rolled back and nothing after it was tried.
    #[error("migration `{id}` failed and was rolled back: {reason}")]
    Migration {
        /// The migration's id.
        id: String,
        /// What the backend said.
        reason: String,
    },
    /// A migration that this database already has was edited afterwards.
    #[error(
        "migration `{id}` was changed after it had been applied to this database: restore its text and add a new migration instead"
    )]
    MigrationChanged {
        /// The migration's id.
        id: String,
    },
    /// Two migrations carry one id.
    #[error("migration id `{id}` is used twice: every migration needs its own id")]
    MigrationRepeated {
        /// The id.
        id: String,
    },
    /// Too much work is already waiting; the caller should back off and try again.
    #[error("the store has {limit} transactions waiting already: try again later")]
    Overloaded {
        /// The queue's limit, transactions.
        limit: usize,
    },
    /// The store was shut down while the request waited.
    #[error("the store is closed")]
    Closed,
    /// The transaction's closure panicked; it was rolled back and the store lives on.
    #[error("a store transaction panicked and was rolled back: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// A statement broke a rule of the schema.
    #[error("{} constraint refused the statement `{statement}`: {detail}", .kind.as_str())]
    Constraint {
        /// Which kind of rule.
        kind: Constraint,
        /// The start of the statement.
        statement: String,
        /// What the backend said: names the index or column.
        detail: String,
    },
    /// The database has no room left; the transaction was rolled back.
    #[error("no room is left for the store: free some and try again ({reason})")]
    Full {
        /// What the backend said.
        reason: String,
    },
    /// A statement failed for another reason.
    #[error("statement `{statement}` failed: {reason}")]
    Statement {
        /// The start of the statement.
        statement: String,
        /// What the backend said.
        reason: String,
    },
    /// A statement needs a parameter that was not given, or cannot take the one given.
    #[error("parameter ${index} of `{statement}`: {reason}")]
    Parameter {
        /// The placeholder's number, from 1.
        index: usize,
        /// The start of the statement.
        statement: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An earlier statement of this transaction failed, so nothing more can be done in it.
    #[error("the transaction was already ended by a failed statement: {cause}")]
    Aborted {
        /// The first failure.
        cause: String,
    },
    /// A write was tried inside `read`.
    #[error("statement `{statement}` writes, but the transaction is read-only: use Store::write")]
    ReadOnly {
        /// The start of the statement.
        statement: String,
    },
    /// A column is missing from a row or has another type.
    #[error("column `{column}`: wanted {wanted}, found {found}")]
    Column {
        /// The column's name.
        column: String,
        /// What the caller asked for.
        wanted: &'static str,
        /// What is there.
        found: String,
    },
    /// Concurrent transactions kept clashing; every attempt was rolled back.
    #[error("the transaction clashed with others {attempts} times and was rolled back: try again")]
    Conflict {
        /// Attempts made.
        attempts: u32,
    },
    /// The database server cannot be reached; nothing was written.
    #[error("the database is unavailable: {reason}")]
    Unavailable {
        /// What the connection said.
        reason: String,
    },
    /// The commit could not be confirmed. Ask again with an idempotency key to learn the outcome.
    #[error("the commit was not confirmed, its outcome is unknown: {reason}")]
    CommitUnknown {
        /// What the backend said.
        reason: String,
    },
    /// The key was used before with another request.
    #[error("idempotency key `{key}` was already used for a different request: use a new key")]
    IdempotencyMismatch {
        /// The key.
        key: String,
    },
    /// Another owner holds the lease.
    #[error("lease `{name}` is held by `{by}` until {until}")]
    LeaseHeld {
        /// The lease.
        name: String,
        /// Its present owner.
        by: String,
        /// When it ends unless renewed.
        until: Timestamp,
    },
    /// The lease ended or passed to another; its epoch is no longer valid for writing.
    #[error("lease `{name}` with epoch {epoch} is lost: stop the work it protects")]
    LeaseLost {
        /// The lease.
        name: String,
        /// The epoch that is no longer valid.
        epoch: i64,
    },
    /// A stored JSON text does not fit its reader.
    #[error("stored value `{key}` cannot be read: {reason}")]
    Decode {
        /// Which value.
        key: String,
        /// What the decoder said.
        reason: String,
    },
}

impl StoreError {
    /// Whether the statement clashed with a primary key or unique index.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, StoreError::Constraint { kind: Constraint::Unique, .. })
    }

    /// Whether the same call may succeed a little later without any change by the caller.
    pub fn is_temporary(&self) -> bool {
        matches!(self, StoreError::Overloaded { .. } | StoreError::Conflict { .. } | StoreError::Unavailable { .. })
    }
}

/// The first words of a statement, for messages: one line, at most 80 characters.
pub(crate) fn head(sql: &str) -> String {
    let mut out = String::with_capacity(84);
    for word in sql.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.chars().count() > 80 {
            out = out.chars().take(79).collect();
            out.push('…');
            break;
        }
    }
    out
}
