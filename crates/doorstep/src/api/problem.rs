//! Errors as the caller sees them: RFC 9457 problem details, one code per reason.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::request_id;

/// Why a request was refused. The string form is the `code` of the body and the end of its `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The body is not what the endpoint reads at all.
    InvalidBody,
    /// The body has a field that the endpoint does not know.
    UnknownField,
    /// A field's value does not fit.
    InvalidField,
    /// The body is of another media type.
    UnsupportedMediaType,
    /// No key, or not a valid one.
    Unauthorized,
    /// The key lacks the scope.
    Forbidden,
    /// There is no such thing, or not for this tenant.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The order's state does not allow the command.
    IllegalTransition,
    /// The order has moved on since the caller looked.
    VersionConflict,
    /// The order is with another driver.
    WrongDriver,
    /// The driver holds another order.
    DriverBusy,
    /// Others sit in the car, and there is no seat left.
    CarFull,
    /// The driver is not on shift, or something newer is known of him.
    NotOnShift,
    /// The key was used with another body.
    IdempotencyMismatch,
    /// The quote is too old.
    QuoteExpired,
    /// The quote's token was changed or is none of ours.
    QuoteAltered,
    /// The quote has become an order already.
    QuoteUsed,
    /// A point lies outside the city.
    OutsideArea,
    /// No road leads from one point to the other.
    NoRoute,
    /// A statement cannot be read, or does not fit its tables.
    InvalidSql,
    /// A query ran into a bound of time, memory or bytes.
    QueryLimit,
    /// A query failed while it ran, or was called off.
    QueryFailed,
    /// The city's clock is the real one.
    ClockFixed,
    /// The thing is not in the state for that.
    WrongState,
    /// A cap of the tenant's allows no more.
    CapReached,
    /// The caller asks too often.
    RateLimited,
    /// The body or the message is too large.
    TooLarge,
    /// The answer took too long.
    Timeout,
    /// Too much to do at the moment.
    Overloaded,
    /// The city is run by another process, or is not running yet.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Code {
    /// Every code there is.
    pub const ALL: [Self; 32] = [
        Self::InvalidBody,
        Self::UnknownField,
        Self::InvalidField,
        Self::UnsupportedMediaType,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::IllegalTransition,
        Self::VersionConflict,
        Self::WrongDriver,
        Self::DriverBusy,
        Self::CarFull,
        Self::NotOnShift,
        Self::IdempotencyMismatch,
        Self::QuoteExpired,
        Self::QuoteAltered,
        Self::QuoteUsed,
        Self::OutsideArea,
        Self::NoRoute,
        Self::InvalidSql,
        Self::QueryLimit,
        Self::QueryFailed,
        Self::ClockFixed,
        Self::WrongState,
        Self::CapReached,
        Self::RateLimited,
        Self::TooLarge,
        Self::Timeout,
        Self::Overloaded,
        Self::Unavailable,
        Self::Internal,
    ];

    const fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::InvalidBody => ("invalid_body", StatusCode::BAD_REQUEST, "The body cannot be read"),
            Self::UnknownField => ("unknown_field", StatusCode::BAD_REQUEST, "The body has an unknown field"),
            Self::InvalidField => ("invalid_field", StatusCode::BAD_REQUEST, "A field does not fit"),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "Another media type is wanted")
            }
            Self::Unauthorized => ("unauthorized", StatusCode::UNAUTHORIZED, "A valid key is wanted"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "The key may not do this"),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "There is no such thing"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "Another method is wanted")
            }
            Self::IllegalTransition => {
                ("illegal_transition", StatusCode::CONFLICT, "The order's state does not allow this")
            }
            Self::VersionConflict => ("version_conflict", StatusCode::CONFLICT, "The order has moved on"),
            Self::WrongDriver => ("wrong_driver", StatusCode::CONFLICT, "The order is with another driver"),
            Self::DriverBusy => ("driver_busy", StatusCode::CONFLICT, "The driver holds another order"),
            Self::CarFull => ("car_full", StatusCode::CONFLICT, "The car has no seat left"),
            Self::NotOnShift => ("not_on_shift", StatusCode::CONFLICT, "The position was not taken"),
            Self::IdempotencyMismatch => {
                ("idempotency_mismatch", StatusCode::CONFLICT, "The key was used with another request")
            }
            Self::QuoteExpired => ("quote_expired", StatusCode::CONFLICT, "The quote has expired"),
            Self::QuoteAltered => ("quote_altered", StatusCode::BAD_REQUEST, "The quote is not as we signed it"),
            Self::QuoteUsed => ("quote_used", StatusCode::CONFLICT, "The quote has become an order"),
            Self::OutsideArea => ("outside_area", StatusCode::UNPROCESSABLE_ENTITY, "Outside the city"),
            Self::NoRoute => ("no_route", StatusCode::UNPROCESSABLE_ENTITY, "No road leads there"),
            Self::InvalidSql => ("invalid_sql", StatusCode::BAD_REQUEST, "The statement does not fit"),
            Self::QueryLimit => ("query_limit", StatusCode::UNPROCESSABLE_ENTITY, "The query asked too much"),
            Self::QueryFailed => ("query_failed", StatusCode::UNPROCESSABLE_ENTITY, "The query did not end well"),
            Self::ClockFixed => ("clock_fixed", StatusCode::CONFLICT, "The city runs on the real clock"),
            Self::WrongState => ("wrong_state", StatusCode::CONFLICT, "Its state does not allow this"),
            Self::CapReached => ("cap_reached", StatusCode::PAYMENT_REQUIRED, "A cap of yours allows no more"),
            Self::RateLimited => ("rate_limited", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Self::TooLarge => ("too_large", StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
            Self::Timeout => ("timeout", StatusCode::GATEWAY_TIMEOUT, "The answer took too long"),
            Self::Overloaded => ("overloaded", StatusCode::SERVICE_UNAVAILABLE, "Too much to do at the moment"),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "Not served here at the moment"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "A fault of ours"),
        }
    }

    /// The stable string form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    /// The same sentence for every problem of this code.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }
}

