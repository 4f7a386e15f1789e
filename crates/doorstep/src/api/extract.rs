//! Reading requests: JSON bodies and query strings, with problems that name the field.

use std::convert::Infallible;

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::{
    app::App,
    body::Limited,
    idempotency::Idempotency,
    json::{self, Fault, FaultKind},
    problem::{Code, FieldError, Problem},
};

/// The body of a write: JSON of `T` without unknown fields, and what makes it idempotent.
/// An empty body reads as `{}`.
#[derive(Debug)]
pub(crate) struct Write<T> {
    pub(crate) body: T,
    pub(crate) once: Option<Idempotency>,
}

impl<T: DeserializeOwned> FromRequest<App> for Write<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Self::of(request, app.limits.body_bytes, "limits.body_bytes").await
    }
}

/// A write whose body may carry whole tables.
#[derive(Debug)]
pub(crate) struct LargeWrite<T>(pub(crate) Write<T>);

impl<T: DeserializeOwned> FromRequest<App> for LargeWrite<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Write::of(request, app.limits.ndjson_bytes, "limits.ndjson_bytes").await.map(Self)
    }
}

impl<T: DeserializeOwned> Write<T> {
    async fn of(request: Request, limit: usize, setting: &'static str) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let target = format!("{} {}", request.method(), request.uri().path());
        let bytes = Limited::new(request.into_body(), limit, setting).collect().await?;
        if !bytes.is_empty() && !is_json(&headers) {
            return Err(Problem::new(Code::UnsupportedMediaType, "send Content-Type: application/json"));
        }
        let once = Idempotency::of(&headers, &target, &bytes)?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        Ok(Self { body: parse(text)?, once })
    }
}

/// Nothing, or an empty object.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// JSON text as `T`, or a problem that names the field by its JSON pointer.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    json::parse(text).map_err(Problem::from)
}

impl From<Fault> for Problem {
    fn from(Fault { kind, field, reason, fix, message }: Fault) -> Self {
        let (code, detail) = match kind {
            FaultKind::NotJson => (Code::InvalidBody, format!("the body is not JSON: {message}")),
            FaultKind::UnknownField => (Code::UnknownField, String::new()),
            FaultKind::InvalidField => (Code::InvalidField, String::new()),
        };
        Self::new(code, detail).with_errors(vec![FieldError { field, reason, fix }])
    }
}

/// The query string as `T`.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|rejection| {
            let text = rejection.body_text();
            let text = text.rsplit_once("query string: ").map_or(text.as_str(), |(_, reason)| reason);
            let (name, reason) = match text.split_once(": ") {
                Some((name, reason)) if !name.contains(' ') => (name.to_owned(), reason.to_owned()),
                _ => (text.split('`').nth(1).unwrap_or_default().to_owned(), text.to_owned()),
            };
            Problem::field(format!("?{name}"), reason, "see the API page at /docs for this list's parameters")
        })
    }
}

/// The request's headers, for handlers that look at one.
pub(crate) struct Headers(pub(crate) HeaderMap);

impl<S: Send + Sync> FromRequestParts<S> for Headers {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.clone()))
    }
}

/// Hash of a request's target and body: what must be equal for a repeated key.
pub(crate) fn hash(target: &str, body: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(target.as_bytes());
    hash.update([0]);
    hash.update(body);
    hash.finalize().to_vec()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        point: Inner,
        #[serde(default)]
        list: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        lat: f64,
    }

    fn check(text: &str, code: Code, field: &str) {
        let problem = parse::<Outer>(text.as_bytes()).unwrap_err();
        let body = problem.body();
        assert_eq!((problem.code(), body.errors[0].field.as_str()), (code, field), "{text}: {body:?}");
        assert!(!body.errors[0].fix.is_empty() && !body.errors[0].reason.contains("line 1"));
    }

    #[test]
    fn problems_name_the_field() {
        check(r#"{"point":{"lat":NaN}}"#, Code::InvalidBody, "/point/lat");
        check(r#"{"point":{"lat":1e999}}"#, Code::InvalidBody, "/point/lat");
        check(r#"{"point":{"lat":"1"}}"#, Code::InvalidField, "/point/lat");
        check(r#"{"point":{"lat":null}}"#, Code::InvalidField, "/point/lat");
        check(r#"{"point":{}}"#, Code::InvalidField, "/point/lat");
        check(r#"{"point":{"lat":1,"lng":2}}"#, Code::UnknownField, "/point/lng");
        check(r#"{"point":{"lat":1},"list":[{"lat":1},{"lat":1,"a/b":1}]}"#, Code::UnknownField, "/list/1/a~1b");
        check(r#"{"point":{"lat":1},"x":1}"#, Code::UnknownField, "/x");
        check(r"{}", Code::InvalidField, "/point");
        check(r#"{"point":{"lat":1}} x"#, Code::InvalidBody, "");
        check(r#"{"point":{"lat":1,"lat":2}}"#, Code::InvalidField, "/point/lat");
    }
}
