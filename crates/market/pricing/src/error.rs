//! What can be wrong with a tariff, a surge configuration or a history of trips.

use serde::Serialize;

/// One mistake in a document: where, what, and how to put it right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// JSON pointer to the field, like `/zones/2/polygon`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to write instead.
    pub fix: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.field, self.problem, self.fix)
    }
}

/// Mistakes gathered while a document is read as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    /// Notes one.
    pub fn note(&mut self, field: impl Into<String>, problem: impl Into<String>, fix: impl Into<String>) {
        self.0.push(Mistake { field: field.into(), problem: problem.into(), fix: fix.into() });
    }

    /// Notes one unless `holds`.
    pub fn demand(&mut self, holds: bool, field: &str, problem: impl Into<String>, fix: &str) {
        if !holds {
            self.note(field, problem, fix);
        }
    }
}

impl std::fmt::Display for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (ix, mistake) in self.0.iter().enumerate() {
            if ix > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

/// What can be wrong with what this crate is given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PricingError {
    /// The text is no TOML or JSON at all.
    #[error("the {what} cannot be read: {reason}")]
    Unreadable {
        /// Which document.
        what: &'static str,
        /// Where the reader stopped and why.
        reason: String,
    },
    /// The document has mistakes; all of them are here.
    #[error("the {what} has {} mistake(s):\n{mistakes}", mistakes.0.len())]
    Invalid {
        /// Which document.
        what: &'static str,
        /// All mistakes.
        mistakes: Mistakes,
    },
    /// A row of a trip table.
    #[error("{source_name}, line {line}: {problem}; {fix}")]
    Row {
        /// Which file.
        source_name: String,
        /// Line, counted from 1.
        line: u64,
        /// What is wrong.
        problem: String,
        /// What to write instead.
        fix: &'static str,
    },
    /// A history from which nothing can be learned.
    #[error("{0}")]
    NoHistory(&'static str),
    /// Riders of a shared ride that do not fit together.
    #[error("{field}: {problem}; {fix}")]
    Share {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        problem: &'static str,
        /// What to do.
        fix: &'static str,
    },
    /// Money that does not add up or fit.
    #[error(transparent)]
    Money(#[from] doorstep_money::MoneyError),
}

impl PricingError {
    /// The mistakes of a document, or nothing when there are none.
    pub(crate) fn of(what: &'static str, mistakes: Mistakes) -> Result<(), Self> {
        if mistakes.0.is_empty() { Ok(()) } else { Err(Self::Invalid { what, mistakes }) }
    }
}
