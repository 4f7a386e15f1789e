//! Why a backtest is not taken, not done or not there.

use doorstep_pricing::Mistakes;
use doorstep_store::StoreError;

use crate::backtest::BacktestError;

/// A refusal.
#[derive(Debug, thiserror::Error)]
pub enum TrialsError {
    /// Mistakes of one or both policies, all of them, by their fields in the request.
    #[error("the policies have {count} mistake(s):\n{mistakes}", count = mistakes.0.len())]
    Policies {
        /// All of them.
        mistakes: Mistakes,
    },
    /// A field out of its range.
    #[error("{field}: {reason}; {fix}")]
    Field {
        /// JSON pointer.
        field: &'static str,
        /// What is wrong.
        reason: String,
        /// What to send instead.
        fix: String,
    },
    /// The period cannot be tried.
    #[error(transparent)]
    Backtest(#[from] BacktestError),
    /// Too many wait already.
    #[error("{limit} backtests wait or run already: wait for one to end, or cancel it")]
    QueueFull {
        /// How many may.
        limit: usize,
    },
    /// None of this tenant and city has that id.
    #[error("there is no backtest {id:?}")]
    NotFound {
        /// What was asked for.
        id: String,
    },
    /// It is not in the state for that.
    #[error("the backtest is {state}: {fix}")]
    State {
        /// Its state.
        state: &'static str,
        /// What would help.
        fix: &'static str,
    },
    /// The city does not run here.
    #[error("there is no city {id:?} here")]
    NoCity {
        /// What was asked for.
        id: String,
    },
    /// The store's refusal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the store holds cannot be read.
    #[error("the backtest {id} is damaged: {reason}")]
    Damaged {
        /// Which.
        id: String,
        /// Why.
        reason: String,
    },
}
