//! What can go wrong at the meter.

use doorstep_journal::JournalError;
use doorstep_money::MoneyError;
use doorstep_store::StoreError;
use serde::Serialize;

/// One mistake in a document: where, what, and how to put it right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// JSON pointer to the field, like `/prices/storage/price`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to write instead.
    pub fix: String,
}

/// All mistakes of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    pub(crate) fn note(&mut self, field: impl Into<String>, problem: impl Into<String>, fix: impl Into<String>) {
        self.0.push(Mistake { field: field.into(), problem: problem.into(), fix: fix.into() });
    }
}

impl std::fmt::Display for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (ix, mistake) in self.0.iter().enumerate() {
            let between = if ix > 0 { "\n" } else { "" };
            write!(f, "{between}{}: {}; {}", mistake.field, mistake.problem, mistake.fix)?;
        }
        Ok(())
    }
}

/// Which cap was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CapKind {
    /// What one query may cost.
    Query,
    /// What all of a month may cost.
    Month,
    /// Bytes that one query may read.
    QueryScan,
}

impl CapKind {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Month => "month",
            Self::QueryScan => "query_scan_bytes",
        }
    }
}

/// A refusal or failure of the meter.
#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    /// A document has mistakes; all of them are here.
    #[error("the {what} has {} mistake(s):\n{mistakes}", mistakes.0.len())]
    Invalid {
        /// Which document.
        what: &'static str,
        /// All mistakes.
        mistakes: Mistakes,
    },
    /// A value does not fit.
    #[error("{field}: {reason}; {fix}")]
    Field {
        /// Which field, as a JSON pointer or a name.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        fix: String,
    },
    /// A cap allows no more.
    #[error("the cap `{}` of {limit} is reached: {detail}", .cap.as_str())]
    CapReached {
        /// Which.
        cap: CapKind,
        /// What it allows.
        limit: String,
        /// How far it is used, and what to do.
        detail: String,
    },
    /// Records come faster than they can be kept.
    #[error("{waiting} usage records wait already: try again later")]
    Overloaded {
        /// How many wait.
        waiting: usize,
    },
    /// Amounts past every range.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal's.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl MeterError {
    /// A value that does not fit.
    pub(crate) fn field(field: &'static str, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Field { field, reason: reason.into(), fix: fix.into() }
    }

    /// The reason's stable name, for labels.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::Field { .. } => "invalid_field",
            Self::CapReached { .. } => "cap_reached",
            Self::Overloaded { .. } => "overloaded",
            Self::Money(_) => "money",
            Self::Store(_) => "store",
            Self::Journal(_) => "journal",
        }
    }
}
