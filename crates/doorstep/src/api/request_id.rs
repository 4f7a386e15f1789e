//! Every request has an id: the caller's own if it is harmless, else a new one. It is echoed, logged and told in problems.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this task answers.
pub(crate) fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_else(|_| "none".to_owned())
}

/// Gives the request its id.
pub(crate) async fn identify(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| harmless(id));
    let id = given.map_or_else(|| uuid::Uuid::now_v7().simple().to_string(), str::to_owned);
    let value = HeaderValue::from_str(&id).expect("a harmless id is a header value");
    request.headers_mut().insert(HEADER, value.clone());
    let mut response = CURRENT.scope(id, next.run(request)).await;
    response.headers_mut().insert(HEADER, value);
    response
}

/// Short and without anything that could forge a log line.
fn harmless(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn forged_ids_are_replaced() {
        assert!(harmless("4bf92f35-77b3.4da6:a_3"));
        for id in ["", "a b", "a\nb", "ä", &"x".repeat(129)] {
            assert!(!harmless(id), "{id:?}");
        }
    }
}
