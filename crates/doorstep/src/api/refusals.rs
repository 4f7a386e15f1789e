//! What the crates below refuse, in the words of the API. The last step before the caller.

use doorstep_city::{
    backtest::{BacktestError, UPLOADED},
    live::LiveError,
    replay::ReplayError,
    trials::TrialsError,
};
use doorstep_identity::IdentityError;
use doorstep_journal::JournalError;
use doorstep_meter::MeterError;
use doorstep_objects::ObjectsError;
use doorstep_orders::{OrdersError, Refusal};
use doorstep_pictures::PictureError;
use doorstep_ratings::RatingsError;
use doorstep_store::StoreError;

use super::problem::{Code, FieldError, Problem};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::IdempotencyMismatch { key } => Self::new(
                Code::IdempotencyMismatch,
                format!("Idempotency-Key {key:?} was used with another request; send a fresh key"),
            ),
            StoreError::Overloaded { .. } | StoreError::Conflict { .. } => {
                Self::new(Code::Overloaded, error.to_string()).retry_after(1)
            }
            StoreError::Full { .. } => Self::new(Code::Overloaded, error.to_string()).retry_after(60),
            StoreError::Closed => Self::new(Code::Unavailable, "this process is going down").retry_after(2),
            other => Self::internal(&other),
        }
    }
}

impl From<OrdersError> for Problem {
    fn from(error: OrdersError) -> Self {
        let told = error.to_string();
        match error {
            OrdersError::Refused(refusal) => refused(&refusal, told),
            OrdersError::NotFound { what, id } => Self::not_found(what, &id),
            OrdersError::VersionConflict { order, expected, actual } => Self::new(Code::VersionConflict, told)
                .with("order_id", order.to_string())
                .with("expected", expected)
                .with("actual", actual),
            OrdersError::DriverBusy { driver, order } => Self::new(Code::DriverBusy, told)
                .with("driver", driver.to_string())
                .with("order_id", order.map(|order| order.to_string())),
            OrdersError::CarFull { driver, seats, taken } => Self::new(Code::CarFull, told)
                .with("driver", driver.to_string())
                .with("seats", seats)
                .with("taken", taken),
            OrdersError::NotSuited { driver, .. } => {
                Self::new(Code::NotSuited, told).with("driver", driver.to_string())
            }
            OrdersError::QuoteExpired { expired_at, .. } => {
                Self::new(Code::QuoteExpired, told).with("expired_at", expired_at.to_string())
            }
            OrdersError::QuoteAltered { .. } => Self::new(Code::QuoteAltered, told),
            // Another tenant's quote exists for that tenant only.
            OrdersError::QuoteForeign { .. } => {
                Self::new(Code::QuoteAltered, "the quote is none of yours: ask for your own")
            }
            OrdersError::QuoteUsed { order, .. } => {
                Self::new(Code::QuoteUsed, told).with("order_id", order.map(|order| order.to_string()))
            }
            OrdersError::InvalidField { field, reason, fix } => Self::field(field, reason, fix),
            OrdersError::BadId(error) => Self::new(Code::InvalidField, error.to_string()),
            OrdersError::BadCursor { .. } => {
                Self::field("?cursor", "is no cursor of this list", "use next_cursor of the page before")
            }
            OrdersError::Store(error) => error.into(),
        }
    }
}

fn refused(refusal: &Refusal, told: String) -> Problem {
    match refusal {
        Refusal::Illegal { from, command, to, allowed } => Problem::new(Code::IllegalTransition, told)
            .with("from", from.as_str())
            .with("to", to.as_str())
            .with("command", command.as_str())
            .with("allowed", allowed.iter().map(|command| command.as_str()).collect::<Vec<_>>()),
        Refusal::WrongActor { command, actors, .. } => Problem::new(Code::Forbidden, told)
            .with("command", command.as_str())
            .with("allowed", actors.iter().map(|actor| actor.as_str()).collect::<Vec<_>>()),
        Refusal::WrongDriver { .. } => Problem::new(Code::WrongDriver, told),
        Refusal::NotDue { .. } => Problem::new(Code::IllegalTransition, told),
    }
}