/// One field of the request that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body (`/pickup/lat`), or `?name` for a query parameter.
    #[schema(example = "/pickup/lat")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "95 is out of range")]
    pub reason: String,
    /// What to send instead.
    #[schema(example = "latitudes go from -90 to 90")]
    pub fix: String,
}

/// Problem details (RFC 9457), sent as `application/problem+json`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// A stable URI of the kind of problem.
    #[schema(example = "https://doorstep.dev/problems/invalid_field")]
    pub r#type: String,
    /// The same sentence for every problem of this type.
    pub title: String,
    /// The HTTP status again.
    #[schema(example = 400)]
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The request, by its `X-Request-Id`.
    pub instance: String,
    /// The end of `type`, for a `match`.
    #[schema(example = "invalid_field")]
    pub code: String,
    /// The fields that do not fit, if it is about fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Members that belong to the code: `from`, `command`, `allowed` of an illegal transition.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A refusal on its way to the caller.
#[derive(Debug)]
pub struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    extra: Map<String, Value>,
    retry_after_s: Option<u64>,
}

/// What handlers return.
pub(crate) type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A problem of this code; `detail` says what happened this time.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extra: Map::new(),
            retry_after_s: None,
        }))
    }

    /// There is no `what` with this id.
    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} {id:?}"))
    }

    /// A fault of ours: logged in full here, told in general there.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "request failed");
        Self::new(Code::Internal, "the request failed here; its id finds the reason in our log")
    }

    /// One field that does not fit.
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.into(), reason: reason.into(), fix: fix.into() }])
    }

    /// Fields that do not fit.
    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        Self::new(Code::InvalidField, "").with_errors(errors)
    }

    /// Adds what is wrong, field by field.
    #[must_use]
    pub(crate) fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        if self.0.detail.is_empty() {
            let told: Vec<String> = errors.iter().map(|e| format!("{}: {}", e.field, e.reason)).collect();
            self.0.detail = told.join("; ");
        }
        self.0.errors = errors;
        self
    }

    /// Adds a member of the body.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Says when to come again.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Why.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened this time.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The body as it is sent.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        self.body_of(&request_id::current())
    }

    /// The body for a request with this id.
    pub(crate) fn body_of(&self, request: &str) -> ProblemBody {
        let code = self.0.code;
        ProblemBody {
            r#type: format!("https://doorstep.dev/problems/{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status().as_u16(),
            detail: self.0.detail.clone(),
            instance: format!("urn:doorstep:request:{request}"),
            code: code.as_str().to_owned(),
            errors: self.0.errors.clone(),
            extra: self.0.extra.clone(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.detail)
    }
}

impl std::error::Error for Problem {}

/// The media type of problems.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_string(&self.body()).expect("a problem is plain JSON");
        let mut response = (self.0.code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"doorstep\""));
        }
        response.extensions_mut().insert(self.0.code);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        let words: std::collections::HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| code.status().as_u16() >= 400));
    }

    #[test]
    fn the_body_names_the_field() {
        let body = Problem::field("/pickup/lat", "95 is out of range", "from -90 to 90").body();
        assert_eq!(body.status, 400);
        assert_eq!(body.r#type, "https://doorstep.dev/problems/invalid_field");
        assert_eq!(body.detail, "/pickup/lat: 95 is out of range");
        assert_eq!(body.errors[0].field, "/pickup/lat");
    }
}
