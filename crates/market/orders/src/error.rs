//! What can go wrong with orders, each with its own variant: nobody has to read a message to know.

use doorstep_clock::Timestamp;
use doorstep_store::StoreError;

use crate::ids::{DriverId, IdError, OrderId, QuoteId};
use crate::machine::Refusal;
use crate::needs::Lack;

/// Refusals and failures of this crate.
#[derive(Debug, thiserror::Error)]
pub enum OrdersError {
    /// The state machine said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No such thing for this tenant.
    #[error("{what} {id} is not known")]
    NotFound {
        /// `order` or `driver`.
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// The order changed since the caller looked.
    #[error("order {order} is at version {actual}, not {expected}: read it again")]
    VersionConflict {
        /// Which order.
        order: OrderId,
        /// What the caller saw.
        expected: i64,
        /// What is there.
        actual: i64,
    },
    /// The driver holds another open order.
    #[error("driver {driver} already has an open order")]
    DriverBusy {
        /// Which driver.
        driver: DriverId,
        /// The order he has.
        order: Option<OrderId>,
    },
    /// Others sit in the car, and there is no seat left for the rider.
    #[error("{taken} of the {seats} seats of driver {driver} are taken: drop a rider off first")]
    CarFull {
        /// Which driver.
        driver: DriverId,
        /// Seats of the car.
        seats: i64,
        /// Of them taken.
        taken: i64,
    },
    /// The car or its driver is not what the rider asks for. The message does not say what is lacking: it may be a
    /// driver's word or a rider's wish, and messages are logged.
    #[error("driver {driver} is not suited to the ride")]
    NotSuited {
        /// Which driver.
        driver: DriverId,
        /// What is lacking.
        lack: Lack,
    },
    /// The quote ran out.
    #[error("quote {quote} expired at {expired_at}: ask for a new one")]
    QuoteExpired {
        /// Which quote.
        quote: QuoteId,
        /// When it ran out.
        expired_at: Timestamp,
    },
    /// The token is not one of ours, or not as we made it.
    #[error("the quote token does not verify ({reason}): send it back exactly as it was given")]
    QuoteAltered {
        /// What the check found.
        reason: String,
    },
    /// The quote was given to another tenant.
    #[error("quote {quote} was given to somebody else: ask for your own")]
    QuoteForeign {
        /// Which quote.
        quote: QuoteId,
    },
    /// The quote has become an order already.
    #[error("quote {quote} was used already: ask for a new one")]
    QuoteUsed {
        /// Which quote.
        quote: QuoteId,
        /// The order it became.
        order: Option<OrderId>,
    },
    /// A field has a value that cannot be.
    #[error("{field}: {reason}; {fix}")]
    InvalidField {
        /// JSON pointer into the request.
        field: &'static str,
        /// What is wrong.
        reason: String,
        /// What to write instead.
        fix: String,
    },
    /// An id that is none.
    #[error(transparent)]
    BadId(#[from] IdError),
    /// A page cursor that no answer has given.
    #[error("`{cursor}` is not a cursor: use next_cursor of the page before")]
    BadCursor {
        /// What was sent.
        cursor: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrdersError {
    /// A stable word for logs, labels and the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.as_str(),
            Self::NotFound { .. } => "not_found",
            Self::VersionConflict { .. } => "version_conflict",
            Self::DriverBusy { .. } => "driver_busy",
            Self::CarFull { .. } => "car_full",
            Self::NotSuited { .. } => "not_suited",
            Self::QuoteExpired { .. } => "quote_expired",
            Self::QuoteAltered { .. } => "quote_altered",
            Self::QuoteForeign { .. } => "quote_foreign",
            Self::QuoteUsed { .. } => "quote_used",
            Self::InvalidField { .. } => "invalid_field",
            Self::BadId(_) => "invalid_id",
            Self::BadCursor { .. } => "invalid_cursor",
            Self::Store(_) => "store",
        }
    }
}