impl From<RatingsError> for Problem {
    fn from(error: RatingsError) -> Self {
        let (told, reason) = (error.to_string(), error.as_str());
        match error {
            RatingsError::NotFound { .. } => Self::new(Code::NotFound, told),
            RatingsError::Closed { .. } | RatingsError::Revealed { .. } | RatingsError::Illegal { .. } => {
                Self::new(Code::IllegalTransition, told).with("reason", reason)
            }
            RatingsError::InvalidField { field, reason, fix } => Self::field(field, reason, fix),
            RatingsError::Store(error) => error.into(),
        }
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        let told = error.to_string();
        match error {
            IdentityError::Missing | IdentityError::Invalid | IdentityError::CannotSign(_) => {
                Self::new(Code::Unauthorized, told)
            }
            IdentityError::Forbidden { needed, .. } => {
                Self::new(Code::Forbidden, told).with("needed", vec![needed.as_str()])
            }
            IdentityError::NoSuchKey(id) => Self::not_found("key", &id),
            IdentityError::NoSuchTenant(id) => Self::not_found("tenant", &id),
            IdentityError::TenantExists(_) => Self::field("/id", told, "choose another id"),
            IdentityError::InvalidField { field, reason, fix } => Self::field(field, reason, fix),
            IdentityError::Entropy(reason) => Self::internal(&reason),
            IdentityError::Vault { .. } => Self::internal(&told),
            IdentityError::Store(error) => error.into(),
        }
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        Self::internal(&error)
    }
}

impl From<MeterError> for Problem {
    fn from(error: MeterError) -> Self {
        let told = error.to_string();
        match error {
            MeterError::Invalid { mistakes, .. } => Self::fields(
                mistakes.0.into_iter().map(|m| FieldError { field: m.field, reason: m.problem, fix: m.fix }).collect(),
            ),
            MeterError::Field { field, reason, fix } => Self::field(field, reason, fix),
            MeterError::CapReached { cap, .. } => Self::new(Code::CapReached, told).with("cap", cap.as_str()),
            MeterError::Overloaded { .. } => Self::new(Code::Overloaded, told).retry_after(1),
            MeterError::Store(error) => error.into(),
            MeterError::Journal(error) => error.into(),
            MeterError::Money(_) => Self::internal(&told),
        }
    }
}

impl From<LiveError> for Problem {
    fn from(error: LiveError) -> Self {
        let told = error.to_string();
        match error {
            LiveError::OutsideArea { field, reason } => outside(field, reason),
            LiveError::SamePlace => {
                Self::field("/dropoff", "is at the same street corner as the pickup", "choose another place")
            }
            LiveError::NoRoute => Self::new(Code::NoRoute, told),
            LiveError::NoSuchCar { lacking } => {
                let error = |[field, reason, fix]: [&str; 3]| FieldError {
                    field: field.to_owned(),
                    reason: reason.to_owned(),
                    fix: fix.to_owned(),
                };
                Self::new(Code::NoSuchCar, "").with_errors(lacking.iter().map(|lack| error(lack.told())).collect())
            }
            LiveError::OtherCity { .. } => Self::field("/driver", told, "name a driver of this city"),
            LiveError::NotOwner { .. } | LiveError::Stopped { .. } => Self::new(Code::Unavailable, told).retry_after(2),
            LiveError::ClockNotControllable => Self::new(Code::ClockFixed, told),
            LiveError::Config { field, value, least, most } => Self::field(
                format!("/{field}"),
                format!("{value} is out of range"),
                format!("choose from {least} to {most}"),
            ),
            LiveError::Orders(error) => error.into(),
            LiveError::Store(error) => error.into(),
            LiveError::Journal(_) | LiveError::Supply(_) | LiveError::Geo(_) | LiveError::Pricing(_) => {
                Self::internal(&told)
            }
        }
    }
}

/// A point that is not in the city.
pub(crate) fn outside(field: impl Into<String>, reason: String) -> Problem {
    let fix = if reason.contains("swapped") {
        "swap lat and lon: then it lies in the city"
    } else {
        "choose a point near one of the city's roads; GET /v1/cities/{city} tells its bbox"
    };
    let field = field.into();
    let detail = format!("{field}: {reason}");
    Problem::new(Code::OutsideArea, detail).with_errors(vec![FieldError { field, reason, fix: fix.to_owned() }])
}

impl From<TrialsError> for Problem {
    fn from(error: TrialsError) -> Self {
        let told = error.to_string();
        match error {
            TrialsError::Policies { mistakes } => Self::fields(
                mistakes.0.into_iter().map(|m| FieldError { field: m.field, reason: m.problem, fix: m.fix }).collect(),
            ),
            TrialsError::Field { field, reason, fix } => Self::field(field, reason, fix),
            TrialsError::Backtest(error) => tried(&error),
            TrialsError::QueueFull { .. } => Self::new(Code::Overloaded, told).retry_after(30),
            TrialsError::NotFound { id } => Self::not_found("backtest", &id),
            TrialsError::NoCity { id } => Self::not_found("city", &id),
            TrialsError::State { .. } => Self::new(Code::WrongState, told),
            TrialsError::Store(error) => error.into(),
            TrialsError::Damaged { .. } => Self::internal(&told),
        }
    }
}

