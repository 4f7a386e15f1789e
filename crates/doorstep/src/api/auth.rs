//! Who asks: the key on every request below `/v1`, its rate, and the scopes that an endpoint wants.

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use doorstep_identity::{IdentityError, Principal, Scope, parse_authorization, parse_bearer_base64url};
use doorstep_meter::Resource;
use doorstep_orders::Actor;

use super::{
    app::App,
    problem::{Answer, Code, Problem},
};

/// The WebSocket subprotocol of the API. Browsers cannot send headers with a WebSocket, so the key comes
/// as a second "subprotocol": `bearer.` and the base64url form of `access:secret`.
pub(crate) const SUBPROTOCOL: &str = "doorstep.v1";
const BEARER: &str = "bearer.";
/// Under which source requests are counted.
const METERED_AS: &str = "v1";

/// Lets the request through when it carries a valid key that has not asked too often.
pub(crate) async fn authenticate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let principal = match identify(&app, request.headers()).await {
        Ok(principal) => principal,
        Err(problem) => return problem.into_response(),
    };
    let left = match app.rate.take(&principal.key.to_string()) {
        Ok(left) => left,
        Err(problem) => return problem.into_response(),
    };
    let principal = Arc::new(principal);
    request.extensions_mut().insert(Arc::clone(&principal));
    let mut response = next.run(request).await;
    if !response.status().is_server_error() {
        app.meter.count(principal.tenant.as_str(), METERED_AS, Resource::ApiRequests, 1);
    }
    // For the log of requests, which stands outside.
    response.extensions_mut().insert(principal);
    left.write(response.headers_mut());
    response
}

async fn identify(app: &App, headers: &HeaderMap) -> Answer<Principal> {
    let (access, secret) = credentials(headers)?;
    Ok(app.keys.authenticate(&access, &secret).await?)
}

fn credentials(headers: &HeaderMap) -> Answer<(String, String)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return Ok(parse_authorization(value.to_str().unwrap_or_default())?);
    }
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    for protocol in offered.flat_map(|list| list.split(',')).map(str::trim) {
        if let Some(encoded) = protocol.strip_prefix(BEARER) {
            return Ok(parse_bearer_base64url(encoded.trim_end_matches('='))?);
        }
    }
    Err(IdentityError::Missing.into())
}

/// Which scopes open an endpoint: any one of them.
pub(crate) trait Opens: Send + Sync + 'static {
    const ANY_OF: &'static [Scope];
}

macro_rules! opens {
    ($($(#[$doc:meta])* $name:ident: [$($scope:ident),*];)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}
        impl Opens for $name {
            const ANY_OF: &'static [Scope] = &[$(Scope::$scope),*];
        }
    )*};
}

opens! {
    /// Every valid key.
    Anybody: [];
    /// Those who ask for rides.
    Riding: [Rider, Operator, Partner];
    /// Those who drive.
    Driving: [Driver];
    /// Those who drive, and those who look after them.
    Fleet: [Driver, Operator];
    /// Those who may see orders.
    Watching: [Rider, Driver, Operator, Partner];
    /// Those who may see everything that happens in a city.
    Listening: [Driver, Operator, Partner];
    /// Those who run the city.
    Operating: [Operator];
    /// Those who look after shops' buckets.
    Shopkeeping: [Merchant, Operator];
    /// Those who hand out keys.
    Administering: [Admin];
}

/// The caller, whose key has one of the scopes of `O`.
#[derive(Debug)]
pub(crate) struct Caller<O>(Arc<Principal>, PhantomData<O>);

impl<O> Deref for Caller<O> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<O> Caller<O> {
    pub(crate) fn tenant(&self) -> String {
        self.0.tenant.to_string()
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.0
    }

    /// In whose name this key asks for rides: the rider's, unless it is an operator's.
    pub(crate) fn rides_as(&self) -> Actor {
        if self.allows(Scope::Rider) || self.allows(Scope::Partner) { Actor::Rider } else { Actor::Operator }
    }

    /// In whose name this key drives: the driver's, unless it is an operator's.
    pub(crate) fn drives_as(&self) -> Actor {
        if self.allows(Scope::Driver) { Actor::Driver } else { Actor::Operator }
    }

    /// The operator, if the key is one's.
    pub(crate) fn operates(&self) -> Answer<Actor> {
        self.require(Scope::Operator)?;
        Ok(Actor::Operator)
    }
}

impl<S: Send + Sync, O: Opens> FromRequestParts<S> for Caller<O> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let principal = parts.extensions.get::<Arc<Principal>>().cloned().ok_or_else(|| {
            Problem::internal(&"an endpoint that wants a key stands outside the authenticated routes")
        })?;
        if O::ANY_OF.is_empty() || O::ANY_OF.iter().any(|scope| principal.allows(*scope)) {
            return Ok(Self(principal, PhantomData));
        }
        let needed: Vec<&str> = O::ANY_OF.iter().map(|scope| scope.as_str()).collect();
        let detail = format!("this needs a key with the scope {}", needed.join(" or "));
        Err(Problem::new(Code::Forbidden, detail).with("needed", needed))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn browsers_send_the_key_as_a_subprotocol() {
        let mut headers = HeaderMap::new();
        assert_eq!(credentials(&headers).unwrap_err().code(), Code::Unauthorized);
        let encoded = BASE64_URL_SAFE_NO_PAD.encode("a:b:c");
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, format!("doorstep.v1, bearer.{encoded}").parse().unwrap());
        assert_eq!(credentials(&headers).unwrap(), ("a".to_owned(), "b:c".to_owned()));
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, "bearer.%%%".parse().unwrap());
        assert_eq!(credentials(&headers).unwrap_err().code(), Code::Unauthorized);
    }
}