impl From<ObjectsError> for Problem {
    fn from(error: ObjectsError) -> Self {
        let told = error.to_string();
        match error {
            ObjectsError::NoSuchBucket(name) => Self::not_found("bucket", &name),
            ObjectsError::NoSuchKey { key, .. } => Self::not_found("object", &key),
            ObjectsError::NoSuchVersion { .. }
            | ObjectsError::IsDeleteMarker { .. }
            | ObjectsError::NoSuchUpload(_)
            | ObjectsError::NotConfigured(_) => Self::new(Code::NotFound, told),
            ObjectsError::BucketExists { .. } => Self::field("bucket", told, "choose another name"),
            ObjectsError::InvalidField { field, reason, fix } => Self::field(field, reason, fix),
            ObjectsError::BucketNotEmpty(_)
            | ObjectsError::TooManyBuckets { .. }
            | ObjectsError::Locked(_)
            | ObjectsError::InvalidState(_)
            | ObjectsError::NotArchived { .. }
            | ObjectsError::CustomerKey(_)
            | ObjectsError::NoSuchMasterKey(_)
            | ObjectsError::NoMasterKey
            | ObjectsError::PreconditionFailed(_)
            | ObjectsError::NotModified { .. } => Self::new(Code::WrongState, told),
            ObjectsError::TooLarge { .. } | ObjectsError::QuotaExceeded(_) => Self::new(Code::TooLarge, told),
            ObjectsError::InvalidPart { .. }
            | ObjectsError::PartOrder { .. }
            | ObjectsError::PartTooSmall { .. }
            | ObjectsError::InvalidRange { .. }
            | ObjectsError::BadDigest { .. }
            | ObjectsError::IncompleteBody { .. }
            | ObjectsError::NoTrailer(_)
            | ObjectsError::Body(_) => Self::new(Code::InvalidBody, told),
            ObjectsError::BodyTimeout { .. } | ObjectsError::BodyTooSlow { .. } => Self::new(Code::Timeout, told),
            ObjectsError::Full => Self::new(Code::Overloaded, told).retry_after(60),
            ObjectsError::Blobs(_) => Self::internal(&told),
            ObjectsError::Store(error) => error.into(),
        }
    }
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        let told = error.to_string();
        match (error.code(), error.argument()) {
            ("InvalidArgument" | "NoSuchStyle", argument) => {
                let field = argument.map_or_else(|| "?pipeline".to_owned(), |argument| format!("?pipeline {argument}"));
                Self::field(field, told, "see the table of commands in the guide to pictures")
            }
            ("SlowDown", _) => Self::new(Code::Overloaded, told).retry_after(1),
            ("NoSuchBucket" | "NoSuchKey" | "NoSuchVersion" | "NoSuchMark", _) => Self::new(Code::NotFound, told),
            ("ImageTooLarge", _) => Self::new(Code::TooLarge, told),
            ("InternalError", _) => Self::internal(&told),
            _ => Self::new(Code::WrongState, told),
        }
    }
}

/// What of a backtest's input does not stand.
fn tried(error: &BacktestError) -> Problem {
    let told = error.to_string();
    match error {
        BacktestError::Currencies { .. } => {
            Problem::field("/b/fare/currency", told, "give both policies the same currency")
        }
        BacktestError::Tolls { .. } => Problem::field("/a/fare/tolls", told, "leave toll gates out of both policies"),
        BacktestError::Replay(
            ReplayError::Row { path, .. }
            | ReplayError::NoColumn { path, .. }
            | ReplayError::Broken { path, .. }
            | ReplayError::TooLarge { path, .. },
        ) => {
            let field = if path.to_str() == Some(UPLOADED[1]) { "/tables/taxis" } else { "/tables/requests" };
            Problem::field(field, told, "send a CSV table whose first line names the columns")
        }
        BacktestError::Replay(_) => Problem::field("/recorded", told, "choose another period, or other tables"),
        BacktestError::Pricing(_) => Problem::field("/a/fare", told, "look at the fares of both policies"),
    }
}
